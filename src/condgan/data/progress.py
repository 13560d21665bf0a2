"""How far the reading of a data set has got, for whoever shows it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

REPORTED = 1000  # files, after which it is reported how many are done
Progress = Callable[[str, int, int | None], None]
_progress: ContextVar[Progress] = ContextVar("progress", default=lambda what, done, total: None)


@contextmanager
def watched(progress: Progress) -> Iterator[None]:
    """Calls `progress(what, number of files done, number of files or None)` while a data set is read in the context.

    `what` is `listed`, `hashed` or `decoded`, in this order. How many files there are is unknown while they are listed.
    """
    token = _progress.set(progress)
    try:
        yield
    finally:
        _progress.reset(token)


def report(what: str, done: int, total: int | None = None) -> None:
    """Tells the function of the innermost `watched` how far the reading has got."""
    _progress.get()(what, done, total)
