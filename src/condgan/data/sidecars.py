"""A text file with tags beside each image, such as `0001.txt` with `long hair, smile` beside `0001.png`."""

import posixpath

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
    texts contain the boxes of a detector.
    """
    names = text_names(listing)
    if len({posixpath.dirname(name) for name in listing.images}) > 1 or len(names) * 2 < len(listing.images):
        return None
    texts = [decode((listing.folder / name).read_bytes(), listing.where(name), reading.encoding) for name in names]
    if all(map(_is_box, filter(str.strip, "\n".join(texts).splitlines()))):
        raise InputError(
            f"{listing.where(names[0])}: found boxes as YOLO writes them; convert them to COCO annotations"
        )
    separator = "," if any("," in text for text in texts) else " "
    sets = [_tags(text, separator) for text in texts]
    places = [listing.where(name) for name in names]
    notice = f"labels are read from {len(names)} text files beside the images"
    stems = [posixpath.splitext(name)[0] for name in names]
    return Table(str(listing.folder), stems, places, {}, sets=sets, notices=[notice])


def _is_box(line: str) -> bool:
    words = line.split()
    return len(words) > 4 and all(word.replace(".", "", 1).isdecimal() for word in words)


def _tags(text: str, separator: str) -> list[str]:
    tags = (tidy(tag) for line in text.splitlines() for tag in line.split(separator))
    return list(dict.fromkeys(tag for tag in tags if tag))
