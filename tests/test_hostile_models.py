"""Damaged and hostile files of models get one message: they run nothing and take no memory."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from condgan import load
from condgan.conditions import MultiLabel
from condgan.config import Config
from condgan.data import Images
from condgan.errors import InputError
from condgan.generate import untrained
from condgan.judge import judge_to_bytes, load_judge, small_judge
from condgan.recipes import build
from condgan.state import check_trainable
from condgan.weights import read_safetensors, to_safetensors
from contracts import tiny_images, tiny_options

CONDITION = MultiLabel(("red cube", "blue cube"))


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


def test_networks_beyond_the_memory_of_the_machine_are_refused_before_they_are_built(images: Images) -> None:
    with pytest.raises(InputError, match=r"weights, which take .* GiB to train; this machine has"):
        check_trainable(build("dcgan", tiny_options("dcgan") | {"width": 2**18}), images)
    with pytest.raises(InputError, match="these options describe no network"):
        check_trainable(build("dcgan", tiny_options("dcgan") | {"width": 2**31 - 1}), images)
