"""The command that scores a run: evaluate."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from condgan.cli.options import (
    JudgeOption,
    RecipeOption,
    SeedOption,
    load_data,
    read_file,
    use_recipes,
)
from condgan.cli.reading import with_reading
from condgan.errors import InputError

if TYPE_CHECKING:
    from condgan.evaluate import Scores

app = typer.Typer()


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
