"""Wrong use of `condgan play`, and `condgan share --space`."""

import socket
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
import yaml

from commands import Command, assert_input_error
from condgan import from_pretrained

needs_gradio = pytest.mark.skipif("not __import__('importlib.util').util.find_spec('gradio')", reason="no gradio")


def no_gradio(name: str) -> str:
    raise PackageNotFoundError(name)


def test_what_to_install_is_said(
    condgan: Command, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("condgan.playground.version", no_gradio)
    assert_input_error(condgan("play", model), "needs Gradio", "pip install 'condgan[playground]'")
    assert_input_error(condgan("share", model, "--out", tmp_path / "out", "--space"), "needs Gradio")
    assert not (tmp_path / "out").exists()


@needs_gradio
def test_unusable_runs_conditions_and_judges_are_reported(condgan: Command, model: Path, tmp_path: Path) -> None:
    assert_input_error(condgan("play", tmp_path / "absent"), "absent: no such file or folder; expected a run")
    assert_input_error(condgan("play", model, "--condition", "red squre"), "did you mean 'red square'?")
    assert_input_error(
        condgan("play", model, "--judge", tmp_path / "judge.safetensors"), "judge.safetensors: no such file"
    )


@needs_gradio
def test_a_port_that_is_taken_is_reported(condgan: Command, model: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert_input_error(
            condgan("play", model, "--port", str(port)), f"--port {port}: address already in use; use another"
        )
    assert_input_error(
        condgan("play", model, "--host", "no.such.host.invalid", "--port", "7000"), "--host no.such.host"
    )


@needs_gradio
def test_a_space_has_an_app_beside_the_model(condgan: Command, model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "red: 'shapes'"
    result = condgan("share", model, "--out", folder, "--license", "mit", "--space")
    assert result.code == 0, result.err
    assert f"{folder / 'app.py'}, {folder / 'requirements.txt'}" in result.out
    _, facts, card = (folder / "README.md").read_text().split("---\n", 2)
    found = yaml.safe_load(facts)
    assert {**found, "tags": None} == {
        "title": "red: 'shapes'",
        "sdk": "gradio",
        "sdk_version": version("gradio"),
        "python_version": "3.11",
        "app_file": "app.py",
        "library_name": "condgan",
        "license": "mit",
        "tags": None,
    }
    assert card.strip().startswith("# red: 'shapes'")
    assert (folder / "requirements.txt").read_text() == f"condgan[playground]>={version('condgan')}\n"
    compile((folder / "app.py").read_text(), "app.py", "exec")
    assert from_pretrained(folder)("red square").tensor.shape == (1, 3, 32, 32)


def test_a_space_needs_a_folder(condgan: Command, model: Path) -> None:
    assert_input_error(condgan("share", model, "--hub", "ann/demo", "--space"), "--space: found no --out")
