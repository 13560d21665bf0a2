"""Errors that are caused by a user's input or by the disk, with messages for people."""

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)  # of a disk, of a quota


class InputError(ValueError):
    """Unusable input. The message names the place, what was found, what was expected and what to do."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Returns the end of a message with the most similar known name, or nothing if none is similar.

    >>> did_you_mean("red cub", ["red cube", "blue cube"])
    "; did you mean 'red cube'?"
    """
    in_lower_case = {each.casefold(): each for each in known}
    match = get_close_matches(name.casefold(), list(in_lower_case), n=1, cutoff=0.5)
    return f"; did you mean {in_lower_case[match[0]]!r}?" if match else ""


def first_line(error: Exception) -> str:
    """Returns the first line of what an error of a library says, or its type if it says nothing.

    >>> first_line(ValueError("not a zip file\\n(offset 12)")), first_line(EOFError())
    ('not a zip file', 'EOFError')
    """
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def in_one_line(error: Exception) -> str:
    """Returns all that an error of a library says, in one line, or its type if it says nothing.

    >>> in_one_line(ValueError("not a zip file\\n  (offset 12)")), in_one_line(EOFError())
    ('not a zip file (offset 12)', 'EOFError')
    """
    return " ".join(str(error).split()) or type(error).__name__


def unknown_recipe(name: str, known: Iterable[str]) -> InputError:
    """Returns the error for a recipe that does not exist."""
    known = list(known)
    expected = f"(known: {', '.join(known)}; yours as module:function)"
    return InputError(f"unknown recipe {name!r}{did_you_mean(str(name), known)} {expected}")


def unknown_option(recipe: str, name: str, known: Iterable[str]) -> InputError:
    """Returns the error for an option that a recipe does not have."""
    known = list(known)
    return InputError(f"{recipe} has no option {name!r}{did_you_mean(str(name), known)} (known: {', '.join(known)})")


def unknown_data(spec: str, known: Iterable[str]) -> InputError:
    """Returns the error for a data set that is neither a folder nor a built-in one."""
    known = list(known)
    return InputError(f"data {spec!r}: no such folder{did_you_mean(spec, known)} (or one of: {', '.join(known)})")


@contextmanager
def writing(path: Path, detail: str = "", advice: str = "choose another folder") -> Iterator[None]:
    """Raises InputError instead of OSError if the operating system refuses to write a file.

    The message has the path, the reason, the detail and the advice, before which a full disk gets "free some space".
    """
    try:
        yield
    except OSError as error:
        advice = f"free some space, or {advice}" if error.errno in FULL else advice
        raise InputError(
            f"cannot write {path}: {'; '.join(filter(None, (error.strerror or str(error), detail, advice)))}"
        ) from error
