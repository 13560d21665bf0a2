"""Runs a task over the indices of many files: with a process for each core if they are many, otherwise with threads.

Most of the time for a small image is spent in Python, where threads wait for each other. Processes are forked, so that
they share the names of the files, start in milliseconds and, unlike those that are started anew, do not run the user's
script once more. Only Linux forks safely, and only files on disk are read by processes: those of an archive share the
place where it is being read.
"""

import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from math import ceil
from multiprocessing import get_context
from typing import Any, TypeVar

from condgan.data import decode
from condgan.errors import InputError
from condgan.interrupts import end_with_parent

T = TypeVar("T")
MANY = 2000  # files, from which on processes are worth their start
_task: Callable[[range], Any]  # of this process, if it was forked


def num_cores() -> int:
    """Returns the number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_parallel(task: Callable[[range], T], num_files: int, longest: int, *, on_disk: bool) -> Iterator[T]:
    """Yields `task(indices)` for consecutive ranges of at most `longest` of the files, in order.

    The results of the task are small, as processes send them to this one. Raises what the task raises, and InputError
    if a process is ended from outside, as systems do that run out of memory.
    """
    workers = num_cores()
    length = max(1, min(longest, ceil(num_files / (4 * workers))))
    ranges = [range(start, min(start + length, num_files)) for start in range(0, num_files, length)]
    if on_disk and workers > 1 and num_files >= MANY and sys.platform == "linux":
        yield from _in_processes(task, ranges, workers)
    else:
        with ThreadPoolExecutor(workers) as pool:
            yield from pool.map(task, ranges)


def _in_processes(task: Callable[[range], T], ranges: Sequence[range], workers: int) -> Iterator[T]:
    context = get_context("fork")
    pool = ProcessPoolExecutor(workers, context, _begin, (task, context.RLock()))  # not pickled, as they are forked
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of threads such as that of a progress bar
            results = pool.map(_run, ranges)
        yield from results
    except BrokenProcessPool:
        advice = "if the system ran out of memory, use fewer cores, such as with `taskset -c 0`"
        raise InputError(f"a process that read images was ended from outside; {advice}") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(task: Callable[[range], Any], one_large: Any) -> None:
    """Prepares a process: it leaves Ctrl-C to its parent, and ends with it."""
    global _task
    _task = task
    decode.one_large = one_large
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    end_with_parent()


def _run(indices: range) -> Any:
    return _task(indices)
