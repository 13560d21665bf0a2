import pytest
import torch

from condgan import machine


@pytest.mark.parametrize(("bf16_seconds", "chosen"), [(0.1, "bf16"), (0.5, "no"), (2.0, "no")])
def test_bf16_is_chosen_only_where_that_is_several_times_faster(
    monkeypatch: pytest.MonkeyPatch, bf16_seconds: float, chosen: str
) -> None:
    seconds = {torch.float32: 1.0, torch.bfloat16: bf16_seconds}
    monkeypatch.setattr(machine, "_seconds", lambda dtype, device: seconds[dtype])
    assert machine.fast_precision() == chosen


def test_keeping_freed_memory_can_be_taken_back() -> None:
    machine.keep_freed_memory()
    machine.keep_freed_memory(False)
    assert torch.ones(3).sum() == 3
