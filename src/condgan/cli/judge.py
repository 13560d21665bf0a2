"""Commands about the judge: train, score."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from condgan.cli.options import JudgeOption, ResolutionOption, SeedOption, load_data, progress_bar

if TYPE_CHECKING:
    from condgan.data import Images
    from condgan.judge import Judge

app = typer.Typer(help="Train and score the classifier that measures obedience.", no_args_is_help=True)


@app.command("train")
def train(
    data: Annotated[str, typer.Argument(help="A data set that no GAN trains on.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write.")] = Path("judge.safetensors"),
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training part.")] = 20,
    resolution: ResolutionOption = None,
    seed: SeedOption = 0,
) -> None:
    """Train a judge, and score it on the held-out part."""
    import torch

    from condgan import files
    from condgan.judge import judge_to_bytes, small_judge, train_judge
    from condgan.machine import fast_precision, keep_freed_memory

    images = load_data(data, resolution, min_objects=0)
    keep_freed_memory()
    torch.manual_seed(seed)
    judge = small_judge(images.condition, images.resolution)
    with progress_bar("loss {task.fields[loss]:.4f}") as bar:
        task = bar.add_task("", total=None, loss=float("nan"))
        for step in train_judge(judge, images, num_epochs=epochs, seed=seed, precision=fast_precision()):
            bar.update(task, completed=step.step, total=step.num_steps, loss=step.loss)
    files.write(out, judge_to_bytes(judge))
    _print_judge_score(judge, images)
    print(f"wrote {out}")


@app.command("score")
def score(
    data: Annotated[str, typer.Argument(help="A data set; its held-out part is read.")],
    judge: JudgeOption = None,
    resolution: ResolutionOption = None,
) -> None:
    """Score a judge on real images: official and exact accuracy, and calibration."""
    from condgan.judge import load_judge

    images = load_data(data, resolution, min_objects=0)
    _print_judge_score(load_judge(judge, images.condition), images)


def _print_judge_score(judge: Judge, images: Images) -> None:
    from condgan.judge import calibration_error
    from condgan.metrics import condition_accuracy, exact_accuracy

    held_out = images.part(held_out=True)
    seen = judge.classify(held_out.images, held_out.labels)
    print(f"held-out images      {len(seen)}")
    print(f"condition_accuracy   {condition_accuracy(seen, seen, images.condition)}")
    print(f"exact_accuracy       {exact_accuracy(seen, seen, images.condition)}")
    print(f"calibration error    {calibration_error(judge, seen):.4f}")
