"""Commands for runs: train, generate, evaluate."""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from condgan.cli.options import (
    DataOption,
    Interrupted,
    JudgeOption,
    OptionsOption,
    PresetOption,
    RecipeOption,
    ResolutionOption,
    SeedOption,
    duration,
    fail,
    load_data,
    parse_options,
    progress_bar,
    read_file,
    use_recipes,
)
from condgan.cli.reading import with_reading
from condgan.errors import InputError

if TYPE_CHECKING:
    from rich.progress import TaskID

    from condgan.callbacks import Callback
    from condgan.data import Images
    from condgan.evaluate import Scores
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
    from condgan.cli.length import length_lines, precision_before
    from condgan.config import Config
    from condgan.data.inspect import summary
    from condgan.recipes.presets import DEFAULT_RECIPE, preset_options
    from condgan.run import Diverged, Run, check_trainable

    is_named, recipe = recipe is not None, recipe or DEFAULT_RECIPE
    table.use(recipe)
    chosen = {**preset_options(recipe, preset), **parse_options(options)}
    built = table.build(recipe, chosen)
    if precision not in machine.PRECISIONS:
        raise InputError(f"--precision: found {precision!r}, expected one of {', '.join(machine.PRECISIONS)}")
    for option, number in {"--minutes": minutes, "--kimg": kimg, "--save-minutes": save_minutes}.items():
        if number is not None and not 0 < number < float("inf"):
            raise InputError(f"{option}: found {number:g}, expected a positive number")
    machine.keep_freed_memory()
    folder = runs / (name or recipe)
    started = machine.processes()
    with started.main_process_first():
        images = load_data(data, resolution, **reading)
        if not is_named and not images.condition.is_labelled:
            raise InputError(
                f"--data {data}: found no labels, which {recipe}, the default recipe, needs; "
                f"try condgan train infogan --data {data}"
            )
        check_trainable(built, images, started.num_processes)
        callback = _callback(built, images, judge)
    measured = cache(lambda precision: machine.rehearse(built, images, precision))
    if precision == "auto":
        before = precision_before(folder) if resume else None
        precision = before or machine.fast_precision(lambda each: 1 / measured(each)["game"].images_per_second)
    processes = machine.accelerator(precision)
    with processes.main_process_first():
        all_kimg = built.num_epochs * images.num_training / 1000
        budget = Budget(all_kimg if kimg is None else kimg, minutes)
        config = Config.of(
            recipe,
            chosen,
            data,
            images,
            seed,
            processes.mixed_precision,
            kimg=budget.kimg,
            minutes=minutes,
        )
        is_main = processes.is_main_process
        run = Run(folder, config, data=_absolute(data) if is_main else None, resume=resume or not is_main)
    if processes.is_main_process:
        print(f"data {data}: {summary(images)}")
        for notice in images.notices:
            print(f"notice: {notice}")
        if not is_named:
            print(f"recipe {recipe}, the default for labelled images; for another one see condgan recipes")
    forecast = Forecast(budget, measured(processes.mixed_precision))
    gc.collect()  # the networks that were measured, which are in reference cycles
    if processes.is_main_process:
        for line in length_lines(run, forecast, built, images.num_training):
            print(line, flush=True)  # before a long training, also into a pipe
    trained_kimg = 0.0
    with progress_bar("{task.fields[text]}", "{task.fields[left]}", hidden=not processes.is_main_process) as bar:
        tasks: dict[str, TaskID] = {}
        try:
            for status in run.train(
                images, budget, save_minutes=save_minutes, accelerator=processes, callback=callback
            ):
                if status.phase not in tasks:
                    for task in tasks.values():
                        bar.update(task, left="")
                    tasks[status.phase] = bar.add_task("", total=1.0, text="starting", left="")
                losses = "  ".join(f"{network} {total:.3f}" for network, total in status.totals.items())
                done = f"{status.phase}  step {status.step}  {status.kimg:.1f} kimg"
                text = f"{done}  {status.images_per_second:.0f} images/s  {losses}"
                forecast.images_per_second[status.phase] = status.images_per_second
                left = forecast.seconds_left(status.phase, status.kimg, status.seconds, run.config.planned_kimg)
                bar.update(tasks[status.phase], completed=status.progress, text=text, left=f"{duration(left)} left")
                trained_kimg = status.kimg if status.phase == "game" else 0.0
        except Diverged as error:
            fail(str(error), 1)
        except KeyboardInterrupt as stop:
            raise Interrupted(stop) from None
    if processes.is_main_process:
        print(f"saved {run.folder / 'generator.safetensors'}")
        if kimg is None and trained_kimg >= all_kimg:
            print(f"all {built.num_epochs} epochs of the recipe are done; for more, use --set num_epochs=N or --kimg N")
    processes.wait_for_everyone()  # a process that exits early would abort the communication of the others
    gc.collect()  # the wrapped networks, which are in reference cycles, have to go before their process group
    processes.end_training()


