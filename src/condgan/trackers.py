"""Trackers of experiments, which show the curves of a run while it is trained, through accelerate."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from accelerate.tracking import GeneralTracker, TensorBoardTracker, TrackioTracker, WandBTracker

from condgan.errors import InputError, did_you_mean, writing

PROJECT = "condgan"  # of W&B and trackio, which put runs into projects

Make = Callable[[Path, Mapping[str, Any]], GeneralTracker]  # from the folder and the configuration of a run


def _tensorboard(folder: Path, config: Mapping[str, Any]) -> GeneralTracker:
    return TensorBoardTracker("tensorboard", folder)


def _wandb(folder: Path, config: Mapping[str, Any]) -> GeneralTracker:
    return WandBTracker(PROJECT, name=folder.absolute().name, dir=str(folder), config=dict(config))


def _trackio(folder: Path, config: Mapping[str, Any]) -> GeneralTracker:
    return TrackioTracker(PROJECT, name=folder.absolute().name, config=dict(config))


TRACKERS: dict[str, Make] = {"tensorboard": _tensorboard, "wandb": _wandb, "trackio": _trackio}
DEFAULT = "tensorboard"  # if it is installed


def check_trackers(names: Sequence[str]) -> None:
    """Raises InputError for an unknown tracker, or one whose package is not installed."""
    for name in names:
        if name not in TRACKERS:
            known = ", ".join(TRACKERS)
            raise InputError(f"--log-with: found {name!r}, expected one of {known}{did_you_mean(name, TRACKERS)}")
        if find_spec(name) is None:
            raise InputError(f"--log-with {name}: the package {name} is not installed; pip install {name}")


def start_trackers(names: Sequence[str], folder: Path, config: Mapping[str, Any]) -> list[GeneralTracker]:
    """Starts trackers of the run in a folder, by default TensorBoard if it is installed. Raises InputError as above."""
    check_trackers(names)
    chosen = names or [name for name in (DEFAULT,) if find_spec(name)]
    trackers = [TRACKERS[name](folder, config) for name in dict.fromkeys(chosen)]
    with ExitStack() as on_error:
        for tracker in trackers:
            with writing(folder):
                tracker.start()
            on_error.callback(tracker.finish)
        on_error.pop_all()
    return trackers
