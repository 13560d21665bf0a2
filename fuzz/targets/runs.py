"""Folders of runs: what `train --resume`, `report` and `ablate` read."""

import io
import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import Tensor

from condgan.ablate import read
from condgan.ablate.study import Trial
from condgan.budget import Budget
from condgan.config import Config
from condgan.data import Images, shapes
from condgan.errors import InputError
from condgan.generate import load
from condgan.report import page
from condgan.run import Diverged, Run, data_location
from condgan.weights import read_safetensors
from fuzz.bytes import changed, flipped
from fuzz.case import Case, Target
from fuzz.targets.models import changed_tensor
from fuzz.values import at, changed_json, changed_tree, paths

KIMG = (0.012, 0.016)  # of the run, and after it is continued
OPTIONS = {"width": 2, "latent_dim": 4, "batch_size": 4}


def _config(images: Images, kimg: float) -> Config:
    return Config.of("cdcgan", OPTIONS, "shapes", images, seed=0, precision="no", kimg=kimg)


def _continue(folder: Path, images: Images, config: Config, *, resume: bool) -> None:
    AcceleratorState._reset_state(reset_partial_state=True)
    kimg = config.kimg or 0.0
    accelerator = Accelerator(cpu=True)
    run = Run(folder, config, data="shapes", resume=resume)
    scores = {"condition_accuracy": 0.5}
    for _ in run.train(
        images, Budget(kimg), save_minutes=0, accelerator=accelerator, callback=lambda generator: scores
    ):
        pass


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def _restore(folder: Path, contents: dict[str, bytes]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def changed_file(name: str, content: bytes, random: Random) -> bytes:
    """Changes the bytes of a file, or the values if it is JSON."""
    if random.randrange(2) or not name.endswith(("json", "jsonl")):
        return flipped(content, random) if content and random.randrange(2) else changed(content, random)
    if name.endswith("json"):
        return changed_json(json.loads(content), random)
    lines: list[bytes] = content.splitlines()
    if lines:
        number = random.randrange(len(lines))
        lines[number] = changed_json(json.loads(lines[number]), random)
    return b"\n".join(lines) + b"\n"


def _changed_state(content: bytes, random: Random) -> bytes:
    """Changes the values and tensors of a checkpoint."""
    tree = torch.load(io.BytesIO(content), weights_only=True)
    if random.randrange(3):
        places = [path for path in paths(tree) if isinstance(at(tree, path), Tensor)]
        path = random.choice(places)
        at(tree, path[:-1])[path[-1]] = changed_tensor(at(tree, path), random)
    else:
        tree = changed_tree(tree, random)
    file = io.BytesIO()
    try:
        torch.save(tree, file)
    except (RuntimeError, RecursionError, UnicodeError):
        return b""
    return file.getvalue()


def _prepare_resume(folder: Path) -> Callable[[Random], Case]:
    images = shapes("multi_label", 16, num_images=40)
    run = folder / "run"
    _continue(run, images, _config(images, KIMG[0]), resume=False)
    contents, longer = _contents(run), _config(images, KIMG[1])
    _continue(run, images, longer, resume=True)
    expected = read_safetensors(run / "generator.safetensors")[1]
    names = sorted(name for name in contents if name.endswith(("json", "jsonl", "pt", "safetensors", "png")))
    newest = max(name for name in names if name.endswith(".pt"))

    def make(random: Random) -> Case:
        name, files, is_foreign = random.choice([*names, newest]), dict(contents), False
        if name == newest and random.randrange(3):
            is_foreign = True
            files[name] = _changed_state(files[name], random)
            if random.randrange(2):
                saves = json.loads(files["saves.json"])
                saves["saves"][-1]["files"][name] = sha256(files[name]).hexdigest()
                files["saves.json"] = json.dumps(saves).encode()
            else:
                del files["saves.json"]
        elif not random.randrange(20):
            del files[name]
        else:
            files[name] = changed_file(name, files[name], random)

        is_loaded = name.endswith((".pt", "run.json", "saves.json")) and not random.randrange(3)

        def call() -> None:
            if is_loaded:
                load(run / newest)
                return
            try:
                _continue(run, images, longer, resume=True)
            except Diverged as error:  # a state of finite but absurd numbers
                raise InputError(str(error)) from None
            if not is_foreign:
                found = read_safetensors(run / "generator.safetensors")[1]
                assert found.keys() == expected.keys()
                assert all(torch.equal(found[key], expected[key]) for key in expected), "another model"

        _restore(run, files)
        return Case(f"{name}\n".encode() + files.get(name, b""), call)

    return make


METRICS: dict[str, Any] = {
    "judge": "small",
    "draws": 2,
    "seed": 0,
    "rows": {
        "generator, test": {"condition_accuracy": [0.5, 0.4, 0.6], "kid": [0.1, 0.0, 0.2]},
        "real": {"kid": [0.0, 0.0, 0.1]},
    },
    "per_condition": {"test": {"red square": [[0.5, 0.4, 0.6], [0.5, 0.4, 0.6]]}},
    "per_object": {"test": {"red square": [0.5, 0.4, 0.6]}},
    "meaning": {},
    "code_effects": {},
}


def _prepare_report(folder: Path) -> Callable[[Random], Case]:
    images = shapes("multi_label", 16, num_images=40)
    study, run = folder / "study", folder / "study" / "a" / "seed-0"
    _continue(run, images, _config(images, KIMG[0]), resume=False)
    (run / "log.jsonl").write_text(
        "".join(json.dumps({"step": i, "kimg": i / 100, "D/real": 0.5, "seconds": i}) + "\n" for i in range(1, 4))
    )
    (run / "metrics.json").write_text(json.dumps(METRICS))
    spec = folder / "spec.yaml"
    spec.write_text("title: t\ndata: shapes\nresolution: 16\nkimg: 1\nvariants: {a: {recipe: cdcgan}}\n")
    config = json.loads((run / "run.json").read_text())
    training = {name: config[name] for name in ("recipe", "options", "data_hash", "resolution", "seed", "precision")}
    record = {
        "training": training,
        "budget": {"minutes": None, "kimg": 1},
        "scoring": {"draws": 2, "judge": None},
        "end": "done",
    }
    (study / "a" / "seed-0.json").write_text(json.dumps(record))
    table = {"title": "t", "columns": ["cell", "kid"], "rows": [["a", "0.1"]]}
    outcome = {
        "title": "t",
        "facts": {"data": "shapes"},
        "note": "n",
        "tables": [table],
        "failures": {"a/seed-1": "x"},
        "runs": {"a": ["a/seed-0"]},
    }
    (study / "ablation.json").write_text(json.dumps(outcome))
    (run / "generator.safetensors").unlink()  # it has a target of its own
    contents = {name: content for name, content in _contents(study).items() if not name.endswith(".pt")}
    names = [name for name in contents if name.endswith(("json", "jsonl", "png"))]

    def make(random: Random) -> Case:
        name, files = random.choice(names), dict(contents)
        files[name] = changed_file(name, files[name], random)

        def call() -> None:
            if name.endswith("seed-0.json"):
                trial = Trial(read(spec).cells[0], 0, run)
                json.dumps([trial.before, trial.end])
            elif name.endswith("local.json"):
                data_location(run, Config.parse((run / "run.json").read_text(), "run.json"))
            else:
                page([study if name == "ablation.json" else run], "title")

        _restore(study, files)
        return Case(f"{name}\n".encode() + files[name], call)

    return make


TARGETS = (Target("run-folders", 2_000, _prepare_resume), Target("reports", 2_000, _prepare_report))
