"""Damaged and hostile files get one message: they run nothing, take no memory, and lead nowhere outside."""

import io
import json
import os
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from torch import Tensor

from commands import Command, assert_input_error
from condgan import load
from condgan.conditions import Attributes, Codes, MultiLabel, from_json
from condgan.config import Config
from condgan.data import Images
from condgan.errors import InputError
from condgan.files import check_file, read_safetensors, to_safetensors
from condgan.generate import untrained
from condgan.judge import judge_to_bytes, load_judge, small_judge
from condgan.recipes import build
from condgan.recipes.recipe import adam
from condgan.report.folder import RunFolder
from condgan.report.pictures import over_time
from condgan.state import check_trainable, load_optimizer
from contracts import tiny_images, tiny_options
from report_runs import train_run

CONDITION = MultiLabel(("red cube", "blue cube"))


class RunsCode:
    """Creates a file when it is unpickled."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


@pytest.fixture(scope="module")
def images() -> Images:
    return tiny_images("class")


@pytest.fixture(scope="module")
def generator(images: Images) -> bytes:
    """The file of a generator."""
    config = Config.of("dcgan", tiny_options("dcgan"), "shapes", images, seed=0, precision="no")
    weights = untrained(config).network.state_dict()
    return to_safetensors(weights, {"run": json.dumps(config.to_json())})


@pytest.fixture(scope="module")
def judge() -> bytes:
    """The file of a judge."""
    return judge_to_bytes(small_judge(CONDITION, 16))


def header_of(content: bytes) -> tuple[int, dict[str, Any]]:
    length = int.from_bytes(content[:8], "little")
    return length, json.loads(content[8 : 8 + length])


def with_header(content: bytes, entries: dict[str, Any]) -> bytes:
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text + content[8 + header_of(content)[0] :]


def test_a_flipped_bit_in_a_model_is_noticed_wherever_it_is(generator: bytes, judge: bytes, tmp_path: Path) -> None:
    file, random = tmp_path / "model.safetensors", Random(0)
    for content, read in ((generator, load), (judge, lambda path: load_judge(path, CONDITION))):
        name = content.index(b'"sha256"') + 3  # in the name of the hash itself
        length = header_of(content)[0]
        places = [name, length, *(random.randrange(length) for _ in range(60))]
        places += [random.randrange(length, len(content)) for _ in range(20)]
        for place in places:
            flipped = bytearray(content)
            flipped[place] ^= 1 << random.randrange(8)
            file.write_bytes(flipped)
            with pytest.raises(InputError, match=r"model\.safetensors"):
                read(file)
        file.write_bytes(content)
        read(file)


def test_a_model_of_another_program_needs_no_hash(generator: bytes, tmp_path: Path) -> None:
    _, entries = header_of(generator)
    for name in ("sha256", "sha256_of"):
        del entries["__metadata__"][name]
    (tmp_path / "a.safetensors").write_bytes(with_header(generator, entries))
    load(tmp_path / "a.safetensors")


@pytest.mark.parametrize("length", [0, 2**31, 2**40, 2**63, 2**64 - 1])
def test_a_header_of_impossible_length_is_refused(generator: bytes, tmp_path: Path, length: int) -> None:
    (tmp_path / "a.safetensors").write_bytes(length.to_bytes(8, "little") + generator[8:])
    with pytest.raises(InputError, match=r"a\.safetensors: broken file"):
        load(tmp_path / "a.safetensors")


def overlapping(entries: dict[str, Any]) -> None:
    first, second = [name for name in entries if name != "__metadata__"][:2]
    entries[second]["data_offsets"] = entries[first]["data_offsets"]


def beyond_the_end(entries: dict[str, Any]) -> None:
    name = next(name for name in entries if name != "__metadata__")
    entries[name]["data_offsets"] = [0, 2**40]


def of_many_numbers(entries: dict[str, Any]) -> None:
    name = next(name for name in entries if name != "__metadata__")
    entries[name]["shape"] = [2**40, 2**40]


def of_unknown_type(entries: dict[str, Any]) -> None:
    name = next(name for name in entries if name != "__metadata__")
    entries[name]["dtype"] = "PY_OBJECT"


@pytest.mark.parametrize("change", [overlapping, beyond_the_end, of_many_numbers, of_unknown_type])
def test_a_lying_description_of_tensors_is_refused(
    generator: bytes, tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    _, entries = header_of(generator)
    change(entries)
    (tmp_path / "a.safetensors").write_bytes(with_header(generator, entries))
    with pytest.raises(InputError, match=r"a\.safetensors: broken file"):
        load(tmp_path / "a.safetensors")


def changed_config(generator: bytes, file: Path, **change: Any) -> None:
    """Writes the generator with another configuration, and the hash that belongs to it."""
    file.write_bytes(generator)
    header, weights = read_safetensors(file)
    file.write_bytes(to_safetensors(weights, {"run": json.dumps(json.loads(header["run"]) | change)}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 3}, "found format 3, expected at most 2; written by a newer version"),
        ({"format": True}, "found format True"),
        ({"resolution": 2**40}, "resolution: found 1099511627776"),
        ({"seed": 2**70}, "seed: found"),
        ({"channels": 10**9}, "channels: found"),
        ({"planned_kimg": 0}, "planned_kimg: found 0"),
        ({"condition": {"kind": "os:system"}}, "unknown kind of condition 'os:system'"),
        ({"condition": {"kind": "Class", "names": "abc"}}, "names: found 'abc'"),
        ({"condition": {"kind": "Class", "names": [["a"]]}}, r"names.0: found \['a'\]"),
        ({"condition": {"kind": "Codes", "categorical": {"a": 10**12}}}, "found 1000000000000 values"),
        ({"reading": {"surprise": 1}}, "surprise"),
        ({"reading": {"yes": 5}}, "yes: found 5"),
    ],
    ids=str,
)
def test_a_configuration_of_impossible_values_is_named(
    generator: bytes, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    changed_config(generator, tmp_path / "a.safetensors", **change)
    with pytest.raises(InputError, match=rf"a\.safetensors: .*{message}"):
        load(tmp_path / "a.safetensors")


def test_a_configuration_of_a_network_larger_than_its_weights_takes_no_memory(generator: bytes, tmp_path: Path) -> None:
    changed_config(generator, tmp_path / "a.safetensors", options=tiny_options("dcgan") | {"width": 2**20})
    with pytest.raises(InputError, match=r"its weights do not fit its configuration .* expected \(.*2097152"):
        load(tmp_path / "a.safetensors")


@pytest.mark.parametrize(
    ("described", "message"),
    [
        ("{", "line 1"),
        ("[]", "expected an object"),
        ("{}", "condition: missing entry"),
        ('{"condition": {"kind": "MultiLabel", "names": ["a"]}, "resolution": "x"}', "resolution: found 'x'"),
        ('{"condition": {"kind": "module:function"}, "resolution": 16}', "unknown kind of condition"),
        ('{"condition": {"kind": "MultiLabel", "names": ["a"]}, "resolution": 16}', "do not fit"),
    ],
)
def test_the_header_of_a_judge_is_checked(judge: bytes, tmp_path: Path, described: str, message: str) -> None:
    file = tmp_path / "judge.safetensors"
    file.write_bytes(judge)
    file.write_bytes(to_safetensors(read_safetensors(file)[1], {"judge": described}))
    with pytest.raises(InputError, match=rf"judge .*judge\.safetensors.*{message}"):
        load_judge(file, CONDITION)


def test_a_judge_of_weights_that_are_not_finite_is_refused(judge: bytes, tmp_path: Path) -> None:
    file = tmp_path / "judge.safetensors"
    file.write_bytes(judge)
    header, weights = read_safetensors(file)
    weights["head.bias"][0] = float("nan")
    file.write_bytes(to_safetensors(weights, header))
    with pytest.raises(InputError, match=r"judge\.safetensors: found weights that are not finite in 'head\.bias'"):
        load_judge(file, CONDITION)


def test_a_pickle_runs_nothing(tmp_path: Path) -> None:
    mark, file = tmp_path / "mark", tmp_path / "checkpoint.pth"
    torch.save({"model": RunsCode(mark)}, file)
    with pytest.raises(InputError, match=r"checkpoint\.pth: expected a file of tensors"):
        load_judge(file, CONDITION)
    file.write_bytes(pickle.dumps({"model": RunsCode(mark)}))
    with pytest.raises(InputError, match=r"checkpoint\.pth: expected a file of tensors"):
        load_judge(file, CONDITION)
    assert not mark.exists()


def test_a_checkpoint_runs_nothing(run: Path, tmp_path: Path) -> None:
    copied = tmp_path / "run"
    shutil.copytree(run, copied)
    (copied / "saves.json").unlink()  # so that the hash does not tell
    (checkpoint, *_) = sorted((copied / "checkpoints").iterdir())
    load(checkpoint)
    torch.save({"state": RunsCode(tmp_path / "mark")}, checkpoint)
    with pytest.raises(InputError, match=rf"{checkpoint.name}: broken checkpoint"):
        load(checkpoint)
    assert not (tmp_path / "mark").exists()


def test_a_small_file_of_torch_that_unpacks_to_a_large_one_is_refused(tmp_path: Path) -> None:
    file, content = tmp_path / "checkpoint.pth", io.BytesIO()
    torch.save({"model": {"x": torch.zeros(2**20)}}, content)
    with zipfile.ZipFile(content) as parts, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in parts.namelist():
            packed.writestr(name, parts.read(name))
    assert file.stat().st_size < 20_000
    with pytest.raises(InputError, match="found compressed parts"):
        load_judge(file, CONDITION)


def optimizer_of(state: Callable[[dict[str, Tensor]], Any]) -> tuple[torch.optim.Optimizer, dict[str, Any]]:
    """Returns an optimizer, and its state after a step, changed."""
    layer = torch.nn.Linear(2, 3)
    optimizer = adam(layer, lr=1e-3, betas=(0.5, 0.999))
    layer(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    saved = optimizer.state_dict()
    saved["state"][0] = state(saved["state"][0])
    return optimizer, saved


@pytest.mark.parametrize(
    "change",
    [
        lambda state: {**state, "exp_avg": torch.zeros(0)},
        lambda state: {**state, "exp_avg": state["exp_avg"].to(torch.int64)},
        lambda state: {**state, "exp_avg": state["exp_avg"] * float("nan")},
        lambda state: {**state, "exp_avg": "text"},
        lambda state: {**state, "step": torch.zeros(2)},
        lambda state: {name: value for name, value in state.items() if name != "exp_avg"},
        lambda state: {},
    ],
    ids=["shape", "type", "nan", "text", "step", "missing", "empty"],
)
def test_a_state_of_an_optimizer_that_does_not_fit_is_refused(change: Callable[[dict[str, Tensor]], Any]) -> None:
    optimizer, saved = optimizer_of(change)
    with pytest.raises(ValueError, match="optimizer: "):
        load_optimizer(optimizer, saved)


def test_the_options_of_an_optimizer_are_those_of_the_recipe() -> None:
    optimizer, saved = optimizer_of(dict)
    saved["param_groups"][0] |= {"lr": 1e9, "amsgrad": True, "betas": "text"}
    load_optimizer(optimizer, saved)
    assert (optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["amsgrad"]) == (1e-3, False)
    assert optimizer.param_groups[0]["betas"] == (0.5, 0.999)


def test_networks_beyond_the_memory_of_the_machine_are_refused_before_they_are_built(images: Images) -> None:
    with pytest.raises(InputError, match=r"weights, which take .* GiB to train; this machine has"):
        check_trainable(build("dcgan", tiny_options("dcgan") | {"width": 2**18}), images)
    with pytest.raises(InputError, match="these options describe no network"):
        check_trainable(build("dcgan", tiny_options("dcgan") | {"width": 2**31 - 1}), images)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_pipes_and_devices_are_no_files(condgan: Command, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    for file in (str(pipe), "/dev/zero"):
        for words in (
            ["generate", file, "--condition", "x"],
            ["ablate", file],
            ["judge", "score", "shapes", "--judge", file],
            ["data", "render", tmp_path / "out", "--labels", file],
            ["data", "inspect", file],
        ):
            assert_input_error(condgan(*words), f"{file}: a pipe or device")
    with pytest.raises(InputError, match=f"{tmp_path}: a folder, not a file"):
        check_file(tmp_path)


@pytest.mark.parametrize(
    "text", ['["a", "b"]', "3", "{}", '{"CLEVR_train_000000_0.png": [["red cube"]]}', '{"../x.png": ["red cube"]}', "{"]
)
def test_labels_to_render_are_checked_before_anything_is_written(condgan: Command, tmp_path: Path, text: str) -> None:
    labels = tmp_path / "labels.json"
    labels.write_text(text)
    assert_input_error(condgan("data", "render", tmp_path / "out", "--labels", labels), "labels.json")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["red\ud800cube", "red\0cube", "red\x1b[2Jcube"])
def test_names_that_cannot_be_printed_are_refused(name: str) -> None:
    for data in ({"kind": "MultiLabel", "names": [name]}, {"kind": "Attributes", "attributes": {"a": [name]}}):
        with pytest.raises(InputError, match=r"control characters|valid string|surrogate|JSON"):
            from_json(data)
    with pytest.raises(InputError, match="control characters"):
        MultiLabel((name,))


def test_names_in_any_script_are_allowed() -> None:
    for name in ("می‌خواهم", "👩‍🎨", "röt", "赤い"):
        assert MultiLabel((name,)).parse(name).tolist() == [1]
        assert Attributes({"a": (name, "b")}).parse(f"{name} a").tolist() == [0]
        assert Codes({name: 2}).parse(f"{name}=1").tolist() == [1]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    train_run(folder, "cdcgan", steps=1)
    return folder


def test_a_report_reads_nothing_outside_of_a_run(run: Path, tmp_path: Path) -> None:
    (run.parent / "secret.png").write_bytes(b"secret")
    row = {"judge": "small", "draws": 1, "seed": 0, "rows": {}}
    for name in ("../secret", str(tmp_path / "secret")):
        (run / "metrics.json").write_text(json.dumps({**row, "per_condition": {name: {}}}))
        with pytest.raises(InputError, match="leads outside of"):
            RunFolder(run).condition_lists  # noqa: B018
    (run / "metrics.json").unlink()


def test_a_preview_that_is_no_png_is_named(run: Path) -> None:
    (preview, *_) = (run / "samples").glob("*.png")
    content = preview.read_bytes()
    for broken in (content[:40], b"%!PS-Adobe-3.0 EPSF-3.0\n", b""):
        preview.write_bytes(broken)
        with pytest.raises(InputError, match=rf"{preview.name}: broken PNG file"):
            over_time(RunFolder(run))
    preview.write_bytes(content)


@pytest.mark.parametrize(
    "line",
    [
        '{"step": "1", "kimg": 1}',
        '{"step": -1, "kimg": 1}',
        '{"step": 1, "kimg": null}',
        '{"step": 1, "kimg": 1, "D/real": "x"}',
        '{"step": 1, "kimg": 1, "D/real": [1]}',
        '{"step": 1, "kimg": 1e999}',
        '{"step": 1, "kimg": 1, "phase": 3}',
    ],
)
def test_lines_of_a_log_that_cannot_be_plotted_are_named(run: Path, line: str) -> None:
    before = (run / "log.jsonl").read_text()
    (run / "log.jsonl").write_text(line + "\n")
    with pytest.raises(InputError, match=r"log\.jsonl, line 1: found .*expected an object with step, kimg and numbers"):
        RunFolder(run)
    (run / "log.jsonl").write_text(before)
