"""Commands for the judge: train, score."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from condgan import files
from condgan.cli.console import console
from condgan.cli.options import DeviceOption, JudgeOption, ResolutionOption, SeedOption, load_data
from condgan.cli.reading import with_reading
from condgan.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from condgan.data import Images
    from condgan.judge import Judge, Samples

app = typer.Typer(help="Train and score the judge, the classifier that scores generated images.", no_args_is_help=True)


@app.command("train")
@with_reading
def train(
    data: Annotated[str, typer.Argument(help="Data set, preferably one that no GAN is trained on.")],
    out: Annotated[Path, typer.Option("--out", dir_okay=False, help="File to write.")] = Path("judge.safetensors"),
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
    device: DeviceOption = None,
    *,
    reading: Mapping[str, Any],
) -> dict[str, Any] | None:
    """Train a judge and score it on the held-out images."""
    import torch

    from condgan.data.judge_part import only_judge_part
    from condgan.judge import ARCHITECTURES, held_out_accuracy, judge_to_bytes, train_judge
    from condgan.judge.chance import problem
    from condgan.machine import fast_precision, keep_freed_memory
    from condgan.metrics import Estimate
    from condgan.processes import joined, use_device

    if architecture not in ARCHITECTURES:
        found = f"--architecture: found {architecture!r}{did_you_mean(architecture, ARCHITECTURES)}"
        raise InputError(f"{found}; expected one of {', '.join(ARCHITECTURES)}")
    if reading.get("judge_part"):
        advice = "to train a judge on that part, use --part"
        raise InputError(f"--judge-part is for `condgan train`, which leaves a part out for a judge; {advice}")
    if part is not None and not 0 < part < 1:
        raise InputError(f"--part: found {part:g}, expected a share between 0 and 1, e.g. 0.2")
    use_device(device)
    with joined() as process:
        with process.local_main_process_first():
            # A part has to be chosen from the images that a GAN reads, which are those with labels.
            least = {"min_objects": 0} if part is None else {}
            images = load_data(data, resolution, **{**least, **reading})
        if part is not None:
            images = only_judge_part(images, part)
            console.note(f"trains on {images.num_training} images; GANs leave them out with --judge-part {part:g}")
        for notice in images.notices:
            console.note(f"notice: {notice}")
        keep_freed_memory()
        torch.manual_seed(seed)
        judge = ARCHITECTURES[architecture](images.condition, images.resolution)
        with console.progress() as show:
            try:
                for step in train_judge(judge, images, num_epochs=epochs, seed=seed, precision=fast_precision()):
                    text = f"judge  step {step.step} of {step.num_steps}  loss {step.loss:.4f}"
                    show("judge", step.step / step.num_steps, text)
            except InputError as error:
                raise InputError(f"data {data}: {error}") from None
        if not process.is_main_process:
            return None
        samples = _classified(judge, images)
        judge.held_out = held_out_accuracy(samples, images)
        files.write(out, judge_to_bytes(judge))
        scores = _score(judge, samples)
        if judge.held_out:
            scores["chance"] = list(judge.held_out.chance)
            console.print(f"by chance            {Estimate(*judge.held_out.chance)}")
        if found := problem(judge):
            console.note(f"warning: {found}: evaluate and train refuse this judge; train it longer with --epochs")
        console.print(f"wrote {out}")
        return {"file": out, **scores}


@app.command("score")
@with_reading
def score(
    data: Annotated[str, typer.Argument(help="Data set; the held-out images are used.")],
    judge: JudgeOption = None,
    resolution: ResolutionOption = None,
    device: DeviceOption = None,
    *,
    reading: Mapping[str, Any],
) -> dict[str, Any]:
    """Score a judge on real held-out images: condition accuracy, exact accuracy and calibration error."""
    from condgan.judge import read_judge
    from condgan.processes import fast_device, use_device

    images = load_data(data, resolution, **{**reading, "min_objects": 0})
    use_device(device)
    loaded = read_judge(judge, images.condition).to(fast_device())
    return _score(loaded, _classified(loaded, images))


def _classified(judge: Judge, images: Images) -> Samples:
    """The held-out images as a judge sees them."""
    held_out = images.part(held_out=True)
    return judge.classify(held_out.images, held_out.labels)


def _score(judge: Judge, samples: Samples) -> dict[str, Any]:
    """Prints and returns the scores of a judge on held-out images."""
    from condgan.judge import calibration_error
    from condgan.metrics import condition_accuracy, exact_accuracy

    accuracies = {
        "condition_accuracy": condition_accuracy(samples, samples, judge.condition),
        "exact_accuracy": exact_accuracy(samples, samples, judge.condition),
    }
    error = calibration_error(judge, samples)
    console.print(f"held-out images      {len(samples)}")
    for name, estimate in accuracies.items():
        console.print(f"{name:20} {estimate}")
    console.print(f"calibration error    {error:.4f}")
    return {"images": len(samples), **{n: list(e) for n, e in accuracies.items()}, "calibration_error": error}
