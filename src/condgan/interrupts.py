"""Interrupts that wait for the end of a training step."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def deferred_interrupts() -> Iterator[Callable[[], bool]]:
    """Yields a function that tells whether SIGINT or SIGTERM was received; a second signal takes effect at once.

    Only the main thread can handle signals; in other threads the function always returns False.
    """
    received: list[int] = []
    handled = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
    before = {number: signal.getsignal(number) for number in handled}

    def note(number: int, frame: FrameType | None) -> None:
        received.append(number)
        for other, handler in before.items():
            signal.signal(other, handler)

    for number in before:
        signal.signal(number, note)
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