@app.command()
def generate(
    condition: Annotated[str, typer.Option("--condition", help='What to generate, e.g. "red cube, blue cylinder".')],
    run: Annotated[
        Path, typer.Argument(help="Folder of a run, a generator.safetensors, or the name of a shipped generator.")
    ] = Path("iclevr"),
    place: Annotated[
        list[str],
        typer.Option(
            "--place",
            metavar="LABEL=X,Y",
            help="Place an object: x to the right and y down, in [-1, 1]; can be repeated. Recipes with a layout only.",
        ),
    ] = [],  # noqa: B006
    count: Annotated[int, typer.Option("--count", min=1, help="Number of images.")] = 16,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Folder for the images. Default: RUN/generated; ./generated for a shipped generator."
        ),
    ] = None,
    seed: SeedOption = 0,
    recipe: RecipeOption = [],  # noqa: B006
) -> None:
    """Generate images of one condition: a PNG for each, and a grid of all."""
    from condgan import files
    from condgan.cli.places import parse_places
    from condgan.generate import load
    from condgan.grid import grid, png
    from condgan.machine import fast_device

    use_recipes(recipe)
    generator = load(run).to(fast_device())
    c = generator.condition.parse(condition).expand(count, *generator.condition.parse(condition).shape)
    layout = None
    if place:
        layout = generator.layout(c, seed)
        places = parse_places(place, generator.token_names(c[0]), generator.condition.values)
        for k, x_and_y in places.items():
            layout.place[:, k] = layout.place.new_tensor(x_and_y)
    images = generator.generate(c, seed, layout=layout)
    folder = out or (run if run.is_dir() else run.parent) / "generated"
    for i, image in enumerate(images):
        files.write(folder / f"{i:04d}.png", png(grid(image[None], 1)))
    files.write(folder / "grid.png", png(grid(images)))
    print(f"wrote {count} images and {folder / 'grid.png'}")


@app.command()
@with_reading
def evaluate(
    run: Annotated[Path, typer.Argument(help="Folder of a run.")],
    conditions: Annotated[
        list[Path],
        typer.Option(
            "--conditions",
            help="JSON list of conditions; can be repeated. Default: the lists of the data set, or the most frequent "
            "conditions of its training images.",
        ),
    ] = [],  # noqa: B006
    draws: Annotated[int, typer.Option("--draws", min=1, help="Images per condition.")] = 32,
    data: Annotated[
        str | None, typer.Option("--data", help="Data set with the held-out images. Default: that of the run.")
    ] = None,
    judge: JudgeOption = None,
    seed: SeedOption = 0,
    recipe: RecipeOption = [],  # noqa: B006
    *,
    reading: Mapping[str, Any],
) -> None:
    """Score a run: accuracy of the conditions and KID, compared with real images and an untrained generator."""
    from condgan import files
    from condgan.conditions import parse_conditions
    from condgan.evaluate import check_comparable, seen_conditions
    from condgan.evaluate import evaluate as score
    from condgan.generate import load
    from condgan.grid import labelled_grid, png
    from condgan.judge import load_judge
    from condgan.processes import fast_device, joined, map_over_processes
    from condgan.run import data_location

    if not run.is_dir():
        raise InputError(f"{run}: no such folder; expected the folder of a run")
    use_recipes(recipe)
    with joined() as process:
        generator = load(run).to(fast_device())
        location = data or data_location(run, generator.config)
        with process.local_main_process_first():  # so that caches are filled once
            images = load_data(location, generator.config.resolution, **{**generator.config.reading, **reading})
        check_comparable(generator, images)
        lists = dict(images.condition_lists) or {"seen": seen_conditions(images)}
        if conditions:
            lists = {file.stem: parse_conditions(read_file(file), str(file), images.condition) for file in conditions}
        classifier = load_judge(judge, images.condition).to(fast_device())
        scores = score(generator, images, lists, classifier, draws=draws, seed=seed, mapped=map_over_processes)
        if process.is_main_process:
            files.write_json(run / "metrics.json", scores.to_json())
            for name in scores.per_condition:
                captions = images.condition.describe_all(lists[name])
                files.write(run / f"{name}.png", png(labelled_grid(generator.generate(lists[name], seed), captions)))
            _print_scores(scores)
            written = ["metrics.json", *(f"{name}.png" for name in scores.per_condition)]
            print("wrote " + ", ".join(str(run / file) for file in written))


def _print_scores(scores: Scores) -> None:
    from rich.console import Console
    from rich.table import Table

    metrics = list(dict.fromkeys(metric for row in scores.rows.values() for metric in row))
    table = Table(
        "images", *metrics, title=f"judge {scores.judge}, {scores.draws} images per condition, seed {scores.seed}"
    )
    for source, row in scores.rows.items():
        table.add_row(source, *(str(row[metric]) if metric in row else "" for metric in metrics))
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(table, markup=False)
    for name, objects in scores.per_object.items():
        by_object = Table("object", "accuracy", title=f"{name}: accuracy by object")
        for label, estimate in sorted(objects.items(), key=lambda item: item[1].value):
            by_object.add_row(label, str(estimate))
        console.print(by_object, markup=False)
    for code, meaning in scores.meaning.items():
        console.print(f"{code}: matched to {meaning}", markup=False)
    for code, effects in scores.code_effects.items():
        values = ", ".join(f"{kind} {estimate}" for kind, estimate in effects.items())
        console.print(f"{code}: correlation with {values}", markup=False)


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
    return prefix + str(Path(path).absolute()) if path and name != "shapes" and Path(path).exists() else data
