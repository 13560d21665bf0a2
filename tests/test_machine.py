import ctypes
import socket
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import accumulate, cycle
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from condgan import machine, processes
from condgan.errors import InputError
from condgan.networks.gan import Generator
from condgan.objectives import Batch, Objective, Term, lazy, non_saturating
from contracts import assert_same_state, run_steps, state_of, tiny_images
from small_networks import pretrained, tiny_recipe


@pytest.mark.parametrize(
    ("bf16_seconds", "chosen"), [(0.1, "bf16"), (0.8, "bf16"), (0.9, "no"), (1.0, "no"), (2.0, "no")]
)
def test_bf16_is_chosen_only_if_its_steps_are_clearly_faster(bf16_seconds: float, chosen: str) -> None:
    assert machine.fast_precision({"no": 1.0, "bf16": bf16_seconds}.__getitem__) == chosen


def test_without_a_recipe_one_of_the_two_precisions_is_chosen_and_the_generator_is_untouched() -> None:
    before = torch.get_rng_state()
    assert machine.fast_precision() in ("no", "bf16")
    assert torch.equal(torch.get_rng_state(), before)


def seconds_in_turn(*seconds: float) -> Callable[[], float]:
    """Returns a clock that shows zero when it is first read, and that has then advanced by these seconds in turn."""
    return partial(next, accumulate(cycle(seconds), initial=0.0))


def test_a_rehearsal_measures_every_phase_and_leaves_the_first_step_out() -> None:
    images = tiny_images("multi_label")
    recipe = replace(pretrained(), discriminator_steps=3)
    clock = seconds_in_turn(5, 2, 2, 9)  # a phase reads the clock once, and after each of its three steps
    speeds = machine.rehearse(recipe, images, num_steps=3, clock=clock)
    assert list(speeds) == ["reader", "discriminator", "game"]
    assert speeds["reader"] == speeds["discriminator"] == machine.Speed(kimg=0.024, images_per_second=8 / 2)
    assert speeds["game"].kimg == pytest.approx(recipe.num_epochs * images.num_training / 1000)
    assert speeds["game"].images_per_second == pytest.approx(3 * recipe.batch_size / 2)


def test_a_phase_of_a_single_step_is_measured_by_it() -> None:
    one_step = replace(pretrained().reader.pretraining, kimg=0.008)  # type: ignore[union-attr]
    recipe = replace(pretrained(), reader=replace(pretrained().reader, pretraining=one_step))  # type: ignore[type-var]
    speeds = machine.rehearse(recipe, tiny_images("multi_label"), clock=seconds_in_turn(4))
    assert speeds["reader"] == machine.Speed(kimg=0.008, images_per_second=2)


def test_a_rehearsal_of_slow_steps_is_short() -> None:
    steps = Counter[int]()
    recipe = replace(tiny_recipe(), objective=non_saturating + Objective(discriminator={"count": count_in(steps)}))
    machine.rehearse(recipe, tiny_images("class"), num_steps=5, clock=seconds_in_turn(machine.MAX_SECONDS + 1))
    assert len(steps) == 2


def test_terms_of_every_fourth_step_count_with_their_share() -> None:
    clock = {"seconds": 0.0}

    def slow_penalty(b: Batch) -> Tensor:
        clock["seconds"] += 8
        return torch.zeros_like(b.real.score)

    recipe = replace(tiny_recipe(), objective=non_saturating + lazy(Objective(discriminator={"slow": slow_penalty}), 4))
    speeds = machine.rehearse(recipe, tiny_images("class"), clock=lambda: clock["seconds"])
    assert speeds["game"].images_per_second == pytest.approx(recipe.batch_size / 2)


def count_in(steps: "Counter[int]") -> Term:
    """Returns a term that is zero and counts how often it is computed in each step."""

    def term(b: Batch) -> Tensor:
        steps[b.step] += 1
        return torch.zeros_like(b.real.score)

    return term


