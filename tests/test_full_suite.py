from dataclasses import replace

import pytest
import torch
from torch import Tensor

from condgan.config import Config
from condgan.data import Images
from condgan.errors import InputError
from condgan.evaluate import evaluate, neighbour_pictures
from condgan.generate import LoadedGenerator, untrained
from condgan.judge import Judge, small_judge
from condgan.label_scores import occurs
from contracts import tiny_images, tiny_options


class Copier(LoadedGenerator):
    """A generator that returns training images of a data set, whatever the condition."""

    def __init__(self, images: Images, recipe: str = "cdcgan"):
        config = Config.of(recipe, tiny_options(recipe), "shapes", images, seed=0, precision="no")
        super().__init__(untrained(config).network, config)
        self.shown = images.images[~images.held_out]

    def from_latents(self, z: Tensor, c: Tensor, batch_size: int = 100) -> Tensor:
        return self.shown[: len(c)]


def judge_of(images: Images) -> Judge:
    torch.manual_seed(0)
    return small_judge(images.condition, 16)


def test_copies_are_found_and_shown_beside_their_training_images() -> None:
    images = tiny_images("class", num_images=400)
    copier = Copier(images)
    scores = evaluate(copier, images, {}, judge_of(images), suite="full")
    row = scores.rows["generator, held-out conditions"]
    assert row["memorisation[judge]"].value > 0.9  # some held-out images look like one, too
    assert len(scores.neighbours) == 8
    for fake, real, distance in scores.neighbours:
        assert torch.equal(images.images[real], copier.shown[fake])
        assert distance == pytest.approx(0, abs=1e-6)
    pictures, captions = neighbour_pictures(copier, images, scores)
    assert pictures.shape[0] == len(captions) == 16
    assert captions[8].startswith("training image, distance 0.00, ")


def test_conditions_that_occur_in_training_are_told_from_others() -> None:
    images = tiny_images("class", num_images=400)
    is_red = images.labels == 0
    images = replace(images, held_out=images.held_out | is_red)
    scores = evaluate(
        Copier(images), images, {"both": torch.tensor([0, 1]), "one": torch.tensor([2])}, judge_of(images)
    )
    assert scores.occurrences == {"both": {"seen": 1, "unseen": 1}, "one": {"seen": 1, "unseen": 0}}
    seen, unseen, gap = (scores.composition[name]["exact_accuracy"] for name in ("seen", "unseen", "gap"))
    assert gap.value == seen.value - unseen.value
    assert gap.low <= gap.value <= gap.high
    alone = evaluate(Copier(images), images, {"one": torch.tensor([2])}, judge_of(images))
    assert alone.composition == {}


@pytest.mark.parametrize("kind", ["class", "multi_label", "attributes"])
def test_a_condition_occurs_if_all_its_values_are_those_of_an_image(kind: str) -> None:
    images = tiny_images(kind)
    others = [c for c in images.labels[20:] if not any(torch.equal(c, known) for known in images.labels[:20])]
    assert occurs(images.labels[:20].flip(0), images.labels[:20]).all()
    assert not occurs(torch.stack(others), images.labels[:20]).any()


def test_codes_have_scores_of_their_information_and_factors() -> None:
    images = tiny_images("class", num_images=600)
    options = tiny_options("infogan") | {"categorical": "3", "continuous": "1"}
    config = Config.of("infogan", options, "shapes:class", images, seed=0, precision="no")
    scores = evaluate(untrained(config), images, {}, judge_of(images), suite="full")
    row = scores.rows["generator, codes of the prior"]
    assert {"code_accuracy", "fid[judge]", "kid[judge]", "memorisation[judge]"} <= row.keys()
    assert "diversity[judge]" not in row
    bounds = scores.breakdowns["codes of the prior"]["information_bound[judge]"]
    assert bounds.keys() == {"class", "c1"}


def test_an_unknown_suite_suggests_a_known_one() -> None:
    images = tiny_images("class")
    with pytest.raises(InputError, match="did you mean 'full'"):
        evaluate(Copier(images), images, {}, judge_of(images), suite="fulll")
