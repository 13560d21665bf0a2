"""A text file with tags beside each image, such as `0001.txt` with `long hair, smile` beside `0001.png`."""

import posixpath
from collections.abc import Iterable
from math import isfinite

from condgan.data.delimited import decode
from condgan.data.listing import Listing
from condgan.data.names import tidy
from condgan.data.reading import Reading
from condgan.data.table import Table
from condgan.errors import InputError


def text_names(listing: Listing) -> list[str]:
    """Returns the text files with the name of an image."""
    stems = {posixpath.splitext(name)[0] for name in listing.images}
    return [name for name in listing.others if name.lower().endswith(".txt") and posixpath.splitext(name)[0] in stems]


def texts_beside(listing: Listing, reading: Reading) -> Table | None:
    """Reads the tags of each image, separated by commas, or by spaces if there are no commas.

    Returns None unless all images are in one folder and at least half of them have a text. Raises InputError if the
    texts contain the boxes of a detector, also in a folder `labels` beside the folder `images`, as YOLO has them.
    """
    names = text_names(listing)
    if in_labels := sorted({_in_labels(name) for name in listing.images} & set(listing.others) - set(names)):
        _refuse_boxes([_text(listing, name, reading) for name in in_labels], listing.where(in_labels[0]))
    if len({posixpath.dirname(name) for name in listing.images}) > 1 or len(names) * 2 < len(listing.images):
        return None
    texts = [_text(listing, name, reading) for name in names]
    _refuse_boxes(texts, listing.where(names[0]))
    separator = "," if any("," in text for text in texts) else " "
    sets = [_tags(text, separator) for text in texts]
    places = [listing.where(name) for name in names]
    notice = f"labels are read from {len(names)} text files beside the images"
    stems = [posixpath.splitext(name)[0] for name in names]
    return Table(str(listing.folder), stems, places, {}, sets=sets, notices=[notice], obeyed=("encoding",))


def _text(listing: Listing, name: str, reading: Reading) -> str:
    return decode((listing.folder / name).read_bytes(), listing.where(name), reading.encoding)


def _in_labels(image: str) -> str:
    """Returns the text of an image where YOLO looks for it: `labels/train/1.txt` for `images/train/1.png`."""
    return "/labels/".join(f"/{posixpath.splitext(image)[0]}".rsplit("/images/", 1))[1:] + ".txt"


def _refuse_boxes(texts: Iterable[str], where: str) -> None:
    """Raises InputError if the texts contain boxes only."""
    lines = [line for text in texts for line in text.splitlines() if line.strip()]
    if lines and all(map(_is_box, lines)):
        raise InputError(f"{where}: found boxes as YOLO writes them; convert them to COCO annotations")


def _is_box(line: str) -> bool:
    """Returns whether a line is the number of a class and coordinates, some of which may be negative or 1e-05."""
    kind, *numbers = line.split()
    try:
        return kind.isdecimal() and len(numbers) > 3 and all(isfinite(float(number)) for number in numbers)
    except ValueError:
        return False


def _tags(text: str, separator: str) -> list[str]:
    tags = (tidy(tag) for line in text.splitlines() for tag in line.split(separator))
    return list(dict.fromkeys(tag for tag in tags if tag))
