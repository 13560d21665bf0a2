"""What `condgan train` chooses by itself, and what it says about the length of a training."""

from pathlib import Path

import pytest

from commands import TINY, Command, assert_input_error
from condgan import machine
from condgan.files import read_json
from condgan.machine import Speed
from condgan.recipes import presets
from condgan.recipes.presets import PRESETS

SPEEDS = {"reader": Speed(3, 100), "discriminator": Speed(2, 200), "game": Speed(10, 0.5)}  # 30 s, 10 s
PRETRAINED = ["--data", "shapes", "--resolution", "16"]


@pytest.fixture
def speeds(monkeypatch: pytest.MonkeyPatch) -> dict[str, Speed]:
    """Speeds that rehearsals find, instead of those of this machine."""
    found = {"game": Speed(10, 50.0)}
    monkeypatch.setattr(machine, "rehearse", lambda *_: found)
    return found


def test_a_preset_sets_options_and_single_options_override_it(condgan: Command, tmp_path: Path) -> None:
    words = ["train", "acgan", "--data", "shapes", "--preset", "laptop", "--kimg", "0.008", "--runs", tmp_path, *TINY]
    result = condgan(*words)
    assert result.code == 0, result.err
    options = read_json(tmp_path / "acgan" / "run.json")["options"]
    assert options["width"] == 4
    laptop = PRESETS["acgan"]["laptop"]
    others = laptop.keys() - {"width", "latent_dim", "batch_size"}
    assert {name: options[name] for name in others} == {name: laptop[name] for name in others}
    assert len(others) > 4


def test_unknown_presets_are_reported(condgan: Command, tmp_path: Path) -> None:
    words = ["train", "acgan", "--data", "shapes", "--runs", tmp_path / "runs", "--preset"]
    assert_input_error(condgan(*words, "labtop"), "--preset labtop", "did you mean 'laptop'", "known: laptop")
    assert not (tmp_path / "runs").exists()


def test_without_a_recipe_the_default_is_trained(
    condgan: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presets, "DEFAULT_RECIPE", "cdcgan")
    words = ["--data", "shapes:multi_label", *TINY, "--kimg", "0.008", "--runs", tmp_path]
    result = condgan("train", *words)
    assert result.code == 0, result.err
    assert "recipe cdcgan, the default for these labels" in result.out
    assert read_json(tmp_path / "cdcgan" / "run.json")["recipe"] == "cdcgan"
    assert "the default" not in condgan("train", "cdcgan", *words, "--name", "named").out


def test_the_default_recipe_is_refused_without_labels(condgan: Command, tmp_path: Path) -> None:
    result = condgan("train", "--data", "shapes:codes", "--runs", tmp_path / "runs")
    assert_input_error(result, "--data shapes:codes: found no labels", "try condgan train infogan --data shapes:codes")
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_the_default_recipe_trains(condgan: Command, tmp_path: Path) -> None:
    short = ["--resolution", "16", "--kimg", "0.004", "--runs", tmp_path]
    for option in ("width=4", "discriminator_width=4", "batch_size=4", "reader_kimg=0.2", "discriminator_kimg=0.1"):
        short += ["--set", option]
    for kind, preset in (("class", "classes"), ("attributes", None), ("multi_label", None)):
        result = condgan("train", "--data", f"shapes:{kind}", "--name", kind, *short)
        assert result.code == 0, result.err
        assert f"recipe layout{f' --preset {preset}' if preset else ''}, the default for these labels" in result.out
        assert (tmp_path / kind / "generator.safetensors").is_file()
        options = read_json(tmp_path / kind / "run.json")["options"]
        assert options["tanh"] is (preset is None)
        assert options["width"] == 4


def test_a_preset_that_is_named_replaces_that_of_the_default_recipe(
    condgan: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presets, "DEFAULT_RECIPE", "cdcgan")
    words = ["--data", "shapes:class", *TINY, "--kimg", "0.008", "--runs", tmp_path]  # whose default is classes
    result = condgan("train", "--preset", "laptop", *words)
    assert result.code == 0, result.err
    assert "recipe cdcgan --preset laptop, the default" in result.out


@pytest.mark.parametrize(
    ("words", "images_per_second", "said"),
    [
        (["--set", "num_epochs=300"], 79.0, "300 epochs of 3,891 images: about 4 h at 79 images/s; --minutes 10 for a"),
        (["--set", "num_epochs=2"], 79.0, "2 epochs of 3,891 images: about 2 min at 79 images/s"),
        (["--kimg", "60"], 10.0, "60 kimg: about 2 h at 10 images/s"),
        (["--kimg", "6"], 9.94, "6 kimg: about 10 min at 9.9 images/s"),
        (["--minutes", "10"], 50.0, "--minutes 10: about 7.7 epochs at 50 images/s"),
    ],
)
def test_the_length_is_said_before_training(
    condgan: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    speeds: dict[str, Speed],
    words: list[str],
    images_per_second: float,
    said: str,
) -> None:
    speeds["game"] = Speed(1, images_per_second)
    monkeypatch.setattr("condgan.run.Run.train", lambda *args, **options: iter(()))
    result = condgan("train", "cdcgan", "--data", "shapes", *TINY, *words, "--runs", tmp_path)
    assert result.code == 0, result.err
    assert any(line.startswith(said) for line in result.out.splitlines()), result.out


