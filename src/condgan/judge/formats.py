"""Files of judges: ours (.safetensors) and the i-CLEVR lab's `checkpoint.pth`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from condgan.checked import checked
from condgan.conditions import Condition, from_json, to_json
from condgan.data.dataset import MAX_RESOLUTION
from condgan.errors import InputError, did_you_mean, first_line
from condgan.files import check_file, parse_json
from condgan.judge.chance import problem
from condgan.judge.model import ARCHITECTURES, HeldOut, Interval, Judge, lab_judge
from condgan.weights import load_weights, read_safetensors, read_torch, to_safetensors


class OtherLabels(InputError):
    """A judge that recognises other labels than those of the images."""


@dataclass(frozen=True)
class _Header:
    """What the header of a judge's file says about it."""

    condition: Mapping[str, Any]
    resolution: Annotated[int, Field(ge=8, le=MAX_RESOLUTION)]
    architecture: str = "small"  # in files of earlier versions, which do not name it
    held_out_accuracy: Interval | None = None  # this entry and the next one are missing in them, too
    chance: Interval | None = None

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            found = f"architecture: found {self.architecture[:40]!r}{did_you_mean(self.architecture, ARCHITECTURES)}"
            raise InputError(f"{found}; expected one of {', '.join(ARCHITECTURES)}")


EMBEDDED, EMBEDDED_SECOND = "judge.safetensors", "second_judge.safetensors"
TRAINED_ON = "trained_on"  # the tensor of hashes, beside the weights


def load_judge(path: Path | None, condition: Condition, embedded: str = EMBEDDED) -> Judge:
    """Loads a judge of ours (.safetensors) or the lab's `checkpoint.pth`; without a path, the embedded one.

    Only tensors are unpickled. Raises InputError if the file is not a judge, or has another vocabulary. A run's reader
    (reader.safetensors) is refused under any file name: a generator must not be scored by the network it was trained
    with. So is a judge that recognised no more than chance when it was trained; files of earlier versions do not tell.
    """
    judge = read_judge(path, condition, embedded)
    if found := problem(judge):
        advice = "train it longer: `condgan judge train` with more --epochs, or more images of each label"
        raise InputError(f"judge {path or embedded}: {found}; {advice}")
    return judge


def read_judge(path: Path | None, condition: Condition, embedded: str = EMBEDDED) -> Judge:
    """Loads a judge like `load_judge`, also one at chance, to score it on other images."""
    if path is None:
        with as_file(files("condgan") / embedded) as file:
            return read_judge(file, condition)
    check_file(path, "a judge: a judge.safetensors or the lab's checkpoint.pth")
    judge = _load_ours(path) if _is_safetensors(path) else _load_lab(path, condition)
    if judge.condition != condition:
        labelled = f"labelled with {_brief(condition)}" if condition.is_labelled else "not labelled"
        found = f"judge {path} recognises {_brief(judge.condition)}, the images are {labelled}"
        advice = "train one with `condgan judge train`" if condition.is_labelled else "expected labels"
        raise OtherLabels(f"{found}; {advice}")
    return judge.to(memory_format=torch.channels_last).eval()


def load_second_judge(path: Path | None, first: Judge, *, first_is_embedded: bool) -> Judge | None:
    """Loads the judge whose scores are shown beside those of the first; without a path, the embedded second one.

    None without a path if the first is not the embedded one. Raises InputError like `load_judge`, and if both are the
    same.
    """
    if path is None and not first_is_embedded:
        return None
    second = load_judge(path, first.condition, EMBEDDED_SECOND)
    if second.fingerprint == first.fingerprint:
        found = f"--second-judge {path}: found the weights of the first judge"
        raise InputError(f"{found}; expected another one: train it with another --architecture and --seed")
    return second


def judge_for(condition: Condition, path: Path | None) -> Judge | None:
    """Loads the judge of a file; without one, the embedded judge if it has the same vocabulary, else none.

    Raises InputError like `load_judge` otherwise.
    """
    try:
        return load_judge(path, condition)
    except OtherLabels:
        if path:
            raise
        return None


def judge_to_bytes(judge: Judge) -> bytes:
    """Returns the content of a judge's safetensors file, with architecture, vocabulary and accuracy in the header.

    The hashes of the images that it was trained on are a tensor beside the weights.
    """
    header = {"architecture": judge.name, "condition": to_json(judge.condition), "resolution": judge.resolution}
    if judge.held_out:
        header |= {"held_out_accuracy": judge.held_out.accuracy, "chance": judge.held_out.chance}
    seen = {} if judge.trained_on is None else {TRAINED_ON: judge.trained_on}
    return to_safetensors({**judge.state_dict(), **seen}, {"judge": json.dumps(header)})


def _brief(condition: Condition) -> str:
    return f"{len(condition.values)} values ({next(iter(condition.values), 'none')}, ...)"


def _is_safetensors(path: Path) -> bool:
    """By the content too: the header, in JSON, follows its length in 8 bytes."""
    with path.open("rb") as file:
        return path.suffix == ".safetensors" or file.read(9)[8:] == b"{"


def _load_ours(path: Path) -> Judge:
    header, weights = read_safetensors(path)
    if "reader" in header:
        found = f"judge {path}: found the reader of a run, the network that its generator was trained with"
        raise InputError(f"{found}; expected a separate judge: `condgan judge train` writes one")
    if "judge" not in header:
        raise InputError(f"judge {path}: not a judge; `condgan judge train` writes one")
    described = checked(_Header, parse_json(header["judge"], f"judge {path}"), f"judge {path}")
    condition, build = from_json(described.condition, f"judge {path}"), ARCHITECTURES[described.architecture]
    seen = weights.pop(TRAINED_ON, None)
    if seen is not None and (seen.dtype != torch.int64 or seen.dim() != 1):
        found = f"{tuple(seen.shape)} {seen.dtype}"
        raise InputError(f"judge {path}: {TRAINED_ON}: found {found}, expected hashes (N,) torch.int64; restore it")
    judge = load_weights(lambda: build(condition, described.resolution), weights, f"judge {path}")
    judge.trained_on = seen
    if described.held_out_accuracy and described.chance:
        judge.held_out = HeldOut(described.held_out_accuracy, described.chance)
    return judge


def _load_lab(path: Path, condition: Condition) -> Judge:
    expected = f"expected the weights of a ResNet-18 with {condition.num_logits} outputs under the key 'model'"
    try:
        content = read_torch(path)
    except Exception as error:  # torch does not say what it raises for a broken file
        reason = first_line(error)
        raise InputError(f"judge {path}: expected a file of tensors of torch 1.6 or later ({reason})") from None
    weights = content.get("model") if isinstance(content, dict) else None
    if not isinstance(weights, dict) or not all(isinstance(weight, Tensor) for weight in weights.values()):
        raise InputError(f"judge {path}: {expected}")
    renamed = {_lab_name(str(name)): weight for name, weight in weights.items()}
    try:
        return load_weights(lambda: lab_judge(condition), renamed, f"judge {path}")
    except InputError as error:
        raise InputError(f"{error}; {expected}") from None


def _lab_name(name: str) -> str:
    """Maps the lab's last layer, `fc` or `fc.0` before a sigmoid, to our head, which returns logits."""
    for prefix in ("fc.0.", "fc."):
        if name.startswith(prefix):
            return "head." + name.removeprefix(prefix)
    return f"body.{name}"
