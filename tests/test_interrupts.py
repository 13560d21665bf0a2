import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from condgan.interrupts import deferred_interrupts, prompt_interrupts

signals = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])


def test_without_a_signal_nothing_is_received() -> None:
    with deferred_interrupts() as interrupted:
        assert not interrupted()


@signals
def test_a_signal_is_noted_and_raises_nothing(number: signal.Signals) -> None:
    with deferred_interrupts() as interrupted:
        os.kill(os.getpid(), number)
        assert interrupted()
        assert interrupted()  # until the end


@signals
def test_a_second_signal_takes_effect_at_once(number: signal.Signals) -> None:
    with deferred_interrupts() as interrupted:
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
        assert interrupted()


@signals
def test_prompt_interrupts_take_effect_at_once(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), prompt_interrupts():
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("handled", [deferred_interrupts, prompt_interrupts])
def test_hang_ups_stay_ignored_under_nohup(handled: Callable[[], AbstractContextManager[object]]) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with handled():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


PARENT = """
import os, subprocess, sys
from condgan.interrupts import end_with_parent
quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}  # not the pipes that the test reads to their end
child = subprocess.Popen(["sleep", "100"], preexec_fn=end_with_parent, **quiet)
print(child.pid, flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is a call of Linux")
def test_a_child_ends_with_a_parent_that_is_killed() -> None:
    done = subprocess.run([sys.executable, "-c", PARENT], capture_output=True, text=True, check=False)
    status, deadline = Path("/proc", done.stdout.strip(), "stat"), time.monotonic() + 60
    while status.exists() and status.read_text().split()[2] != "Z":  # a zombie has ended, too
        assert time.monotonic() < deadline
        time.sleep(0.01)


@signals
def test_handlers_are_restored_at_the_end(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with deferred_interrupts():
        assert signal.getsignal(number) is not before
    assert signal.getsignal(number) is before
    with pytest.raises(RuntimeError), deferred_interrupts():
        raise RuntimeError
    assert signal.getsignal(number) is before


def test_another_thread_cannot_be_interrupted() -> None:
    answers: list[bool] = []

    def work() -> None:
        with deferred_interrupts() as interrupted:
            answers.append(interrupted())

    thread = threading.Thread(target=work)
    before = signal.getsignal(signal.SIGINT)
    thread.start()
    thread.join()
    assert answers == [False]
    assert signal.getsignal(signal.SIGINT) is before
