"""The network Q of a run of codes, and the bound of mutual information that it gives."""

from math import log
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from condgan.config import Config
from condgan.data import Images
from condgan.data.dataset import to_float
from condgan.errors import InputError
from condgan.evaluate import evaluate
from condgan.generate import load, untrained
from condgan.judge import Judge, Samples, small_judge
from condgan.recognition import load_recognition
from condgan.run import Run
from contracts import tiny_images, tiny_options
from trainings import train

OPTIONS: dict[str, Any] = {"categorical": "3", "continuous": "1"}


@pytest.fixture(scope="module")
def images() -> Images:
    return tiny_images("class", num_images=120)


def config_of(images: Images, recipe: str = "infogan", **options: Any) -> Config:
    return Config.of(recipe, tiny_options(recipe) | options, "shapes:class", images, seed=0, precision="no")


@pytest.fixture(scope="module")
def folder(images: Images, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two steps with codes."""
    folder = tmp_path_factory.mktemp("runs") / "infogan"
    train(Run(folder, config_of(images, **OPTIONS)), images, 2)
    return folder


def judge_of(images: Images) -> Judge:
    torch.manual_seed(0)
    return small_judge(images.condition, 16)


def test_q_of_the_newest_checkpoint_predicts_codes(folder: Path, images: Images) -> None:
    config = load(folder).config
    recognition = load_recognition(folder, config)
    assert recognition is not None
    found = recognition.classify(images.images, images.labels).logits
    (checkpoint,) = (folder / "checkpoints").glob("*.pt")
    weights = torch.load(checkpoint, weights_only=True)["state"]["discriminator"]
    recognition.discriminator.load_state_dict(weights)
    with torch.no_grad():
        expected = recognition.discriminator(to_float(images.images), torch.ones(120, 4)).logits  # no code is looked at
    assert torch.equal(found, expected)
    assert found.shape == (120, 3 + 2)


def test_the_bound_of_q_is_that_of_its_logits(folder: Path, images: Images) -> None:
    generator = load(folder)
    own = load_recognition(folder, generator.config)
    scores = evaluate(generator, images, {}, judge_of(images), suite="full", recognition=own)
    found = scores.breakdowns["codes of the prior"]
    assert found["information_bound[Q]"].keys() == {"class", "c1"}
    quick = evaluate(generator, images, {}, judge_of(images), recognition=own)
    assert not quick.breakdowns


class _Knowing:
    """A Q that knows the categorical code, which the images show as their brightness, and nothing of the other."""

    fingerprint = "knowing"

    def classify(self, images: Tensor, c: Tensor) -> Samples:
        value = images[:, 0, 0, 0].long() // 50
        logits = torch.cat([40.0 * torch.eye(3)[value], torch.zeros(len(images), 2)], dim=1)
        return Samples(c, logits, torch.empty(len(images), 0))


def test_a_q_that_reads_a_code_perfectly_gives_its_entropy(images: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = untrained(config_of(images, **OPTIONS))

    def shown(z: Tensor, c: Tensor) -> Tensor:
        brightness = 50 * c[:, :3].argmax(1)
        return brightness.to(torch.uint8)[:, None, None, None].expand(-1, 3, 16, 16)

    monkeypatch.setattr(generator, "from_latents", shown)
    scores = evaluate(generator, images, {}, judge_of(images), suite="full", recognition=_Knowing())
    bound = scores.breakdowns["codes of the prior"]["information_bound[Q]"]
    assert bound["class"].value == pytest.approx(log(3), abs=1e-3)
    assert bound["c1"].value < 0


def test_runs_without_codes_or_checkpoints_have_no_q(images: Images, tmp_path: Path) -> None:
    assert load_recognition(tmp_path, config_of(images, **OPTIONS)) is None
    train(Run(tmp_path / "labels", config_of(images, "acgan")), images, 1)
    assert load_recognition(tmp_path / "labels", config_of(images, "acgan")) is None


def test_a_broken_checkpoint_is_named(images: Images, tmp_path: Path) -> None:
    config = config_of(images, **OPTIONS)
    train(Run(tmp_path / "run", config), images, 1)
    (file,) = (tmp_path / "run" / "checkpoints").glob("*.pt")
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(InputError, match=rf"{file.name}: broken checkpoint .*restore it"):
        load_recognition(tmp_path / "run", config)
