"""Shared models: folders and models on the Hub that load elsewhere, with a card that says what they are."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest
import torch
import yaml

import condgan
from commands import Command, assert_input_error
from condgan import InputError, LoadedGenerator
from condgan.conditions import MultiLabel, to_json
from condgan.config import Config
from condgan.files import read_json
from condgan.generate import untrained
from condgan.weights import read_safetensors
from fake_hub import FakeHub, fake_hub
from random_layouts import random_layouts, save_generator, write_run

SCORES: dict[str, Any] = {
    "judge": "small",
    "draws": 4,
    "seed": 0,
    "rows": {"generator, test": {"exact_accuracy": [0.25, 0.125, 0.5], "kid[judge]": [0.1, 0.05, 0.15]}},
    "per_condition": {},
}


@pytest.fixture(scope="module")
def generator() -> LoadedGenerator:
    return random_layouts(resolution=16)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    """A Hub on this machine in place of the real one, and an empty cache."""
    constants = huggingface_hub.constants
    with fake_hub() as server:
        template = server.address + constants.HUGGINGFACE_CO_URL_TEMPLATE.removeprefix(constants.ENDPOINT)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "ENDPOINT", server.address)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        yield server


def plain(config: Config) -> Any:
    """A configuration as JSON holds it."""
    return json.loads(json.dumps(config.to_json()))


def assert_same_model(loaded: LoadedGenerator, generator: LoadedGenerator) -> None:
    assert plain(loaded.config) == plain(generator.config)
    weights = loaded.network.state_dict()
    assert weights.keys() == generator.network.state_dict().keys()
    assert all(torch.equal(weight, weights[name]) for name, weight in generator.network.state_dict().items())
    assert torch.equal(loaded.generate("red square", seed=3), generator.generate("red square", seed=3))


def card(folder: Path) -> tuple[dict[str, Any], str]:
    """The facts at the head of a card, and its text."""
    _, facts, text = (folder / "README.md").read_text().split("---\n", 2)
    return yaml.safe_load(facts), text


def test_a_shared_folder_loads_as_the_same_generator(generator: LoadedGenerator, tmp_path: Path) -> None:
    generator.save_pretrained(tmp_path / "shared")
    names = {"model.safetensors", "config.json", "README.md", "samples.png"}
    assert {file.name for file in (tmp_path / "shared").iterdir()} == names
    for load in (condgan.from_pretrained, condgan.load):
        assert_same_model(load(tmp_path / "shared"), generator)
    assert read_json(tmp_path / "shared" / "config.json") == plain(generator.config)


def test_only_the_model_file_is_read(generator: LoadedGenerator, tmp_path: Path) -> None:
    generator.save_pretrained(tmp_path)
    for name in ("config.json", "README.md"):
        (tmp_path / name).write_text("{")
    assert_same_model(condgan.from_pretrained(tmp_path), generator)


def test_equal_generators_give_equal_files(generator: LoadedGenerator, tmp_path: Path) -> None:
    for name in ("a", "b"):
        generator.save_pretrained(tmp_path / name / "model", scores=SCORES)
    for file in (tmp_path / "a" / "model").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / "model" / file.name).read_bytes()


def test_a_card_tells_vocabulary_data_scores_and_licence(generator: LoadedGenerator, tmp_path: Path) -> None:
    generator.save_pretrained(tmp_path, license="cc-by-4.0", scores=SCORES, conditions=["red square, blue circle"])
    facts, text = card(tmp_path)
    assert facts["library_name"] == "condgan"
    assert facts["license"] == "cc-by-4.0"
    assert all(f"\n    {name}\n" in text for name in generator.condition.values)
    assert generator.config.data_hash in text
    assert "| generator, test | 0.250 [0.125, 0.500] | 0.100 [0.050, 0.150] |" in text
    assert "judge small, 4 images per condition, seed 0" in text
    assert 'pipe("red square, blue circle", seed=0' in text


def test_a_card_says_what_is_not_known(generator: LoadedGenerator, tmp_path: Path) -> None:
    generator.save_pretrained(tmp_path)
    facts, text = card(tmp_path)
    assert "license" not in facts
    assert "The model was not scored." in text
    assert "No licence was stated." in text


@pytest.mark.parametrize("kind", ["class", "attributes", "codes"])
def test_every_kind_of_vocabulary_is_shared(kind: str, tmp_path: Path) -> None:
    generator = random_layouts(kind, resolution=16)
    generator.save_pretrained(tmp_path)
    assert condgan.from_pretrained(tmp_path).condition == generator.condition
    assert all(
        f"\n    {value}\n" in card(tmp_path)[1] for control in generator.condition.controls for value in control.values
    )


def test_names_in_a_card_are_text_and_nothing_else(generator: LoadedGenerator, tmp_path: Path) -> None:
    names = ("<script>alert(1)</script>", "```", "a|b", 'x"y')
    config = replace(generator.config, condition=to_json(MultiLabel(names)), data="[click](evil) <b>")
    untrained(config).save_pretrained(tmp_path, conditions=['x"y'], scores=SCORES | {"judge": "<i>|"})
    text = card(tmp_path)[1]
    assert 'pipe("x\\"y", seed=0' in text
    for line in text.splitlines():
        assert line.startswith("    ") or not any(sign in line.replace("\\<", "") for sign in ("<script", "<b>", "<i>"))
    assert "\\[click\\](evil)" in text
    assert "judge \\<i\\>\\|," in text


def test_unusable_arguments_are_refused(generator: LoadedGenerator, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(InputError, match=r"license 'MIT License': expected an identifier of the Hub, e\.g\. mit"):
        generator.save_pretrained(out, license="MIT License")
    with pytest.raises(InputError, match="scores: draws: missing entry; expected what `condgan evaluate` wrote"):
        generator.save_pretrained(out, scores={"judge": "small", "seed": 0, "rows": {}})
    with pytest.raises(InputError, match="unknown label 'red squre'"):
        generator.save_pretrained(out, conditions="red squre")
    assert not out.exists()
    write_run(generator, tmp_path / "run", [])
    with pytest.raises(InputError, match="run: found the folder of a run, expected another one"):
        generator.save_pretrained(tmp_path / "run")


@pytest.mark.parametrize("name", ["README.md", "config.json", "app.py"])
def test_files_of_something_else_are_not_replaced(
    condgan: Command, generator: LoadedGenerator, tmp_path: Path, name: str
) -> None:
    save_generator(generator, tmp_path / "model.safetensors")
    project = tmp_path / "project"
    project.mkdir()
    (project / name).write_text("{}")
    result = condgan("share", tmp_path / "model.safetensors", "--out", project, "--space")
    assert_input_error(result, f"project: found {name}, which would be replaced", "choose another folder")
    assert [(file.name, file.read_text()) for file in project.iterdir()] == [(name, "{}")]
    (project / name).unlink()
    for _ in range(2):  # an earlier shared model may be replaced
        assert condgan("share", tmp_path / "model.safetensors", "--out", project, "--space").code == 0


def test_a_model_goes_to_the_hub_and_comes_back(hub: FakeHub, generator: LoadedGenerator, tmp_path: Path) -> None:
    assert generator.push_to_hub("ann/shapes", private=True, license="mit") == f"{hub.address}/ann/shapes"
    assert hub.settings.get("visibility") == "private" or hub.settings["private"]  # of older releases
    assert sum("/commit/" in request for request in hub.requests) == 1
    assert set(hub.models["ann/shapes"]) == {"model.safetensors", "config.json", "README.md", "samples.png"}
    assert b'condgan.from_pretrained("ann/shapes")' in hub.models["ann/shapes"]["README.md"]
    hub.requests.clear()
    assert_same_model(condgan.from_pretrained("ann/shapes"), generator)
    assert {request.split()[1].split("/")[-1] for request in hub.requests} == {"model.safetensors"}
    condgan.from_pretrained("ann/shapes", revision="v1")
    assert "/ann/shapes/resolve/v1/model.safetensors" in hub.requests[-1]


def test_what_the_hub_refuses_is_one_message(hub: FakeHub, generator: LoadedGenerator) -> None:
    with pytest.raises(InputError, match=r"ann/nothing: no such file or folder, and the Hub gave no model: .*404"):
        condgan.from_pretrained("ann/nothing")
    hub.models["ann/other"] = {"pytorch_model.bin": b"pickle"}
    with pytest.raises(InputError, match=r"ann/other: .* the Hub gave no model: .*model\.safetensors"):
        condgan.from_pretrained("ann/other")
    hub.refuse = 403
    with pytest.raises(InputError, match=r"ann/shapes: the Hub took no files: .*403.*log in with `hf auth login`"):
        generator.push_to_hub("ann/shapes")


@pytest.mark.parametrize("name", ["shapes", "ann/shapes/more", "/shapes", "ann/", "../shapes", "ann/sha pes"])
def test_a_name_that_the_hub_cannot_have_reaches_no_network(
    hub: FakeHub, generator: LoadedGenerator, name: str
) -> None:
    with pytest.raises(InputError, match="expected OWNER/NAME"):
        generator.push_to_hub(name)
    with pytest.raises(InputError, match="no such file or folder"):
        condgan.from_pretrained(name)
    assert hub.requests == []


def test_files_and_shipped_generators_are_preferred_to_the_hub(
    hub: FakeHub, generator: LoadedGenerator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    generator.save_pretrained("ann/shapes")
    assert_same_model(condgan.from_pretrained("ann/shapes"), generator)
    assert condgan.from_pretrained("iclevr").config.resolution == 64
    assert hub.requests == []


def test_the_command_shares_a_run_with_its_scores(
    condgan: Command, hub: FakeHub, generator: LoadedGenerator, tmp_path: Path
) -> None:
    write_run(generator, tmp_path / "run", [])
    (tmp_path / "run" / "metrics.json").write_text(json.dumps(SCORES))
    result = condgan("share", tmp_path / "run", "--out", tmp_path / "shared", "--license", "mit")
    assert (result.code, len(result.out.splitlines())) == (0, 1), result.err
    assert "0.250 [0.125, 0.500]" in card(tmp_path / "shared")[1]
    header, _ = read_safetensors(tmp_path / "shared" / "model.safetensors")
    assert json.loads(header["run"]) == plain(generator.config)
    result = condgan("share", tmp_path / "shared", "--hub", "ann/shapes")
    assert result.out.splitlines() == [
        f"uploaded to {hub.address}/ann/shapes",
        "the card has no scores; `condgan evaluate` writes them into the folder of a run",
        "the card states no licence; add --license, e.g. --license mit",
    ]
    assert condgan("generate", tmp_path / "shared", "--condition", "red square", "--count", "1").code == 0


def test_scores_of_an_earlier_generator_are_left_out(
    condgan: Command, generator: LoadedGenerator, tmp_path: Path
) -> None:
    write_run(generator, tmp_path / "run", [])
    (tmp_path / "run" / "metrics.json").write_text(json.dumps(SCORES | {"generator_hash": "12"}))
    result = condgan("share", tmp_path / "run", "--out", tmp_path / "shared", "--license", "mit")
    assert result.code == 0, result.err
    assert f"scores of an earlier generator, the run was trained since; run condgan evaluate {tmp_path}" in result.out
    assert "The model was not scored." in card(tmp_path / "shared")[1]


def test_wrong_arguments_of_the_command_are_reported(
    condgan: Command, generator: LoadedGenerator, tmp_path: Path
) -> None:
    file, out = tmp_path / "model.safetensors", tmp_path / "out"
    save_generator(generator, file)
    assert_input_error(condgan("share", file), "expected one of --out FOLDER and --hub OWNER/NAME")
    assert_input_error(condgan("share", file, "--out", out, "--hub", "a/b"), "expected one of --out FOLDER and --hub")
    assert_input_error(condgan("share", file, "--out", out, "--private"), "--private: found no --hub")
    assert_input_error(condgan("share", file, "--out", out, "--condition", "red squre"), "did you mean 'red square'")
    assert_input_error(condgan("share", tmp_path / "none", "--out", out), "none: no such file or folder")
    write_run(generator, tmp_path / "run", [])
    (tmp_path / "run" / "metrics.json").write_text("[]")
    assert_input_error(
        condgan("share", tmp_path / "run", "--out", out),
        "metrics.json: found [], expected",
        "run condgan evaluate again",
    )
    assert not out.exists()
