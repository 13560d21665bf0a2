"""The configuration of a run: `run.json`, and the header of every model."""

import os
import platform
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat

from condgan import recipes
from condgan.checked import checked
from condgan.conditions import from_json, to_json
from condgan.data.dataset import MAX_RESOLUTION, Images
from condgan.data.reading import Reading
from condgan.errors import InputError
from condgan.files import as_json, parse_json
from condgan.processes import device_name
from condgan.seeds import MAX_SEED

FORMAT = 2
SAME = ("recipe", "resolution", "seed", "precision")  # of a run that is continued, beside options and data


@dataclass(frozen=True)
class Config:
    """Everything that determines a training, and where it ran.

    `options` are all options of the recipe, resolved and typed, defaults included. `data` is the name of the data set
    and `data_hash` the SHA-256 of its content; no path is recorded. `kimg` is the most thousands of real images that
    the training may show, None for `minutes` alone, and `planned_kimg` how many it will. With a budget in `minutes` the
    plan is None until the speed is known. `reading` are the options of `condgan.data.load_images` that give the same
    labels and split again; runs that do not record them were split by name.
    """

    format: int
    recipe: str
    options: Mapping[str, Any]
    data: str
    data_hash: str
    num_training: NonNegativeInt
    resolution: Annotated[int, Field(ge=1, le=MAX_RESOLUTION)]
    channels: Literal[1, 3]
    condition: Mapping[str, Any]
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)]
    precision: str
    kimg: PositiveFloat | None
    minutes: PositiveFloat | None
    planned_kimg: PositiveFloat | None
    versions: Mapping[str, str]
    machine: Mapping[str, Any]
    reading: Mapping[str, Any] = field(default_factory=lambda: {"split": "every-20th"})

    @classmethod
    def of(
        cls,
        recipe: str,
        options: Mapping[str, Any],
        data: str,
        images: Images,
        seed: int,
        precision: str,
        *,
        kimg: float | None = None,
        minutes: float | None = None,
    ) -> "Config":
        """Returns the configuration of a new run on this machine.

        A recipe of your own, `module:function`, is imported. `data` names the data set as `condgan.data.load_images`
        does; of a path only the last part is kept. Raises InputError on a wrong recipe or option.
        """
        recipes.use(recipe)
        return cls(
            format=FORMAT,
            recipe=recipe,
            options=recipes.resolve(recipe, options),
            data=data_name(data),
            data_hash=images.content_hash,
            num_training=images.num_training,
            resolution=images.resolution,
            channels=images.channels,
            condition=to_json(recipes.build(recipe, options).condition(images.condition)),
            seed=seed,
            precision=precision,
            kimg=kimg,
            minutes=minutes,
            planned_kimg=kimg if minutes is None else None,
            versions={name: version(name) for name in ("condgan", "torch", "accelerate")} | {"commit": _commit()},
            machine={
                "platform": platform.platform(),
                "processor": _processor(),
                "python": platform.python_version(),
                "cores": os.cpu_count(),
                "accelerator": device_name(),
            },
            reading=images.reading,
        )

    @classmethod
    def parse(cls, text: str, where: str) -> "Config":
        """Parses a run.json or a model's header, also of an earlier format.

        `where` names the file in messages. Raises InputError if it is not the configuration of a run.
        """
        content = parse_json(text, where)
        if not isinstance(content, dict):
            raise InputError(f"{where}: expected the configuration of a run; restore the file")
        found = content.get("format", 1)
        if type(found) is not int or found not in range(1, FORMAT + 1):
            raise InputError(
                f"{where}: found format {found!r}, expected at most {FORMAT}; written by a newer version of condgan"
            )
        try:
            for number in range(found, FORMAT):
                content = MIGRATIONS[number](content)
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        except (TypeError, KeyError, AttributeError) as error:
            raise InputError(f"{where}: not the configuration of a run ({error}); restore the file") from None
        config = checked(cls, content, where)
        checked(Reading, config.reading, where)
        from_json(config.condition, where)
        return config

    @property
    def machine_name(self) -> str:
        """The accelerator if there is one, the number of cores, and the processor or else the platform."""
        processor = self.machine.get("processor") or self.machine.get("platform") or "an unknown processor"
        names = [self.machine.get("accelerator"), f"{self.machine.get('cores', '?')} cores", processor]
        return ", ".join(name for name in names if name)

    def to_json(self) -> dict[str, Any]:
        """Returns the configuration as plain data."""
        return asdict(self)

    def check_same(self, other: "Config", run: str = "this run") -> None:
        """Raises InputError unless both describe the same training, on whatever machine and for whatever length.

        `run` names the run with this configuration in messages.
        """
        before: dict[str, Any] = {name: getattr(self, name) for name in SAME} | dict(self.options)
        now: dict[str, Any] = {name: getattr(other, name) for name in SAME} | dict(other.options)
        for name in {**before, **now}:
            if before.get(name) != now.get(name):
                found = f"{name} {before.get(name)!r}, found {now.get(name)!r}"
                raise InputError(f"{run} was started with {found}; use another --name")
        if self.data_hash != other.data_hash:
            found = " found ".join(f"{each.num_training} training images of {each.data}," for each in (self, other))
            facts = {"condition": "labels", "num_training": "numbers of images", "reading": "ways of reading"}
            other_facts = [what for name, what in facts.items() if self._plain(name) != other._plain(name)]
            different = " and ".join(other_facts) or "images, labels or split"
            advice = "use the data and the options of the run, or another --name"
            raise InputError(f"{run} was started with {found} and their {different} differ; {advice}")

    def _plain(self, name: str) -> Any:
        return as_json(getattr(self, name))


def data_name(data: str) -> str:
    """Returns the name of a data set: of a path its last part, `digits` for `mnist:/home/ann/digits`.

    Of `.` and `..` it is the name of that folder.

    >>> data_name("mnist:/home/ann/digits"), data_name("shapes:class"), data_name("faces/")
    ('mnist:digits', 'shapes:class', 'faces')
    """
    kind, colon, path = data.partition(":")
    if not colon or PurePath(kind).name != kind:  # a path, which may hold a colon itself
        return _last_part(data)
    return f"{kind}:{_last_part(path)}"


def _last_part(path: str) -> str:
    name = PurePath(path).name
    return name if name not in ("", "..") else Path(path).resolve().name or path


def _from_format_1(content: Mapping[str, Any]) -> dict[str, Any]:
    """Format 1 held only the options that were given, as text, and the path of the data.

    At first it held neither the number of training images, here 0, nor of channels, which was always 3.
    """
    return {
        "num_training": 0,
        "channels": 3,
        **content,
        "format": 2,
        "options": recipes.resolve(content["recipe"], content["options"]),
        "data": data_name(content["data"]),
        "kimg": None,
        "minutes": None,
        "planned_kimg": None,
    }


MIGRATIONS: dict[int, Callable[[Mapping[str, Any]], dict[str, Any]]] = {1: _from_format_1}  # to the next format


def _commit() -> str:
    """The commit of the checkout that the package is run from, or an empty text."""
    root = Path(__file__).parents[2]
    if not (root / "pyproject.toml").exists():
        return ""
    command = ["git", "-C", str(root), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def _processor() -> str:
    """The name of the processor, and which instructions it has for low precision, as far as Linux tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    fields = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    features = [name for name in ("amx_bf16", "avx512_bf16") if name in fields.get("flags", "").split()]
    return " ".join([fields.get("model name", platform.processor()), *features])
