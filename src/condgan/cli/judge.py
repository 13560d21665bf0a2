"""Commands for the judge: train, score."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from condgan.cli.options import JudgeOption, ResolutionOption, SeedOption, load_data, progress_bar
from condgan.cli.reading import with_reading
from condgan.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from condgan.data import Images
    from condgan.judge import Judge

app = typer.Typer(help="Train and score the judge, the classifier that scores generated images.", no_args_is_help=True)


@app.command("train")
@with_reading
def train(
    data: Annotated[str, typer.Argument(help="Data set, preferably one that no GAN is trained on.")],
    out: Annotated[Path, typer.Option("--out", help="File to write.")] = Path("judge.safetensors"),
    architecture: Annotated[
        str, typer.Option("--architecture", help="Network: small, or dilated for a second judge.")
    ] = "small",
    part: Annotated[
        float | None,
        typer.Option(
            "--part",
            metavar="SHARE",
            help="Train on this share of the training images only, in whole scenes. GANs leave it out with "
            "--judge-part SHARE.",
        ),
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training images.")] = 20,
    resolution: ResolutionOption = None,
    seed: SeedOption = 0,
    *,
    reading: Mapping[str, Any],
) -> None:
    """Train a judge and score it on the held-out images."""
    import torch

    from condgan import files
    from condgan.data.judge_part import only_judge_part
    from condgan.judge import ARCHITECTURES, judge_to_bytes, train_judge
    from condgan.machine import fast_precision, keep_freed_memory
    from condgan.processes import joined

    if architecture not in ARCHITECTURES:
        found = f"--architecture: found {architecture!r}{did_you_mean(architecture, ARCHITECTURES)}"
        raise InputError(f"{found}; expected one of {', '.join(ARCHITECTURES)}")
    if part is not None and not 0 < part < 1:
        raise InputError(f"--part: found {part:g}, expected a share between 0 and 1, e.g. 0.2")
    with joined() as process:
        is_main = process.is_main_process
        with process.local_main_process_first():
            # A part has to be chosen from the images that a GAN reads, which are those with labels.
            least = {"min_objects": 0} if part is None else {}
            images = load_data(data, resolution, **{**least, **reading})
        if part is not None:
            images = only_judge_part(images, part)
            if is_main:
                print(f"trains on {images.num_training} images; GANs leave them out with --judge-part {part:g}")
        if is_main:
            for notice in images.notices:
                print(f"notice: {notice}")
        keep_freed_memory()
        torch.manual_seed(seed)
        judge = ARCHITECTURES[architecture](images.condition, images.resolution)
        with progress_bar("loss {task.fields[loss]:.4f}", hidden=not is_main) as bar:
            task = bar.add_task("", total=None, loss=float("nan"))
            for step in train_judge(judge, images, num_epochs=epochs, seed=seed, precision=fast_precision()):
                bar.update(task, completed=step.step, total=step.num_steps, loss=step.loss)
        if is_main:
            files.write(out, judge_to_bytes(judge))
            _print_judge_score(judge, images)
            print(f"wrote {out}")


@app.command("score")
@with_reading
def score(
    data: Annotated[str, typer.Argument(help="Data set; the held-out images are used.")],
    judge: JudgeOption = None,
    resolution: ResolutionOption = None,
    *,
    reading: Mapping[str, Any],
) -> None:
    """Score a judge on real held-out images: condition accuracy, exact accuracy and calibration error."""
    from condgan.judge import load_judge

    images = load_data(data, resolution, **{**reading, "min_objects": 0})
    _print_judge_score(load_judge(judge, images.condition), images)


def _print_judge_score(judge: Judge, images: Images) -> None:
    from condgan.judge import calibration_error
    from condgan.metrics import condition_accuracy, exact_accuracy

    held_out = images.part(held_out=True)
    samples = judge.classify(held_out.images, held_out.labels)
    print(f"held-out images      {len(samples)}")
    print(f"condition_accuracy   {condition_accuracy(samples, samples, images.condition)}")
    print(f"exact_accuracy       {exact_accuracy(samples, samples, images.condition)}")
    print(f"calibration error    {calibration_error(judge, samples):.4f}")
