"""Files of weights: generators and judges."""

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor

from condgan.conditions import Codes, Condition
from condgan.config import Config
from condgan.data import shapes
from condgan.generate import load, untrained
from condgan.judge import judge_to_bytes, load_judge, small_judge
from condgan.weights import read_safetensors, to_safetensors
from fuzz.bytes import changed, flipped
from fuzz.case import Case, Target
from fuzz.values import changed_tree, to_text

SMALL = {"width": 4, "latent_dim": 8}
GENERATORS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("cdcgan", "multi_label", SMALL),
    ("layout", "multi_label", {"width": 4, "num_free": 1}),
    ("infogan", "class", SMALL),
    ("acgan_attributes", "attributes", {**SMALL, "embedding_dim": 4}),
    ("sagan", "class", SMALL),
)
DTYPES = (
    torch.float64,
    torch.float16,
    torch.bfloat16,
    torch.int8,
    torch.int64,
    torch.bool,
    torch.complex64,
    torch.uint8,
)


def generator_file(recipe: str, kind: str, options: Mapping[str, Any]) -> bytes:
    """Returns the file of an untrained generator."""
    config = Config.of(recipe, options, "shapes", shapes(kind, 16, num_images=40), seed=0, precision="no")
    weights = untrained(config).network.state_dict()
    return to_safetensors(weights, {"run": json.dumps(config.to_json())})


def changed_tensor(tensor: Tensor, random: Random) -> Tensor:
    """Returns a tensor of another type, shape or content."""
    kind = random.randrange(8)
    if kind == 0:
        return tensor.to(random.choice(DTYPES))
    if kind == 1:
        return tensor[:-1] if tensor.dim() else tensor[None]
    if kind == 2:
        return tensor.flatten()
    if kind == 3:
        return torch.empty(0)
    if kind == 4:
        return torch.zeros(random.choice([(), (1,), (0, 3), (2, 2, 2, 2), (1,) * 10]))
    content = tensor.clone().flatten()
    if content.is_floating_point() and len(content):
        content[random.randrange(len(content))] = random.choice([float("nan"), float("inf"), 1e30, -1e-30])
    return content.reshape(tensor.shape)


def changed_tensors(weights: Mapping[str, Tensor], random: Random) -> dict[str, Tensor]:
    """Returns named tensors with one replaced, renamed, left out or added."""
    found, name = dict(weights), random.choice(list(weights))
    kind = random.randrange(6)
    if kind == 0:
        del found[name]
    elif kind == 1:
        found[random.choice(["x", name + ".x", "", "__class__", "\ud7ff", "a" * 2_000])] = found.pop(name)
    elif kind == 2:
        found["x"] = torch.zeros(2)
    else:
        found[name] = changed_tensor(found[name], random)
    return found


def changed_layout(content: bytes, random: Random) -> bytes:
    """Changes the description of the tensors in a safetensors file, or its length."""
    size = int.from_bytes(content[:8], "little")
    if not random.randrange(4):
        lengths = [0, 1, size - 1, size + 8, len(content), 2**31, 2**40, 2**63, 2**64 - 1]
        return random.choice(lengths).to_bytes(8, "little") + content[8:]
    entries = json.loads(content[8 : 8 + size])
    text = to_text(
        changed_tree(
            {name: entry for name, entry in entries.items() if name != "__metadata__"}
            if random.randrange(2)
            else entries,
            random,
        ),
        random,
    )
    encoded = text.encode(errors="surrogatepass")
    return len(encoded).to_bytes(8, "little") + encoded + content[8 + size :]


def damaged_model(content: bytes, key: str, file: Path, random: Random) -> tuple[bytes, bool]:
    """Returns a changed file of weights, and whether its hash has to tell that it was changed."""
    kind = random.randrange(6)
    if kind < 2:
        return flipped(content, random), True
    if kind == 2:
        other = changed(content, random)
        return other, other != content
    if kind == 3:
        other = changed_layout(content, random)
        return other, False
    file.write_bytes(content)
    header, weights = read_safetensors(file)
    if kind == 4:
        tree = changed_tree(json.loads(header[key]), random)
        return to_safetensors(weights, {key: to_text(tree, random).encode(errors="replace").decode()}), False
    return to_safetensors(changed_tensors(weights, random), header), False


def _generators(folder: Path) -> Callable[[Random], Case]:
    contents = [generator_file(*each) for each in GENERATORS]
    file = folder / "generator.safetensors"

    def make(random: Random) -> Case:
        content, is_damaged = damaged_model(random.choice(contents), "run", file, random)

        def call() -> None:
            file.write_bytes(content)
            generator = load(file)
            condition = generator.condition
            c = condition.each_value()[:2]
            if isinstance(condition, Codes) and not condition.categorical:
                c = torch.zeros(2, len(condition.continuous))
            images = generator.generate(c)
            assert images.dtype == torch.uint8

        return Case(content, call, is_damaged)

    return make


def _judges(folder: Path) -> Callable[[Random], Case]:
    conditions: list[Condition] = [shapes(kind, 16, num_images=40).condition for kind in ("multi_label", "class")]
    contents = [judge_to_bytes(small_judge(condition, 16)) for condition in conditions]
    image = torch.zeros(2, 3, 16, 16, dtype=torch.uint8)
    ours, lab = folder / "judge.safetensors", folder / "checkpoint.pth"

    def make(random: Random) -> Case:
        number = random.randrange(2)
        file, is_damaged = ours, False
        if random.randrange(3):
            content, is_damaged = damaged_model(contents[number], "judge", ours, random)
        else:
            file, content = lab, _lab_file(random)

        def call() -> None:
            file.write_bytes(content)
            judge = load_judge(file, conditions[number])
            judge.classify(image, torch.zeros(2, 1))

        return Case(content, call, is_damaged)

    return make


def _lab_file(random: Random) -> bytes:
    """Returns a small file of torch, of which none is a judge, changed."""
    file = io.BytesIO()
    weights = {name: torch.rand(3) for name in ("fc.weight", "fc.bias", "conv1.weight")}
    tree: Any = changed_tree({"model": {}, "epoch": 3, "x": [1, "a"]}, random)
    if isinstance(tree, dict) and random.randrange(3):
        tree["model"] = changed_tensors(weights, random)
    try:
        torch.save(tree, file, _use_new_zipfile_serialization=bool(random.randrange(3)))
    except (RuntimeError, RecursionError, UnicodeError) as error:
        return str(error).encode()
    return changed(file.getvalue(), random) if random.randrange(4) else file.getvalue()


TARGETS = (Target("generators", 3_000, _generators), Target("judges", 2_000, _judges))