@pytest.mark.parametrize("precision", ["no", "bf16"])
def test_networks_of_a_rehearsal_compute_in_its_precision_and_return_float32(precision: str) -> None:
    inner, outer = set(), set()

    def record(b: Batch) -> Tensor:
        outer.update({b.fake_image.dtype, b.real.score.dtype})
        return torch.zeros_like(b.real.score)

    def generator(*shape: Any) -> Generator:
        network = tiny_recipe().generator(*shape)
        convolution = next(m for m in network.modules() if isinstance(m, nn.ConvTranspose2d))
        convolution.register_forward_hook(lambda module, inputs, output: inner.add(output.dtype))
        return network

    objective = non_saturating + Objective(discriminator={"record": record})
    machine.rehearse(replace(tiny_recipe(), generator=generator, objective=objective), tiny_images("class"), precision)
    assert inner == {torch.bfloat16 if precision == "bf16" else torch.float32}
    assert outer == {torch.float32}


@pytest.mark.parametrize("precision", ["no", "bf16"])
def test_a_rehearsal_changes_neither_a_training_nor_the_global_generator(precision: str) -> None:
    images = tiny_images("multi_label")
    trained, expected = (state_of(pretrained(), images) for _ in range(2))
    before = torch.get_rng_state()
    speeds = machine.rehearse(trained.recipe, images, precision)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(speed.images_per_second > 0 for speed in speeds.values())
    assert run_steps(trained, images, 2) == run_steps(expected, images, 2)
    assert_same_state(trained, expected)


@pytest.mark.parametrize("precision", ["no", "bf16"])
def test_an_accelerator_has_the_precision_asked_for(precision: str) -> None:
    accelerator = processes.accelerator(precision)
    assert accelerator.mixed_precision == precision
    assert accelerator.device.type == processes.fast_device().type
    assert not accelerator.ddp_handler.broadcast_buffers


def test_a_process_may_train_in_one_precision_after_the_other() -> None:
    processes.accelerator("no")
    assert processes.accelerator("bf16").mixed_precision == "bf16"
    assert processes.accelerator("no").mixed_precision == "no"


@pytest.mark.parametrize(
    ("left_over", "message"),
    [
        ({"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0"}, "RANK=0, .* but not MASTER_ADDR, MASTER_PORT; .* unset"),
        ({"WORLD_SIZE": "4"}, "WORLD_SIZE=4 .* but not RANK, LOCAL_RANK, MASTER_ADDR, MASTER_PORT"),
        ({"LOCAL_RANK": "0", "MASTER_ADDR": "node-1"}, "but not RANK, .* unset LOCAL_RANK MASTER_ADDR"),
        ({"RANK": "first", "WORLD_SIZE": "2", "LOCAL_RANK": ""}, "expected a number in RANK=first, LOCAL_RANK=;"),
    ],
)
def test_left_over_variables_of_a_launcher_are_named(
    monkeypatch: pytest.MonkeyPatch, left_over: dict[str, str], message: str
) -> None:
    for name, value in left_over.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=message):
        processes.processes()


@pytest.mark.parametrize("rank", ["0", "1"])
def test_processes_that_do_not_come_are_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch, rank: str) -> None:
    with socket.socket() as unused:
        unused.bind(("localhost", 0))
        port = str(unused.getsockname()[1])
    left_over = {"RANK": rank, "WORLD_SIZE": "2", "LOCAL_RANK": rank, "MASTER_ADDR": "localhost", "MASTER_PORT": port}
    for name, value in (left_over | {"CONDGAN_JOIN_SECONDS": "1"}).items():
        monkeypatch.setenv(name, value)
    message = rf"process {rank} of 2 .* did not meet the others at localhost:{port} .* within 1 seconds.* unset RANK"
    with pytest.raises(InputError, match=message):
        processes.processes()


@pytest.mark.parametrize("seconds", ["soon", "0", "-3", ""])
def test_the_time_to_wait_for_processes_is_a_number_of_seconds(monkeypatch: pytest.MonkeyPatch, seconds: str) -> None:
    variables = {"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}
    for name, value in (variables | {"CONDGAN_JOIN_SECONDS": seconds}).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=f"CONDGAN_JOIN_SECONDS: found '{seconds}', expected a number of seconds"):
        processes.processes()


def test_a_rank_beyond_the_number_of_processes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {"RANK": "2", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=r"RANK=2, WORLD_SIZE=2, .* expected a RANK below WORLD_SIZE"):
        processes.processes()


def test_a_master_address_alone_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASTER_ADDR", "localhost")
    assert processes.processes().num_processes == 1


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
