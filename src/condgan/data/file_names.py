"""Finds the image that a table means by `15`, `15.jpg`, `images\\15.jpg` or `./data/images/15.jpg`."""

import posixpath
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cached_property

from condgan.data.names import tidy
from condgan.errors import InputError

MOST_TRIED = 200  # names from which it is told how many folders precede them


class FileNames:
    """The images of a folder by every unambiguous name: with or without folders and suffix, in upper or lower case."""

    def __init__(self, images: Iterable[str]):
        self._exact = {_plain(name): name for name in images}

    def find(self, name: str) -> Sequence[str]:
        """Returns the images that a name may mean; a whole path means one image only."""
        path = _plain(name)
        if path in self._exact:
            return (self._exact[path],)
        return self._tails.get(path.casefold()) or self._with_spaces.get(tidy(path).casefold(), ())

    def is_exact(self, name: str) -> bool:
        """Returns whether a name is the whole path of an image."""
        return _plain(name) in self._exact

    def find_all(self, names: Sequence[str], places: Sequence[str]) -> list[str | None]:
        """Returns the image of each name, None if there is none.

        Folders that precede all names, such as `/home/ann/data`, are ignored. Raises InputError with the place of a
        name that fits several images.
        """
        depth = self.outer_folders(names)
        found: list[str | None] = []
        named: dict[str, str] = {}
        for name, place in zip(names, places, strict=True):
            images = self.find(_without(name, depth))
            if len(images) > 1:
                raise InputError(f"{place}: {name!r} fits {images[0]} and {images[1]}; write the path of one of them")
            if depth and images and (other := named.setdefault(images[0], _plain(name))) != _plain(name):
                advice = "write paths below the folder of the data, and drop rows of other images"
                raise InputError(f"{place}: {name!r} and {other!r} both fit {images[0]}; {advice}")
            found.append(images[0] if images else None)
        return found

    def outer_folders(self, names: Sequence[str]) -> int:
        """Returns how many leading folders of the names to ignore, so that most of them mean different images."""
        tried = names[:: max(1, len(names) // MOST_TRIED)]
        if all(map(self.is_exact, tried)):
            return 0  # without the ends of all paths, which take several times the memory of the paths
        deepest = max((_plain(name).count("/") for name in tried), default=0)
        return max(range(deepest + 1), key=lambda depth: (len(self.distinct(tried, depth)), -depth))

    def distinct(self, names: Sequence[str], depth: int = 0) -> set[str]:
        """Returns the images that the names mean without their leading `depth` folders."""
        found = (self.find(_without(name, depth)) for name in names)
        return {images[0] for images in found if len(images) == 1}

    @cached_property
    def _with_spaces(self) -> dict[str, tuple[str, ...]]:
        """Images by their paths as cells of tables are read, where these differ: several spaces, or unusual ones."""
        found: dict[str, tuple[str, ...]] = {}
        for path, image in self._exact.items():
            if (read := tidy(path)) != path:
                found[read.casefold()] = (*found.get(read.casefold(), ()), image)
        return found

    @cached_property
    def _tails(self) -> dict[str, tuple[str, ...]]:
        """At most two images for each end of a path, with and without suffix, in lower case."""
        tails: dict[str, tuple[str, ...]] = {}
        for path, image in self._exact.items():
            parts, unambiguous = path.casefold().split("/"), (image,)
            for start in range(len(parts)):
                tail = "/".join(parts[start:])
                for key in (tail, posixpath.splitext(tail)[0]):
                    known = tails.setdefault(key, unambiguous)
                    if len(known) < 2 and image not in known:
                        tails[key] = (*known, image)
        return tails


def _plain(name: str) -> str:
    """Returns a path with slashes, in Unicode's composed form, without `./` and a leading slash."""
    path = unicodedata.normalize("NFC", name.replace("\\", "/").strip())
    plain = posixpath.normpath(path).lstrip("/") if path else path
    return name if plain == name else plain  # no second string for most names, for the memory


def _without(name: str, depth: int) -> str:
    return "/".join(_plain(name).split("/")[depth:]) if depth else name
