"""What a run was asked to do, where and by which versions: `run.json`, and the header of every model."""

import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from condgan import recipes
from condgan.conditions import to_json
from condgan.data.dataset import Images, load_json
from condgan.errors import InputError


@dataclass(frozen=True)
class Config:
    """Everything that a training follows from."""

    recipe: str
    options: Mapping[str, Any]
    data: str
    data_hash: str
    num_training: int
    resolution: int
    channels: int
    condition: Mapping[str, Any]
    seed: int
    precision: str
    versions: Mapping[str, str]
    machine: Mapping[str, Any]

    @classmethod
    def of(
        cls, recipe: str, options: Mapping[str, Any], data: str, images: Images, seed: int, precision: str
    ) -> "Config":
        """The configuration of a run on this machine, now."""
        return cls(
            recipe=recipe,
            options=dict(options),
            data=data,
            data_hash=images.content_hash,
            num_training=int(images.held_out.logical_not().sum()),
            resolution=images.resolution,
            channels=images.channels,
            condition=to_json(recipes.build(recipe, options).condition(images.condition)),
            seed=seed,
            precision=precision,
            versions={name: version(name) for name in ("condgan", "torch", "accelerate")} | {"commit": _commit()},
            machine={"platform": platform.platform(), "python": platform.python_version(), "cores": os.cpu_count()},
        )

    @classmethod
    def read(cls, text: str, where: str) -> "Config":
        """The configuration that a run.json or a model's header holds. Raises InputError naming the file."""
        try:
            return cls(**load_json(text, where))
        except TypeError as error:
            raise InputError(f"{where}: not the configuration of a run ({error}); restore the file") from None

    def check_same(self, other: "Config") -> None:
        """Raises InputError unless both ask for the same game, wherever they were asked."""
        for name in ("recipe", "options", "data_hash", "resolution", "seed", "precision"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                raise InputError(f"this run was started with {name} {mine!r}, found {theirs!r}; use another --name")


def _commit() -> str:
    """The commit of the checkout that this package is run from, or an empty text."""
    root = Path(__file__).parents[2]
    if not (root / "pyproject.toml").exists():
        return ""
    command = ["git", "-C", str(root), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""
