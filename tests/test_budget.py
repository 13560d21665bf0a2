"""How long a training still takes, and minutes with pretraining; other plans are tested in test_run.py."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from accelerate import Accelerator

from condgan import run as run_module
from condgan import train as train_module
from condgan.budget import Budget, Forecast
from condgan.config import Config
from condgan.machine import Speed
from condgan.run import Run
from condgan.train import Progress
from contracts import tiny_images

SPEEDS = {"reader": Speed(3, 100), "discriminator": Speed(2, 200), "game": Speed(1000, 50)}  # 30 s, 10 s, 5.6 h


def seconds_left(
    budget: Budget, phase: str, kimg: float = 0, elapsed: float = 0, planned: float | None = None
) -> float:
    return Forecast(budget, SPEEDS).seconds_left(phase, kimg, elapsed, planned)


@pytest.mark.parametrize(
    ("phase", "kimg", "seconds"),
    [
        ("reader", 0, 30 + 10 + 120),
        ("reader", 3, 10 + 120),
        ("discriminator", 1, 5 + 120),
        ("game", 0, 120),
        ("game", 4.5, 30),
        ("game", 6, 0),
        ("game", 7, 0),
    ],
)
def test_the_rest_of_a_phase_and_all_later_ones_are_left(phase: str, kimg: float, seconds: float) -> None:
    assert seconds_left(Budget(kimg=6), phase, kimg) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("speeds", "phase", "kimg", "seconds"),
    [
        (SPEEDS, "reader", 0, 40),
        (SPEEDS, "reader", 1.5, 25),
        (SPEEDS, "discriminator", 1, 5),
        (SPEEDS, "game", 0, 0),
        ({"game": Speed(10, 50)}, "game", 0, 0),
    ],
)
def test_pretraining_is_left_until_the_game(
    speeds: Mapping[str, Speed], phase: str, kimg: float, seconds: float
) -> None:
    assert Forecast(Budget(kimg=6), speeds).pretraining_left(phase, kimg) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("phase", "kimg", "elapsed", "seconds"),
    [
        ("reader", 0, 0, 60),
        ("reader", 1, 10, 50),
        ("game", 0, 40, 20),
        ("game", 1, 60, 0),
        ("reader", 0, 30, 40),  # of 60 seconds 30 are left, and pretraining is not cut short
        ("game", 999.9, 10, 2),  # the images end sooner than the minutes
    ],
)
def test_minutes_are_those_of_the_whole_run(phase: str, kimg: float, elapsed: float, seconds: float) -> None:
    assert seconds_left(Budget(kimg=1000, minutes=1), phase, kimg, elapsed) == pytest.approx(seconds)


@pytest.mark.parametrize(("phase", "kimg", "seconds"), [("reader", 0, 540), ("game", 1, 500)])
def test_minutes_alone_are_the_whole_length(phase: str, kimg: float, seconds: float) -> None:
    assert seconds_left(Budget(minutes=9), phase, kimg, 540 - seconds) == pytest.approx(seconds)


def test_a_budget_needs_images_or_minutes() -> None:
    with pytest.raises(ValueError, match="expected kimg, minutes or both"):
        Budget()


def test_the_plan_of_a_budget_in_minutes_is_kept_when_the_minutes_are_over() -> None:
    assert seconds_left(Budget(kimg=1000, minutes=1), "game", 2, elapsed=90, planned=3) == pytest.approx(20)


def test_measured_speeds_replace_expected_ones() -> None:
    forecast = Forecast(Budget(kimg=6), SPEEDS)
    forecast.images_per_second["game"] = 100
    assert forecast.seconds_left("game", 1) == pytest.approx(50)
    assert forecast.seconds_left("discriminator", 2) == pytest.approx(60)
    assert SPEEDS["game"].images_per_second == 50


@pytest.mark.parametrize(
    ("minutes", "game_steps"),
    [
        (1, 54),  # six steps of pretraining take six seconds
        (0.11, 2),  # at most one second is left, and the speed is known after the second step
        (0.05, 2),  # pretraining alone takes longer, and is not cut short
    ],
)
def test_pretraining_is_part_of_the_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, minutes: float, game_steps: int
) -> None:
    """On a clock on which every step takes a second, and nothing else takes time."""
    clock = {"seconds": 0.0}

    def slow(steps: Callable[..., Iterator[Progress]]) -> Callable[..., Iterator[Progress]]:
        def slow_steps(*args: Any) -> Iterator[Progress]:
            for progress in steps(*args):
                clock["seconds"] += 1
                yield progress

        return slow_steps

    images = tiny_images("multi_label")
    config = Config.of("small_networks:pretrained", {}, "shapes", images, 0, "no", minutes=minutes)
    run = Run(tmp_path / "run", config)
    with monkeypatch.context() as patch:
        patch.setattr(run_module, "train", slow(train_module.train))
        patch.setattr(run_module, "pretrain", slow(train_module.pretrain))
        patch.setattr("time.monotonic", lambda: clock["seconds"])
        patch.setattr(run_module, "LOG_STEPS", 1)
        statuses = list(run.train(images, Budget(minutes=minutes), accelerator=Accelerator(cpu=True)))
    expected = ["reader"] * 3 + ["discriminator"] * 3 + ["game"] * game_steps
    assert [status.phase for status in statuses] == expected
