"""Signals that end a process: at once, or at the end of a training step."""

import ctypes
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], None]
PR_SET_PDEATHSIG = 1  # prctl(2)


@contextmanager
def deferred_interrupts() -> Iterator[Callable[[], bool]]:
    """Yields a function that tells whether SIGINT, SIGTERM or SIGHUP was received.

    A second signal raises KeyboardInterrupt at once. Only the main thread can handle signals; in other threads the
    function always returns False.
    """
    received: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        received.append(number)
        if len(received) > 1:
            raise KeyboardInterrupt

    with _handled(note):
        yield lambda: bool(received)


@contextmanager
def prompt_interrupts() -> Iterator[None]:
    """Lets SIGTERM and SIGHUP raise KeyboardInterrupt, as SIGINT does."""
    with _handled(signal.default_int_handler):
        yield


@contextmanager
def _handled(handler: Handler) -> Iterator[None]:
    numbers = [signal.SIGINT, signal.SIGTERM]
    # `nohup` has SIGHUP ignored, and there is none on Windows
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    is_main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in numbers} if is_main else {}
    for number in before:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def end_with_parent() -> None:
    """Asks Linux to send SIGTERM to this process when its parent ends, however it ends. Does nothing elsewhere."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
