"""Fonts that have the characters of a text: Pillow's, Matplotlib's DejaVu Sans, or one that is installed."""

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from PIL import ImageFont

SIZE = 11  # of captions, in pixels
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def font_for(text: str) -> tuple[Font, str]:
    """Returns a font and the text to draw with it: characters that no font has are escaped, such as `\\u732b`."""
    if text.isascii():
        return ImageFont.load_default(SIZE), text
    for path in _fonts():
        if not _needed(text) - _characters(path):
            return ImageFont.truetype(path, SIZE), text
    first = next(_fonts())
    has = _characters(first)
    shown = (character if ord(character) in has else ascii(character)[1:-1] for character in text)
    return ImageFont.truetype(first, SIZE), "".join(shown)


def without_font(texts: Iterable[str]) -> list[str]:
    """Returns the texts with characters that no single font has."""
    return [text for text in texts if font_for(text)[1] != text]


def _needed(text: str) -> set[int]:
    return {ord(character) for character in text if unicodedata.category(character) not in ("Cf", "Zs")}


def _fonts() -> Iterator[Path]:
    """Yields font files: that of Matplotlib first, and installed ones only if they are asked for."""
    from matplotlib import font_manager, get_data_path

    yield Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    yield from sorted(map(Path, font_manager.findSystemFonts()), key=_plainest)


def _plainest(path: Path) -> tuple[bool, str]:
    return not path.stem.lower().endswith(("regular", "sans")), path.name


@cache
def _characters(path: Path) -> frozenset[int]:
    """Returns the characters of a font; none if it cannot be drawn at any size."""
    from matplotlib.ft2font import FT2Font

    try:
        ImageFont.truetype(path, SIZE)
        return frozenset(FT2Font(str(path)).get_charmap())
    except (OSError, RuntimeError):  # bitmaps, such as coloured emoji, and broken fonts
        return frozenset()
