"""Data sets of one's own: the choices that they take."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from condgan.data import Reading, load_images
from condgan.data import own as own_data
from condgan.errors import InputError
from contracts import tiny_images

SPEC = "mine:faces"


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
