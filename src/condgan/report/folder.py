"""Reads a run folder, possibly of an unfinished run."""

import re
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from condgan import generate
from condgan.config import Config
from condgan.data.opening import inside
from condgan.diagnostics import findings
from condgan.draws import fixed_seed
from condgan.errors import InputError
from condgan.evaluate import HELD_OUT_PICTURE
from condgan.evenly import evenly
from condgan.files import read_text
from condgan.generate import LoadedGenerator
from condgan.log import read_lines
from condgan.scores import FILE, GENERATOR, Row, Scores, ScoreTable


class RunFolder:
    """The files of a run. Missing files give empty values or None; broken ones raise InputError naming the file."""

    def __init__(self, folder: Path):
        """Raises InputError if the folder is not a run."""
        if not (folder / "run.json").is_file():
            raise InputError(f"{folder}: no run.json in it; expected the folder of a run or an ablation")
        self.folder, self.name = folder, str(folder)
        self.config = Config.parse(read_text(folder / "run.json"), str(folder / "run.json"))
        self.log, self.scores_at_saves = read_lines(folder / "log.jsonl"), read_lines(folder / "scores.jsonl")
        self.findings = findings(self.log, read_lines(folder / "diagnostics.jsonl"))

    @property
    def not_evaluated(self) -> str:
        """The note shown in place of missing scores."""
        return f"not evaluated yet: condgan evaluate {self.folder}"

    @cached_property
    def metrics(self) -> Scores | None:
        """The content of metrics.json, or None if the run was not evaluated."""
        if not (self.folder / FILE).is_file():
            return None
        metrics = Scores.read_any(self.folder)
        for name in metrics.per_condition:
            inside(self.folder, f"{name}.png")
        return metrics

    @cached_property
    def outdated(self) -> str:
        """What to do if the scores are of an earlier generator of the run, otherwise nothing."""
        return self.metrics.outdated(self.folder) if self.metrics else ""

    @property
    def scored_by(self) -> str:
        """How metrics.json was made, as a sentence; nothing of what judges saw in files of earlier formats."""
        if not self.metrics:
            return self.not_evaluated
        judges = self.metrics.judges if self.metrics.format > 2 else ""
        text = "; ".join(filter(None, (self.outdated, self.metrics.setting, judges)))
        return f"{text[0].upper()}{text[1:]}"

    @property
    def scores(self) -> dict[str, Row]:
        """The rows of metrics.json by name, then those of seen and unseen conditions and of the gap."""
        if not self.metrics:
            return {}
        return {**self.metrics.rows, **{f"{name}, all lists": row for name, row in self.metrics.composition.items()}}

    @property
    def score_table(self) -> ScoreTable:
        """The scores as texts."""
        return ScoreTable.of(self.scores)

    @property
    def headline(self) -> dict[str, str]:
        """The scores in the table of all runs: those of the generator's first row."""
        row = next((row for source, row in self.scores.items() if source.startswith(GENERATOR)), {})
        return {metric: str(estimate) for metric, estimate in row.items()}

    @property
    def facts(self) -> dict[str, str]:
        """The row of the run in the table of all runs: configuration, length, scores, machine."""
        config, last = self.config, self.log[-1] if self.log else {"kimg": 0, "seconds": 0}
        options = {name: v if isinstance(v, list) else [v] for name, v in config.options.items()}
        return {
            "run": self.name,
            "recipe": config.recipe,
            "data": config.data,
            "kimg": f"{last['kimg']:.1f}",
            "minutes": f"{last.get('seconds', 0) / 60:.1f}",
            "seed": str(config.seed),
            **self.headline,
            **({"scores": "of an earlier generator"} if self.outdated else {}),
            "resolution": str(config.resolution),
            "precision": config.precision,
            "commit": config.versions.get("commit", "")[:9] or f"version {config.versions.get('condgan', 'unknown')}",
            "machine": config.machine_name,
            "options": " ".join(f"{name}={','.join(map(str, values))}" for name, values in options.items()),
        }

    @property
    def snapshots(self) -> list[tuple[str, Path]]:
        """The previews, with step and kimg as text, oldest first."""
        last = self.log[-1] if self.log else {"step": 1, "kimg": 0.0}
        files = sorted((self.folder / "samples").glob("*.png"))
        steps = {int(file.stem): file for file in files if re.fullmatch("[0-9]{1,15}", file.stem)}
        step_kimg = last["kimg"] / max(last["step"], 1)
        return [(f"step {step}, {step * step_kimg:.1f} kimg", file) for step, file in steps.items()]

    @property
    def neighbours(self) -> Path | None:
        """The picture of generated images and their nearest training images, if the run was evaluated in full."""
        file = self.folder / "neighbours.png"
        return file if self.metrics and self.metrics.neighbours and file.is_file() else None

    @property
    def real(self) -> Path | None:
        """The picture of real held-out images that an evaluation wrote beside those of its lists."""
        file = self.folder / f"{HELD_OUT_PICTURE}.png"
        return file if self.metrics and file.is_file() else None

    @property
    def condition_lists(self) -> dict[str, Path]:
        """The grid of images of each list of conditions that was evaluated."""
        lists = self.metrics.per_condition if self.metrics else ()
        pictures = {name: self.folder / f"{name}.png" for name in lists}
        return {name: file for name, file in pictures.items() if file.is_file()}

    @cached_property
    def generator(self) -> LoadedGenerator | None:
        """The averaged generator of the last save, or None if there is none."""
        return generate.load(self.folder) if (self.folder / "generator.safetensors").is_file() else None

    def conditions(self, num: int) -> Tensor | None:
        """Returns up to `num` conditions: codes from their prior, or evenly spaced ones of the evaluated conditions."""
        if self.generator is None:
            return None
        condition = self.generator.condition
        if not condition.is_labelled:
            with fixed_seed(0):
                return (100 * condition.sample(torch.empty(num, 0))).round() / 100  # captions show all digits
        texts = [text for texts in (self.metrics.per_condition if self.metrics else {}).values() for text in texts]
        return condition.parse_all(texts[i] for i in evenly(len(texts), num)) if texts else None
