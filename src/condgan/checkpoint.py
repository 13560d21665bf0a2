"""Writes the files of a save, restores the newest save that is whole, and makes all files agree with it."""

import io
import logging
from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from condgan import files
from condgan.config import Config
from condgan.data.dataset import Images
from condgan.errors import InputError, first_line
from condgan.files import check_file, read_text
from condgan.generate import LoadedGenerator, untrained
from condgan.outputs import Outputs
from condgan.recipes.recipe import Recipe
from condgan.saves import Keep, Save, add_save, delete_others, read_saves, write_saves
from condgan.state import TrainState
from condgan.weights import load_weights, read_torch

logger = logging.getLogger(__name__)


class _Broken(Exception):
    """A checkpoint that cannot be used. The message names the file."""


def write_save(
    folder: Path, outputs: Outputs, config: Config, content: Mapping[str, Any], keep: Keep, score: float | None
) -> None:
    """Writes the files of a save, then lists it, which makes it valid. `content` becomes part of the checkpoint."""
    state, checkpoint = outputs.state, _name(outputs.state)
    if checkpoint:
        buffer = io.BytesIO()
        torch.save({"state": state.state_dict(), **content}, buffer)
        contents = {checkpoint: buffer.getvalue(), **outputs.contents(config)}
    else:  # the state follows from the seed
        contents = {outputs.preview_name: outputs.preview()}
    for name, written in contents.items():
        files.write(folder / name, written)
    hashes = {name: sha256(written).hexdigest() for name, written in contents.items()}
    score = score if score is not None and isfinite(score) else None
    add_save(folder, Save(checkpoint, state.accelerator.num_processes, hashes, state.kimg, score), keep)


def checkpoint_bytes(recipe: Recipe, images: Images) -> int:
    """Estimates the size of a checkpoint: weights, their averages, and Adam's two moments of each weight."""
    shape = recipe.condition(images.condition), images.resolution, images.channels
    with torch.device("meta"):
        networks = [(recipe.generator(*shape), 4), (recipe.discriminator(*shape), 3)]
        networks += [(recipe.reader.network(*shape), 3)] if recipe.reader else []
        networks += [(recipe.discriminator(*shape), 2)] if recipe.discriminator_pretraining else []
        networks += [(recipe.discriminator(*shape), 2)] if recipe.shared_weights else []
    return sum(times * sum(each.nbytes for each in network.state_dict().values()) for network, times in networks)


def _name(state: TrainState) -> str | None:
    """Returns the path of a state's checkpoint in the run's folder, or None before the first step."""
    before = sum(phase.step for phase in state.phases)
    if not state.step and not before:
        return None
    return f"checkpoints/{state.step:09d}{'' if state.is_pretrained else f'-{before:09d}'}.pt"


def restore(folder: Path, state: TrainState) -> tuple[Save | None, dict[str, Any]]:
    """Loads the newest whole save of a run, if any. Returns it and what its checkpoint holds apart from the state.

    Raises InputError if the run has been trained, but no checkpoint of it can be used.
    """
    saves = read_saves(folder)
    if not saves:
        left = [name for name in ("generator.safetensors", "log.jsonl") if (folder / name).is_file()]
        if left:
            found = f"{folder}: found {left[0]} but no checkpoint to continue from"
            raise InputError(f"{found}; restore checkpoints and saves.json, or choose another --name")
        return None, {}
    problems: list[str] = []
    for save in reversed(saves):
        if save.checkpoint is None:
            return save, {}
        try:
            content = _load(folder / save.checkpoint, save.is_whole(folder, save.checkpoint), state)
        except _Broken as problem:
            problems.append(str(problem))
            continue
        if state.accelerator.is_main_process:
            _report(folder, save, problems, state.accelerator.num_processes)
        return save, content
    raise InputError(f"{'; '.join(problems)}; no other checkpoint is left: restore one, or choose another --name")


def check_same_save(folder: Path, state: TrainState) -> None:
    """Raises InputError unless all processes have restored a save after the same steps."""
    steps = torch.tensor([list(state.steps.values())], device=state.accelerator.device)
    found: Tensor = state.accelerator.gather(steps)
    if bool((found != found[0]).any()):
        number = " and ".join(map(str, found.sum(1).unique().tolist()))
        advice = "machines have to share the folder of runs, or a copy of it, before a training continues"
        raise InputError(f"{folder}: found saves of {number} steps on different machines; {advice}")


