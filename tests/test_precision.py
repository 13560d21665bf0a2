import pytest
import torch

from condgan import precision


@pytest.mark.parametrize("choice", ["no", "bf16", "fp16"])
def test_a_choice_is_kept_as_it_is(choice: str) -> None:
    assert precision.resolve(choice) == choice


@pytest.mark.parametrize(("bf16_seconds", "chosen"), [(0.1, "bf16"), (0.5, "no"), (2.0, "no")])
def test_auto_is_bf16_only_where_that_is_several_times_faster(
    monkeypatch: pytest.MonkeyPatch, bf16_seconds: float, chosen: str
) -> None:
    seconds = {torch.float32: 1.0, torch.bfloat16: bf16_seconds}
    monkeypatch.setattr(precision, "_seconds", lambda dtype, device: seconds[dtype])
    assert precision.resolve("auto") == chosen
