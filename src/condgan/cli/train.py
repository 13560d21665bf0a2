"""The command `condgan train`: recipe and data set -> `Run.train`, whose progress it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from condgan.cli import choices
from condgan.cli.console import Interrupted, console, fail
from condgan.cli.early import recipe_names
from condgan.cli.options import (
    DataOption,
    DeviceOption,
    OptionsOption,
    PresetOption,
    ResolutionOption,
    SeedOption,
    load_data,
)
from condgan.cli.reading import with_reading
from condgan.cli.settings import ConfigOption
from condgan.errors import InputError

if TYPE_CHECKING:
    from condgan.budget import Forecast
    from condgan.log import Status
    from condgan.run import Run

app = typer.Typer()


@app.command()
@with_reading
def train(
    context: typer.Context,
    data: DataOption,
    recipe: Annotated[
        str | None,
        typer.Argument(
            autocompletion=recipe_names,
            help="Name of a recipe (see `condgan recipes`), or your own as module:function. Default: layout, which "
            "needs labels, with --preset classes if each image has one class.",
        ),
    ] = None,
    config: ConfigOption = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the run, saved in RUNS/NAME. Default: the recipe's name.")
    ] = None,
    runs: Annotated[Path, typer.Option("--runs", help="Folder of all runs.")] = Path("runs"),
    preset: PresetOption = None,
    options: OptionsOption = [],  # noqa: B006
    resolution: ResolutionOption = None,
    seed: SeedOption = 0,
    epochs: Annotated[
        float | None,
        typer.Option("--epochs", help="Length in passes over the training images. Default: that of the recipe."),
    ] = None,
    kimg: Annotated[
        float | None,
        typer.Option("--kimg", help="Length in thousands of real images, not counting pretraining."),
    ] = None,
    steps: Annotated[int | None, typer.Option("--steps", help="Length in steps, not counting pretraining.")] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            "--minutes",
            help="Train for about this long, pretraining included; converted to images once the speed is known. With "
            "another length, whichever comes first.",
        ),
    ] = None,
    save_minutes: Annotated[float, typer.Option("--save-minutes", help="Minutes between saves.")] = 5,
    keep: Annotated[
        str | None,
        typer.Option(
            "--keep",
            help="Checkpoints to keep besides the last two: best (the highest accuracy at saves), every=N (one every N "
            "kimg), separated by commas. Default: no others; with --resume, as before.",
        ),
    ] = None,
    previews: Annotated[
        str | None,
        typer.Option(
            "--previews",
            metavar="EVERY:UNTIL",
            help="Also write previews every EVERY steps up to step UNTIL, e.g. 100:1200.",
        ),
    ] = None,
    precision: Annotated[
        str,
        typer.Option(
            "--precision",
            help="no (float32), bf16, or auto: bf16 if it makes the recipe clearly faster on this machine.",
        ),
    ] = "no",
    device: DeviceOption = None,
    judge: Annotated[
        Path | None,
        typer.Option("--judge", help="Judge that scores every save. Default: the embedded one if it knows the labels."),
    ] = None,
    log_with: Annotated[
        list[str],
        typer.Option(
            "--log-with",
            metavar="TRACKER",
            help="Log to tensorboard, wandb or trackio; can be repeated. Default: tensorboard if it is installed.",
        ),
    ] = [],  # noqa: B006
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run if it exists.")] = False,
    *,
    reading: Mapping[str, Any],
) -> dict[str, Any]:
    """Train a recipe on a data set. Ctrl-C saves and stops; continue with --resume."""
    lengths = {"kimg": kimg, "epochs": epochs, "steps": steps}
    choices.check_numbers({**lengths, "minutes": minutes, "save_minutes": save_minutes})
    length = choices.length(context, lengths)
    choices.check_names(context, recipe, data, options)  # before torch is imported, which takes seconds

    from condgan import machine, processes
    from condgan.cli.length import describe, forecast_of
    from condgan.config import Config
    from condgan.outputs import Previews
    from condgan.recipes.presets import DEFAULT_RECIPE, default_preset
    from condgan.run import Run, check_folder
    from condgan.saves import Keep
    from condgan.trackers import check_trackers

    if precision not in machine.PRECISIONS:
        raise InputError(f"--precision: found {precision!r}, expected one of {', '.join(machine.PRECISIONS)}")
    early = Previews.parse(previews) if previews is not None else None
    wanted = Keep.parse(keep) if keep is not None else None
    check_trackers(log_with)
    folder = runs / (name or (recipe or DEFAULT_RECIPE).replace(":", "-"))  # some systems have no colons in names
    check_folder(folder, resume=resume)
    processes.use_device(device)
    chosen, built = choices.build(context, recipe or DEFAULT_RECIPE, preset, options)
    machine.keep_freed_memory()
    started = processes.processes()
    with started.local_main_process_first():  # which fills the cache for the others of its node
        images = load_data(data, resolution, **{**context.obj.reading, **reading})
        if not recipe and not preset:
            preset = default_preset(images.condition)
            chosen, built = choices.build(context, DEFAULT_RECIPE, preset, options)
        callback = choices.callback(built, images, judge)
        choices.check_trainable(built, images, started.num_processes, data, recipe)
    kept = choices.kept(wanted, folder, callback)
    measured = cache(lambda precision: machine.rehearse(built, images, precision))
    accelerator = processes.accelerator(choices.precision(precision, folder if resume else None, measured))
    is_main, precision = accelerator.is_main_process, accelerator.mixed_precision
    budget = choices.budget(built, images, length, minutes)
    describe(context, data, images)
    if not recipe:
        console.note(choices.default_words(preset))
    # A recipe that cannot make a step fails here, before there is a folder
    lines, forecast = forecast_of(built, images, kept, budget, save_minutes, measured(precision), folder)
    with accelerator.main_process_first():  # which creates the folder
        facts = Config.of(
            recipe or DEFAULT_RECIPE, chosen, data, images, seed, precision, kimg=budget.kimg, minutes=minutes
        )
        run = Run(folder, facts, data=_absolute(data) if is_main else None, resume=resume or not is_main)
    for line in lines(run):
        console.note(line)
    more: dict[str, Any] = {"save_minutes": save_minutes, "keep": kept, "previews": early, "log_with": log_with}
    last = _train(run, forecast, lambda: run.train(images, budget, accelerator=accelerator, callback=callback, **more))
    console.print(f"saved {run.folder / 'generator.safetensors'}")
    if length is None and minutes is None and last is not None:
        console.note(f"all {built.num_epochs} epochs of the recipe are done; for more, use --epochs N")
    processes.leave(started)
    return _result(run)


def _train(run: Run, forecast: Forecast, statuses: Callable[[], Iterable[Status]]) -> Status | None:
    """Trains, shows the progress, and returns the last status of the game, if there was any."""
    from condgan.cli.length import training_progress
    from condgan.run import Diverged
    from condgan.state import GAME

    last = None
    try:
        with training_progress(forecast, run) as show:
            for status in statuses():
                show(status)
                last = status if status.phase == GAME else None
    except Diverged as error:
        fail(str(error), 1)
    except KeyboardInterrupt:
        raise Interrupted(run.saved_so_far()) from None
    return last


def _result(run: Run) -> dict[str, Any]:
    """The result of a training for scripts."""
    from condgan.log import read_lines

    lines, scores = read_lines(run.folder / "log.jsonl"), read_lines(run.folder / "scores.jsonl")
    return {
        "run": run.folder,
        "generator": run.folder / "generator.safetensors",
        "last": lines[-1] if lines else {},
        "scores": scores[-1] if scores else {},
    }


def _absolute(data: str) -> str:
    """Returns a data set's name with an absolute path, so that `evaluate` finds the data from any folder."""
    from condgan.data import DATASETS

    name, colon, path = data.partition(":")
    prefix, path = (name + colon, path) if name in DATASETS else ("", data)
    is_path = Path(path).exists() or (name == "torchvision" and "/" in path)  # FOLDER/CIFAR10
    return prefix + str(Path(path).absolute()) if path and name != "shapes" and is_path else data