def _load(file: Path, is_whole: bool, state: TrainState) -> dict[str, Any]:
    """Restores a state from a checkpoint and returns all that the file holds."""
    if not is_whole:
        problem = "not the content that was saved" if file.is_file() else "no such file"
        raise _Broken(f"{file}: broken checkpoint ({problem})")
    try:
        # To the CPU, as torch cannot load to "cpu:0", the device of several processes; `load_state_dict` copies.
        content: dict[str, Any] = read_torch(file)
        if "players" in content:
            raise InputError(f"{file}: checkpoint of version 0.1, which cannot be continued; use another --name")
        state.load_state_dict(content["state"])
        _check_rest(content)
    except InputError:
        raise
    except Exception as error:  # torch does not say what it raises for a broken file
        reason = first_line(error)
        raise _Broken(f"{file}: broken checkpoint ({reason})") from None
    return content


def _check_rest(content: Mapping[str, Any]) -> None:
    """Raises an error of some kind unless times and sums of the log are of the right types."""
    sums, num_steps = (content.get("log", {}).get(name, default) for name, default in (("sums", {}), ("num_steps", 0)))
    if not all(isinstance(name, str) and total.shape == () for name, total in sums.items()):
        raise ValueError("log: expected sums by name")
    if type(num_steps) is not int or num_steps < 0 or not 0 <= float(content["seconds"]) < float("inf"):
        raise ValueError("log: expected numbers of steps and seconds")


def from_checkpoint(file: Path) -> LoadedGenerator:
    """Loads the averaged generator of a checkpoint in the folder of its run. Raises InputError.

    Checkpoints that are kept by `--keep` can so be compared with the model of the run, which is that of the last save.
    """
    check_file(file)
    folder = file.resolve().parent.parent
    config_file = folder / "run.json"
    if not config_file.is_file():
        raise InputError(f"{file}: found no {config_file}; expected a checkpoint in the folder of its run")
    name, config = f"checkpoints/{file.name}", Config.parse(read_text(config_file), str(config_file))
    is_whole = all(save.is_whole(folder, name) for save in read_saves(folder) if save.checkpoint == name)
    average = saved_part(file, is_whole, "generator_ema", "use another one")
    average.pop("n_averaged", None)  # of AveragedModel, which holds the network as `module`
    weights = {name.removeprefix("module."): weight for name, weight in average.items()}
    return LoadedGenerator(load_weights(lambda: untrained(config).network, weights, str(file)), config)


def saved_part(file: Path, is_whole: bool, part: str, advice: str) -> dict[str, Tensor]:
    """Returns the weights of one part of the state in a checkpoint. Raises InputError, which ends with the advice."""
    try:
        if not is_whole:
            raise ValueError("not the content that was saved")
        weights: dict[str, Tensor] = dict(read_torch(file)["state"][part])
        if not all(isinstance(weight, Tensor) for weight in weights.values()):
            raise TypeError("not weights")
    except Exception as error:  # torch does not say what it raises for a broken file
        reason = first_line(error)
        raise InputError(f"{file}: broken checkpoint ({reason}); {advice}") from None
    return weights


def _report(folder: Path, save: Save, problems: Sequence[str], num_processes: int) -> None:
    """Says which checkpoints could not be used, and whether the number of processes has changed."""
    for problem in problems:
        logger.warning("%s; continuing from %s", problem, save.checkpoint)
    if save.processes not in (0, num_processes):
        logger.warning(
            "%s was trained by %d processes so far and continues with %d: the result is the same only up to rounding",
            folder,
            save.processes,
            num_processes,
        )


def clean(folder: Path, outputs: Outputs, save: Save | None, config: Config, keep: Keep) -> None:
    """Makes the files of a run agree with the save it continues from: deletes newer ones, writes missing ones."""
    for each in (folder, folder / "checkpoints", folder / "samples"):
        files.remove_left_behind(each)
    if save is None:
        return
    saves = read_saves(folder)
    delete_others(folder, saves)  # of a save that was not completed, perhaps because the disk was full
    if save != saves[-1]:  # those after it are broken, and must not take the place of whole ones
        write_saves(folder, saves[: saves.index(save) + 1], keep)
    for sample in (folder / "samples").glob("[0-9]*.png"):
        if sample.stem.isdecimal() and int(sample.stem) > outputs.state.step:
            sample.unlink()
    if save.checkpoint is None:
        return
    missing = [name for name in outputs.names() if not save.is_whole(folder, name)]
    contents = outputs.contents(config) if missing else {}
    for name in missing:
        files.write(folder / name, contents[name])
        logger.warning("%s: missing or of another step; written again", folder / name)