def test_the_rest_is_said_on_resume(condgan: Command, tmp_path: Path, speeds: dict[str, Speed]) -> None:
    speeds["game"] = Speed(1, 0.5)
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--runs", tmp_path, "--resume"]
    first = condgan(*words, "--kimg", "0.008")
    assert "0.008 kimg: about 16 s at 0.5 images/s" in first.out
    assert "continues from" not in first.out
    second = condgan(*words, "--kimg", "0.04").out
    assert "continues from checkpoints/000000001.pt, 0.0 kimg" in second
    assert "0.04 kimg: about 64 s left at 0.5 images/s; checkpoints: up to 3 x" in second
    assert "kimg: about" not in condgan(*words, "--kimg", "0.04").out
    assert "epochs left at 0.5 images/s; checkpoints: up to 3 x" in condgan(*words, "--minutes", "0.1").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--kimg", "3"], "3 kimg: about 2 min at 50 images/s, 40 s of it for pretraining"),
        (["--minutes", "1.4"], "--minutes 1.4: about 0.57 epochs at 50 images/s, after 40 s of pretraining"),
        (["--minutes", "1"], "--minutes 1: about 0.26 epochs at 50 images/s, after 40 s of pretraining"),
        (["--minutes", "0.5"], "--minutes 0.5: nothing but pretraining, 40 s"),
    ],
)
def test_pretraining_counts_and_is_warned_of_if_it_takes_more_than_half_of_the_minutes(
    condgan: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    speeds: dict[str, Speed],
    words: list[str],
    said: str,
) -> None:
    speeds.clear()
    speeds.update({"reader": Speed(3, 100), "discriminator": Speed(2, 200), "game": Speed(1, 50)})  # 30 s, 10 s
    monkeypatch.setattr("condgan.run.Run.train", lambda *args, **options: iter(()))
    result = condgan("train", "layout", "--data", "shapes", *words, "--runs", tmp_path)
    assert result.code == 0, result.err
    assert any(line.startswith(f"{said}; checkpoints: up to 3 x ") for line in result.out.splitlines())
    warnings = [line for line in result.out.splitlines() if line.startswith("warning")]
    if words in (["--kimg", "3"], ["--minutes", "1.4"]):
        assert warnings == []
    else:
        (warning,) = warnings
        assert f"pretraining alone takes about 40 s of --minutes {words[1]}" in warning
        assert "--set reader_kimg=N --set discriminator_kimg=N" in warning


def test_the_position_in_pretraining_counts_on_resume(
    condgan: Command, tmp_path: Path, speeds: dict[str, Speed]
) -> None:
    speeds.clear()
    speeds.update({"reader": Speed(0.024, 8), "discriminator": Speed(0.024, 4), "game": Speed(1, 1)})  # 3 s, 6 s
    words = ["train", "small_networks:pretrained", "--data", "shapes", "--resolution", "16", "--name", "run"]
    words += ["--kimg", "0.012", "--runs", str(tmp_path), "--resume"]
    assert "0.012 kimg: about 21 s at 1 images/s, 9 s of it for pretraining" in condgan(*words).out
    (tmp_path / "run" / "log.jsonl").unlink()  # as if the run had been stopped
    for checkpoint in (tmp_path / "run" / "checkpoints").iterdir():
        checkpoint.unlink()
    lines = (tmp_path / "run" / "pretraining.jsonl").read_text().splitlines()
    (tmp_path / "run" / "pretraining.jsonl").write_text(lines[0] + "\n")  # the last of the reader
    assert "0.012 kimg: about 18 s left at 1 images/s, 6 s of it for pretraining" in condgan(*words).out


@pytest.mark.parametrize(("bf16", "chosen"), [(200.0, "bf16"), (55.0, "no")])
def test_auto_chooses_the_precision_by_the_speed_of_the_recipe_and_keeps_it_on_resume(
    condgan: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bf16: float, chosen: str
) -> None:
    speeds = {"no": Speed(1, 50.0), "bf16": Speed(1, bf16)}
    monkeypatch.setattr(machine, "rehearse", lambda recipe, images, precision: {"game": speeds[precision]})
    words = ["train", "cdcgan", "--data", "shapes", *TINY, "--runs", tmp_path, "--resume", "--precision", "auto"]
    assert condgan(*words, "--kimg", "0.008").code == 0
    assert read_json(tmp_path / "cdcgan" / "run.json")["precision"] == chosen
    speeds["no"], speeds["bf16"] = speeds["bf16"], speeds["no"]
    result = condgan(*words, "--kimg", "0.016")
    assert result.code == 0, result.err
    assert read_json(tmp_path / "cdcgan" / "run.json")["precision"] == chosen
