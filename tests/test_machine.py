import ctypes
import sys
from types import SimpleNamespace

import pytest
import torch

from condgan import machine


@pytest.mark.parametrize(("bf16_seconds", "chosen"), [(0.1, "bf16"), (0.5, "no"), (2.0, "no")])
def test_bf16_is_chosen_only_if_it_is_several_times_faster(
    monkeypatch: pytest.MonkeyPatch, bf16_seconds: float, chosen: str
) -> None:
    seconds = {torch.float32: 1.0, torch.bfloat16: bf16_seconds}
    monkeypatch.setattr(machine, "_seconds", lambda dtype, device: seconds[dtype])
    assert machine.fast_precision() == chosen


@pytest.mark.parametrize("precision", ["no", "bf16"])
def test_an_accelerator_has_the_precision_asked_for(precision: str) -> None:
    accelerator = machine.accelerator(precision)
    assert accelerator.mixed_precision == precision
    assert accelerator.device.type == machine.fast_device().type
    assert not accelerator.ddp_handler.broadcast_buffers


@pytest.fixture
def settings_of_malloc(monkeypatch: pytest.MonkeyPatch) -> dict[int, int]:
    """The options that were set by glibc's mallopt, by number."""
    settings: dict[int, int] = {}
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace(mallopt=settings.__setitem__))
    return settings


def test_freed_memory_is_kept_and_no_longer_kept(
    monkeypatch: pytest.MonkeyPatch, settings_of_malloc: dict[int, int]
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    trim_threshold, mmap_max = -1, -4  # mallopt(3)
    machine.keep_freed_memory()
    assert settings_of_malloc == {trim_threshold: 2**31 - 1, mmap_max: 0}
    machine.keep_freed_memory(False)
    assert settings_of_malloc == {trim_threshold: 128 * 1024, mmap_max: 65536}  # the defaults


def test_memory_is_not_changed_on_other_systems(
    monkeypatch: pytest.MonkeyPatch, settings_of_malloc: dict[int, int]
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    machine.keep_freed_memory()
    assert settings_of_malloc == {}


def test_a_c_library_without_mallopt_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace())  # musl
    machine.keep_freed_memory()
