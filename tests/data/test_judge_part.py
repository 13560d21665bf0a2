"""The part of the training images that is kept for a judge."""

from dataclasses import replace

import pytest
import torch

from condgan.data import Images, Reading, load_images
from condgan.data.image_hashes import image_hashes
from condgan.data.judge_part import judge_part, leave_out_judge_part, only_judge_part
from condgan.errors import InputError
from contracts import tiny_images


def hashes(images: Images) -> set[int]:
    return set(image_hashes(images, images.training).tolist())


@pytest.mark.parametrize("kind", ["class", "multi_label", "attributes"])
def test_the_parts_of_judge_and_gan_share_no_image_and_lose_none(kind: str) -> None:
    images = tiny_images(kind, num_images=400)
    of_judge, of_gan = only_judge_part(images, 0.25), leave_out_judge_part(images, 0.25)
    assert not hashes(of_judge) & hashes(of_gan)
    assert of_judge.num_training + of_gan.num_training == images.num_training
    assert of_judge.num_training == pytest.approx(0.25 * images.num_training, rel=0.15)
    for part in (of_judge, of_gan):
        assert int(part.held_out.sum()) == int(images.held_out.sum())
        shown = images.condition.wanted(part.labels[~part.held_out]).any(0)
        assert torch.equal(shown, images.condition.wanted(images.labels[~images.held_out]).any(0))


def test_scenes_stay_together() -> None:
    pixels = torch.randint(0, 256, (400, 3, 8, 8), dtype=torch.uint8)
    images = replace(tiny_images("class", num_images=400), images=pixels, scenes=torch.arange(400) // 4)
    images = replace(images, held_out=images.scenes % 20 == 0)
    chosen = judge_part(images, 0.2)
    assert chosen.any()
    assert all(len(chosen[images.scenes == scene].unique()) == 1 for scene in range(100))
    assert not (chosen & images.held_out).any()


def test_scenes_with_equal_images_stay_together() -> None:
    pixels = torch.randint(0, 256, (400, 3, 8, 8), dtype=torch.uint8)
    images = replace(tiny_images("class", num_images=400), images=pixels, scenes=torch.arange(400) // 2)
    images = replace(images, held_out=torch.zeros(400, dtype=torch.bool))
    pixels[1::4] = pixels[2::4]  # each scene shares an image with the one after or before it
    chosen = judge_part(images, 0.2).view(100, 4)
    assert chosen.any()
    assert (chosen == chosen[:, :1]).all()


def test_reading_the_same_data_leaves_out_what_the_judge_is_trained_on() -> None:
    whole, of_gan = load_images("shapes", 8), load_images("shapes", 8, reading=Reading(judge_part=0.2))
    of_judge = only_judge_part(whole, 0.2)
    assert of_judge.num_training + of_gan.num_training == whole.num_training
    assert of_gan.reading == {"judge_part": 0.2}
    again = load_images("shapes", 8, reading=Reading(**of_gan.reading))
    assert again.content_hash == of_gan.content_hash


def test_a_share_that_leaves_nothing_for_a_side_is_refused() -> None:
    images = tiny_images("class")
    with pytest.raises(InputError, match="leaves 0 for the judge"):
        judge_part(images.at(images.held_out.nonzero()[:1, 0]), 0.2)
    with pytest.raises(InputError, match=r"--judge-part: found 1.5, expected a share below 1"):
        Reading(judge_part=1.5)
    with pytest.raises(InputError, match="no labels"):
        judge_part(tiny_images("codes"), 0.2)
