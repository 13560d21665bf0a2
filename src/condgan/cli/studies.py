"""Commands for several runs: compare, ablate, reproduce, report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from condgan import files
from condgan.cli.console import console, fail
from condgan.cli.options import RecipeOption, check_suffix, use_recipes
from condgan.errors import InputError

if TYPE_CHECKING:
    from condgan.ablate import Outcome, TrialEvent
    from condgan.ablate.results import ResultTable

app = typer.Typer()


@app.command()
def compare(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN RUN...", help="Folders of runs that `evaluate` scored, at least two.")
    ],
    recipe: RecipeOption = [],  # noqa: B006
) -> list[dict[str, Any]]:
    """Compare scored runs: ranks and differences with intervals, and whether they are within noise.

    Runs that differ only in their seed belong to one system.
    """
    from condgan.systems import comparisons

    use_recipes(recipe)
    tables = comparisons(runs)
    for table in tables:
        _print_table(table)
    return list(map(_as_data, tables))


@app.command()
def ablate(
    spec: Annotated[
        Path, typer.Argument(help="YAML file with the variants to compare, e.g. examples/aux_weight.yaml.")
    ],
    runs: Annotated[Path, typer.Option("--runs", help="Folder of all runs.")] = Path("runs"),
    full: Annotated[
        bool, typer.Option("--full", help="Train at full scale: without the `small` options, for all epochs.")
    ] = False,
    recipe: RecipeOption = [],  # noqa: B006
) -> dict[str, Any]:
    """Train, score and compare variants over several seeds. Run the same command again to continue."""
    from condgan.ablate import Study, conclude, read

    use_recipes(recipe)
    study = Study(read(spec).full, runs / f"{spec.stem}-full") if full else Study(read(spec), runs / spec.stem)
    for event in study.run():
        console.note(as_line(event))
    outcome = conclude(study)
    _print_outcome(outcome)
    written = [study.folder / "table.md", study.folder / "curves.png"]
    console.print(f"wrote {written[0]} and {written[1]}")
    tables = list(map(_as_data, outcome.tables))
    result = {"folder": study.folder, "files": written, "tables": tables, "failures": outcome.failures}
    if outcome.failures:
        console.document(result)
        fail(f"{len(outcome.failures)} of {len(study.trials)} runs are not done; run the same command to retry", 1)
    return result


@app.command()
def reproduce(
    number: Annotated[str, typer.Argument(help="Number of the report: 000, 001, 002, 003 or 004.")],
    budget: Annotated[
        str | None,
        typer.Option("--budget", help="Total training time of all runs, e.g. 30m or 2h. Default: as in the report."),
    ] = None,
    data: Annotated[str | None, typer.Option("--data", help="Data set to use instead, as for `train`.")] = None,
    runs: Annotated[Path, typer.Option("--runs", help="Folder of all runs.")] = Path("runs"),
) -> dict[str, Any]:
    """Rerun a report's experiments and check its claims. Run the same command again to continue."""
    from condgan.reproduce import Reproduction

    name = f"reproduce-{number}" + (f"-{budget}" if budget else "")
    reproduction = Reproduction(number, runs / name, data=data, minutes=_minutes(budget) if budget else None)
    for event in reproduction.run():
        console.note(as_line(event))
    verdicts = reproduction.verdicts()
    _print_table(verdicts)
    written = reproduction.folder / "verdicts.md"
    console.print(f"wrote {written}")
    return {"folder": reproduction.folder, "files": [written], "tables": [_as_data(verdicts)]}


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs or ablations.")],
    out: Annotated[Path, typer.Option("--out", "-o", dir_okay=False, help="HTML file to write.")] = Path("report.html"),
    title: Annotated[str, typer.Option("--title", help="Heading of the page.")] = "Runs",
    recipe: RecipeOption = [],  # noqa: B006
) -> dict[str, Any]:
    """Write one self-contained HTML page about runs: scores, curves, previews, interpolations, attention maps."""
    from condgan.report import page

    check_suffix("--out", out, ".html")
    use_recipes(recipe)
    files.write(out, page(runs, title))
    console.print(f"wrote {out}")
    return {"files": [out]}


def as_line(event: TrialEvent) -> str:
    """Formats the start or end of a run, with the time left unless it was done already or the time is unknown."""
    from condgan.ablate.study import ALREADY_DONE

    line = f"[{event.number}/{event.total}] {event.run}: {event.state}"
    if event.state == ALREADY_DONE or not event.seconds_left < float("inf"):
        return line
    return f"{line}; about {event.seconds_left / 60:.0f} min left"


def _minutes(budget: str) -> float:
    number, unit = budget[:-1], budget[-1:]
    units = {"s": 1 / 60, "m": 1.0, "h": 60.0}
    try:
        minutes = float(number) * units[unit]
    except (ValueError, KeyError):
        minutes = 0
    if not 0 < minutes < float("inf"):
        raise InputError(f"--budget: found {budget!r}, expected a number and a unit, e.g. 90s, 30m or 2h")
    return minutes


def _print_outcome(outcome: Outcome) -> None:
    for table in outcome.tables:
        _print_table(table)
    console.print(outcome.note)
    for run, reason in outcome.failures.items():
        console.print(f"{run}: {reason}")


def _print_table(table: ResultTable) -> None:
    from rich.table import Table

    printed = Table(*table.columns, title=table.title)
    for row in table.rows:
        printed.add_row(*row)
    console.print(printed)


def _as_data(table: ResultTable) -> dict[str, Any]:
    """Returns a table as plain data, with an object for each row."""
    return {"title": table.title, "rows": [dict(zip(table.columns, row, strict=True)) for row in table.rows]}
