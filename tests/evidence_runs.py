"""Finished runs whose files are written by tests."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from condgan.ablate.study import DONE
from condgan.config import Config
from condgan.reproduce.evidence import Evidence, NotComparable, Verdict
from contracts import tiny_images


def write_lines(file: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    """Writes a log."""
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))


def evidence_of(
    folder: Path,
    cells: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    num_training: int = 0,
    **logs: Sequence[Mapping[str, Any]],
) -> Evidence:
    """Writes a finished run for each cell and metrics.json; `logs` are logs of every run by stem.

    With `num_training` there is a run.json as well.
    """
    trials = []
    for cell, metrics in cells.items():
        for seed, content in enumerate(metrics):
            run = folder / cell / f"seed-{seed}"
            run.mkdir(parents=True)
            (run / "metrics.json").write_text(json.dumps({"judge": "small", "draws": 1, "seed": seed, **content}))
            if num_training:
                config = Config.of("cdcgan", {}, "shapes", tiny_images("class"), seed, "no").to_json()
                (run / "run.json").write_text(json.dumps(config | {"num_training": num_training}))
            for stem, lines in logs.items():
                write_lines(run / f"{stem}.jsonl", lines)
            trials.append(SimpleNamespace(cell=SimpleNamespace(name=cell), seed=seed, folder=run, end=DONE))
    study: Any = SimpleNamespace(trials=trials)
    return Evidence([study])


def not_comparable(check: Callable[[], Verdict]) -> tuple[str, str]:
    """What was measured by a check that finds the runs not comparable, and the reason."""
    with pytest.raises(NotComparable) as found:
        check()
    return found.value.measured, found.value.why
