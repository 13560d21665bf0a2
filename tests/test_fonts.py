import numpy as np
import pytest
from PIL import Image, ImageDraw

from condgan.fonts import font_for, without_font

NOWHERE = "\U0010ffff"  # no font has this character


def drawn(text: str) -> np.ndarray:
    picture = Image.new("L", (200, 20), 0)
    font, shown = font_for(text)
    ImageDraw.Draw(picture).text((2, 2), shown, fill=255, font=font)
    return np.asarray(picture)


@pytest.mark.parametrize("text", ["café", "кот", "γάτα", "قط", "größe"])
def test_names_of_other_scripts_are_drawn_with_their_characters(text: str) -> None:
    font, shown = font_for(text)
    assert shown == text
    missing = font.getmask(NOWHERE)
    for character in text:
        assert bytes(font.getmask(character)) != bytes(missing)


def test_characters_that_no_font_has_are_escaped() -> None:
    assert font_for(f"é{NOWHERE}")[1] == r"é\U0010ffff"
    assert without_font(["cat", "café", f"a{NOWHERE}"]) == [f"a{NOWHERE}"]


def test_plain_names_keep_the_font_of_pillow() -> None:
    assert font_for("red cube")[0].getname() != font_for("é")[0].getname()  # type: ignore[union-attr]
    assert drawn("red cube").any()
