"""Data sets of one's own: the choices that they take, and what their functions may return."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from condgan.conditions import Condition
from condgan.data import Images, Reading, load_images
from condgan.data import own as own_data
from condgan.errors import InputError
from contracts import tiny_images

SPEC = "mine:faces"
Change = Callable[[Images], Any]


@pytest.fixture
def returned(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Names a data set of one's own with this function, or one that returns these images."""

    def named(found: Any) -> None:
        function = found if callable(found) else lambda resolution: found
        monkeypatch.setattr(own_data, "_named", {SPEC: function})

    return named


def test_choices_of_any_data_set_are_obeyed(returned: Callable[..., None]) -> None:
    images = tiny_images("multi_label", num_images=400)
    returned(replace(images, reading={"group_by": "patient"}))
    part = load_images(SPEC, reading=Reading(judge_part=0.2))
    assert part.num_training == pytest.approx(0.8 * images.num_training, rel=0.1)
    assert part.reading == {"judge_part": 0.2}
    value = images.condition.values[0]
    held_out = load_images(SPEC, reading=Reading(hold_out=[[value]]))
    assert not images.condition.wanted(held_out.part(held_out=False).labels)[:, 0].any()


@pytest.mark.parametrize(
    "choice",
    [{"label_columns": ["kind"]}, {"split": "every-20th"}, {"split": "stratified"}, {"encoding": "gbk"}],
    ids=str,
)
def test_choices_of_files_are_refused(returned: Callable[..., None], choice: dict[str, Any]) -> None:
    returned(tiny_images("class"))
    with pytest.raises(
        InputError, match=f"data 'mine:faces': --{next(iter(choice))[:5]}.* has no effect on mine:faces"
    ):
        load_images(SPEC, reading=Reading(**choice))


@pytest.mark.parametrize("kind", ["class", "multi_label", "attributes", "codes"])
@pytest.mark.parametrize("channels", [1, 3])
def test_images_that_fit_are_returned_as_they_are(returned: Callable[..., None], kind: str, channels: int) -> None:
    images = tiny_images(kind)
    images = replace(images, images=images.images[:, :channels])
    returned(images)
    assert load_images(SPEC, 16).content_hash == images.content_hash


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda i: replace(i, images=i.images.float()), "images as float32 of shape (40, 3, 16, 16), expected uint8"),
        (lambda i: replace(i, images=i.images[:, :, :8]), "shape (40, 3, 8, 16), expected uint8 of"),
        (lambda i: replace(i, images=i.images[:, [0, 1, 2, 0]]), "(40, 4, 16, 16), expected uint8 of shape (N, 1 or"),
        (lambda i: replace(i, images=i.images.numpy()), "images as ndarray, expected uint8 of shape"),
        (lambda i: i.at(torch.arange(0)), "no images"),
        (lambda i: replace(i, held_out=i.held_out.long()), "held_out as int64 of shape (40,), expected bool of"),
        (lambda i: replace(i, held_out=i.held_out[:9]), "held_out as bool of shape (9,), expected bool of shape (40,)"),
        (lambda i: replace(i, scenes=i.scenes[:9]), "scenes as int64 of shape (9,), expected int64 of shape (40,)"),
        (lambda i: replace(i, labels=i.labels[:9]), "labels as int64 of shape (9,), expected int64 of shape (40,)"),
        (lambda i: replace(i, labels=i.labels.float()), "labels as float32 of shape (40,), expected int64"),
        (lambda i: replace(i, labels=i.labels * 0 + 24), "labels from 24 to 24, of the images from number 0"),
        (lambda i: replace(i, condition_lists={"new": i.labels[:2] * 0 - 1}), "condition_lists['new'] from -1 to -1,"),
        (lambda i: replace(i, condition=i.condition.values), "the condition ('gray square', "),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(returned: Callable[..., None], change: Change, message: str) -> None:
    returned(change(tiny_images("class")))
    with pytest.raises(InputError, match="data 'mine:faces': the function returned ") as raised:
        load_images(SPEC)
    assert message in str(raised.value)


def test_sets_of_labels_are_zeros_and_ones(returned: Callable[..., None]) -> None:
    images = tiny_images("multi_label")
    labels = images.labels.clone()
    labels[7, 3] = 2
    returned(replace(images, labels=labels))
    with pytest.raises(InputError, match=r"labels with .* for image 7, expected 0 and 1 for a set of 24 labels"):
        load_images(SPEC)


def test_codes_have_a_row_for_each_image(returned: Callable[..., None]) -> None:
    images = tiny_images("codes")
    returned(replace(images, labels=images.labels[:9]))
    with pytest.raises(InputError, match="returned 9 labels, expected a row without columns for each image"):
        load_images(SPEC)


@pytest.mark.parametrize("function", [lambda: None, lambda a, b: None])
def test_functions_of_other_arguments_are_refused(returned: Callable[..., None], function: Callable[..., None]) -> None:
    returned(function)
    with pytest.raises(
        InputError, match=r"cannot be called with the resolution alone.*such as def faces\(resolution\)"
    ):
        load_images(SPEC)


def test_errors_of_a_function_are_its_own(returned: Callable[..., None]) -> None:
    def faces(resolution: int | None) -> Condition:
        raise TypeError("a bug in here")

    returned(faces)
    with pytest.raises(TypeError, match="a bug in here"):
        load_images(SPEC)
