"""Runs of a few steps, for pages about them."""

import json
import re
import shutil
from html import unescape
from pathlib import Path

import pytest
import torch

from condgan.budget import Budget
from condgan.callbacks import accuracy_at_saves
from condgan.config import Config
from condgan.data import Images
from condgan.evaluate import evaluate
from condgan.generate import load
from condgan.grid import labelled_grid, png
from condgan.judge import small_judge
from condgan.recipes import build
from condgan.run import Run
from contracts import tiny_images, tiny_options

EVERY_STEP = 1e-9  # minutes
CONDITIONS = ["red square", "blue circle, green triangle", "cyan circle"]


def train_run(
    folder: Path, recipe: str, kind: str = "multi_label", *, steps: int = 4, with_scores: bool = False
) -> Images:
    """Trains for a few steps at 16x16, with a save after each, and returns the images."""
    images = tiny_images(kind, num_images=120)
    options = tiny_options(recipe) | ({"categorical": [3], "continuous": 2} if recipe == "infogan" else {})
    config = Config.of(recipe, options, f"shapes:{kind}", images, seed=0, precision="no")
    torch.manual_seed(0)
    condition = build(recipe, options).condition(images.condition)
    callback = accuracy_at_saves(images, small_judge(images.condition, 16), condition) if with_scores else None
    list(Run(folder, config).train(images, Budget(steps * 0.004), save_minutes=EVERY_STEP, callback=callback))
    return images


def evaluate_run(folder: Path, images: Images) -> None:
    """Writes the files of `condgan evaluate`, with an untrained judge."""
    torch.manual_seed(0)
    generator, judge = load(folder), small_judge(images.condition, 16)
    values = images.condition.parse_all(CONDITIONS)
    scores = evaluate(generator, images, {"pairs": values}, judge, draws=2)
    (folder / "metrics.json").write_text(json.dumps(scores.to_json()))
    (folder / "pairs.png").write_bytes(png(labelled_grid(generator.generate(values), CONDITIONS)))


@pytest.fixture(scope="session")
def trained_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """By name: a run with scores at saves, one with attention, one of codes, and one that has only a run.json.

    Tests do not change them.
    """
    folder = tmp_path_factory.mktemp("runs")
    evaluate_run(folder / "acgan", train_run(folder / "acgan", "acgan", with_scores=True))
    evaluate_run(folder / "sagan", train_run(folder / "sagan", "sagan"))
    train_run(folder / "infogan", "infogan", "codes")
    shutil.copytree(folder / "acgan", folder / "started", ignore=lambda path, names: set(names) - {"run.json"})
    return {path.name: path for path in folder.iterdir()}


def text_of(html: str) -> str:
    """Returns the text of a page."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL))).split())
