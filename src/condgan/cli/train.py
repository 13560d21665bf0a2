"""The command `condgan train`: recipe and data set -> `Run.train`, whose progress it shows."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from functools import cache
from math import ceil, inf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from condgan.cli.options import (
    DataOption,
    Interrupted,
    OptionsOption,
    PresetOption,
    ResolutionOption,
    SeedOption,
    fail,
    load_data,
    parse_options,
)
from condgan.cli.reading import with_reading
from condgan.errors import InputError

if TYPE_CHECKING:
    from condgan.callbacks import Callback
    from condgan.data import Images
    from condgan.recipes import Recipe

app = typer.Typer()


@app.command()
@with_reading
def train(
    data: DataOption,
    recipe: Annotated[
        str | None,
        typer.Argument(
            help="Name of a recipe (see `condgan recipes`), or your own as module:function. Default: layout, which "
            "needs labels."
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the run, saved in RUNS/NAME. Default: the recipe's name.")
    ] = None,
    runs: Annotated[Path, typer.Option("--runs", help="Folder of all runs.")] = Path("runs"),
    preset: PresetOption = None,
    options: OptionsOption = [],  # noqa: B006
    resolution: ResolutionOption = None,
    seed: SeedOption = 0,
    kimg: Annotated[
        float | None,
        typer.Option(
            help="Length of the training in thousands of real images, without pretraining. Default: all epochs of the "
            "recipe."
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            help="Train for about this long, pretraining included; turned into images once the speed is known."
        ),
    ] = None,
    save_minutes: Annotated[float, typer.Option(help="Minutes between saves.")] = 5,
    keep: Annotated[
        str | None,
        typer.Option(
            help="Checkpoints to keep beside the last two: best (the highest accuracy at saves), every=N (one every N "
            "kimg), separated by commas. Default: last, or as before.",
        ),
    ] = None,
    previews: Annotated[
        str | None,
        typer.Option(
            metavar="EVERY:UNTIL",
            help="Write previews not only at saves, but also every EVERY steps up to step UNTIL, e.g. 100:1200.",
        ),
    ] = None,
    precision: Annotated[
        str, typer.Option(help="no (float32), bf16, or auto: bf16 if the recipe is clearly faster on this machine.")
    ] = "no",
    judge: Annotated[
        Path | None,
        typer.Option("--judge", help="Judge that scores every save. Default: the embedded one if it knows the labels."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run if it exists.")] = False,
    *,
    reading: Mapping[str, Any],
) -> None:
    """Train a recipe on a data set. Ctrl-C saves and stops; continue with --resume."""
    from condgan import machine
    from condgan import recipes as table
    from condgan.budget import Budget, Forecast
    from condgan.checkpoint import checkpoint_bytes
    from condgan.cli.length import DiskUse, length_lines, precision_before, training_bar
    from condgan.config import Config
    from condgan.outputs import Previews
    from condgan.processes import leave
    from condgan.recipes.presets import DEFAULT_RECIPE, preset_options
    from condgan.run import Diverged, Run
    from condgan.saves import Keep, read_keep
    from condgan.state import check_trainable

    _check_numbers({"--minutes": minutes, "--kimg": kimg, "--save-minutes": save_minutes})
    if precision not in machine.PRECISIONS:
        raise InputError(f"--precision: found {precision!r}, expected one of {', '.join(machine.PRECISIONS)}")
    early = Previews.parse(previews) if previews is not None else None
    is_named, recipe = recipe is not None, recipe or DEFAULT_RECIPE
    table.use(recipe)
    chosen = {**preset_options(recipe, preset), **parse_options(options)}
    built = table.build(recipe, chosen)
    machine.keep_freed_memory()
    started = machine.processes()
    with started.local_main_process_first():  # which fills the cache for the others of its node
        images = load_data(data, resolution, **reading)
        if not is_named and not images.condition.is_labelled:
            raise InputError(
                f"--data {data}: found no labels, which {recipe}, the default recipe, needs; "
                f"try condgan train infogan --data {data}"
            )
        check_trainable(built, images, started.num_processes)
        callback = _callback(built, images, judge)

    folder = runs / (name or recipe)
    kept = Keep.parse(keep) if keep is not None else read_keep(folder)
    if kept.best and callback is None:
        found = f"--keep {kept}: found no judge that scores the saves"
        raise InputError(f"{found}, expected one for best; name it with --judge, or leave out best")
    measured = cache(lambda precision: machine.rehearse(built, images, precision))
    if precision == "auto":
        before = precision_before(folder) if resume else None
        precision = before or machine.fast_precision(lambda each: 1 / measured(each)["game"].images_per_second)
    processes = machine.accelerator(precision)
    is_main, precision = processes.is_main_process, processes.mixed_precision
    all_kimg = built.num_epochs * images.num_training / 1000
    budget = Budget(all_kimg if kimg is None else kimg, minutes)
    num_saves = inf if minutes is None else ceil(minutes / save_minutes) + 1
    disk = DiskUse(kept.most(budget.kimg, num_saves), checkpoint_bytes(built, images))
    disk.check(folder)
    with processes.main_process_first():  # which creates the folder
        config = Config.of(recipe, chosen, data, images, seed, precision, kimg=budget.kimg, minutes=minutes)
        run = Run(folder, config, data=_absolute(data) if is_main else None, resume=resume or not is_main)
    trained_kimg = 0.0
    try:
        forecast = Forecast(budget, measured(precision))
        gc.collect()  # the networks that were measured, which are in reference cycles
        if is_main:
            _describe(data, images, "" if is_named else recipe)
            for line in length_lines(run, forecast, built, images.num_training, disk):
                print(line, flush=True)  # before a long training, also into a pipe
        with training_bar(forecast, run, hidden=not is_main) as show:
            for status in run.train(
                images,
                budget,
                save_minutes=save_minutes,
                accelerator=processes,
                callback=callback,
                keep=kept,
                previews=early,
            ):
                show(status)
                trained_kimg = status.kimg if status.phase == "game" else 0.0
    except Diverged as error:
        fail(str(error), 1)
    except KeyboardInterrupt:
        raise Interrupted(run.saved_so_far()) from None
    if is_main:
        print(f"saved {run.folder / 'generator.safetensors'}")
        if kimg is None and trained_kimg >= all_kimg:
            print(f"all {built.num_epochs} epochs of the recipe are done; for more, use --set num_epochs=N or --kimg N")
    leave(started)


def _check_numbers(options: Mapping[str, float | None]) -> None:
    for option, number in options.items():
        if number is not None and not 0 < number < float("inf"):
            raise InputError(f"{option}: found {number:g}, expected a positive number")


def _describe(data: str, images: Images, default_recipe: str) -> None:
    """Prints what the data set is, and which recipe was chosen for it."""
    from condgan.data.inspect import summary

    print(f"data {data}: {summary(images)}")
    for notice in images.notices:
        print(f"notice: {notice}")
    if default_recipe:
        print(f"recipe {default_recipe}, the default for labelled images; for another one see condgan recipes")


def _callback(recipe: Recipe, images: Images, judge: Path | None) -> Callback | None:
    """Returns the callback that scores every save, if there are held-out labels and a judge for them."""
    from condgan.callbacks import accuracy_at_saves
    from condgan.judge import load_judge
    from condgan.machine import fast_device

    if not images.labels.numel() or not images.held_out.any():
        return None
    try:
        classifier = load_judge(judge, images.condition).to(fast_device())
    except InputError:
        if judge:
            raise
        return None
    return accuracy_at_saves(images, classifier, recipe.condition(images.condition))


def _absolute(data: str) -> str:
    """Returns a data set's name with an absolute path, so that `evaluate` finds the data from any folder."""
    from condgan.data import DATASETS

    name, colon, path = data.partition(":")
    prefix, path = (name + colon, path) if name in DATASETS else ("", data)
    is_path = Path(path).exists() or (name == "torchvision" and "/" in path)  # FOLDER/CIFAR10
    return prefix + str(Path(path).absolute()) if path and name != "shapes" and is_path else data
