"""Names of files and labels: their order, and how they are written in messages."""

import re
import unicodedata
from collections.abc import Sequence

NUMBER = re.compile(r"0*([0-9]+)")  # without leading zeros
SYSTEM_FILES = ("__MACOSX", "@eaDir", "$RECYCLE.BIN", "Thumbs.db", "desktop.ini")


def by_name(name: str) -> str:
    """Returns a sort key: alphabetical, with numbers by value, so that `9.png` is before `10.png`.

    It is a string, as tuples would take several times the memory and time. NUL, which no name contains, is less than
    any other character, so that a number is less than any text.
    """
    return NUMBER.sub(lambda number: f"\0{chr(len(number[1]))}{number[1]}", name) + f"\0\0{name}"


def is_hidden(name: str) -> bool:
    """Returns whether a file belongs to an editor or the system, such as those that macOS adds to archives."""
    return any(part.startswith(".") or part in SYSTEM_FILES for part in name.split("/"))


def named(names: Sequence[str], shown: int = 3) -> str:
    """Formats the first names and the number of the others.

    >>> named(["a", "b", "c", "d"]), named(["a"])
    ('a, b, c and 1 more', 'a')
    """
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(map(printable, names[:shown])) + more


def printable(name: str) -> str:
    """Returns a name that any terminal prints: parts of file names that are not Unicode are escaped."""
    return name.encode("utf-8", "backslashreplace").decode()


def tidy(text: str) -> str:
    """Returns a name in Unicode's composed form (NFC), without spaces around it and with single spaces in it."""
    return " ".join(unicodedata.normalize("NFC", printable(text)).split())
