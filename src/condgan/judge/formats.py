"""Files of judges: ours (.safetensors) and the i-CLEVR lab's `checkpoint.pth`."""

import json
import pickle
from importlib.resources import as_file, files
from pathlib import Path

import torch
from safetensors.torch import save as to_safetensors

from condgan.conditions import Condition, from_json, to_json
from condgan.errors import InputError
from condgan.files import read_safetensors
from condgan.judge.model import Judge, lab_judge, small_judge


def load_judge(path: Path | None, condition: Condition) -> Judge:
    """Loads a judge of ours (.safetensors) or the lab's `checkpoint.pth`; without a path, the embedded one.

    Only tensors are unpickled. Raises InputError if the file is not a judge, or has another vocabulary. A run's reader
    (reader.safetensors) is refused under any file name: a generator must not be scored by the network it was trained
    with.
    """
    if path is None:
        with as_file(files("condgan") / "judge.safetensors") as embedded:
            return load_judge(embedded, condition)
    if not path.is_file():
        raise InputError(f"judge {path}: no such file; expected a judge.safetensors or the lab's checkpoint.pth")
    judge = _load_ours(path) if _is_safetensors(path) else _load_lab(path, condition)
    if judge.condition != condition:
        found = f"judge {path} recognises {_brief(judge.condition)}, the images are labelled with {_brief(condition)}"
        raise InputError(f"{found}; train one with `condgan judge train`")
    return judge.to(memory_format=torch.channels_last).eval()


def judge_to_bytes(judge: Judge) -> bytes:
    """Returns the content of a judge's safetensors file, with its vocabulary in the header."""
    header = {"condition": to_json(judge.condition), "resolution": judge.resolution}
    weights = {name: weight.contiguous() for name, weight in judge.state_dict().items()}
    return to_safetensors(weights, {"judge": json.dumps(header)})


def _brief(condition: Condition) -> str:
    return f"{len(condition.values)} values ({condition.values[0]}, ...)"


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
    described = json.loads(header["judge"])
    judge = small_judge(from_json(described["condition"]), described["resolution"])
    judge.load_state_dict(weights)
    return judge


def _load_lab(path: Path, condition: Condition) -> Judge:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise InputError(f"judge {path}: expected a file of tensors ({error})") from None
    weights = content.get("model") if isinstance(content, dict) else None
    if not isinstance(weights, dict):
        raise InputError(f"judge {path}: expected the weights of a ResNet-18 under the key 'model'")
    judge = lab_judge(condition)
    renamed = {_lab_name(name): weight for name, weight in weights.items()}
    try:
        judge.load_state_dict(renamed)
    except RuntimeError as error:
        raise InputError(f"judge {path}: not a ResNet-18 with {condition.num_logits} outputs ({error})") from None
    return judge


def _lab_name(name: str) -> str:
    """Maps the lab's last layer, `fc` or `fc.0` before a sigmoid, to our head, which returns logits."""
    for prefix in ("fc.0.", "fc."):
        if name.startswith(prefix):
            return "head." + name.removeprefix(prefix)
    return f"body.{name}"
