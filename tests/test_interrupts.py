import os
import signal
import threading

import pytest

from condgan.interrupts import deferred_interrupts

signals = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


def test_without_a_signal_nothing_is_received() -> None:
    with deferred_interrupts() as interrupted:
        assert not interrupted()


@signals
def test_a_signal_is_noted_and_raises_nothing(number: signal.Signals) -> None:
    with deferred_interrupts() as interrupted:
        os.kill(os.getpid(), number)
        assert interrupted()
        assert interrupted()  # until the end


def test_a_second_signal_takes_effect_at_once() -> None:
    with deferred_interrupts() as interrupted:
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        assert interrupted()


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
