"""Commands about several runs: ablate, reproduce, report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from condgan.cli.options import fail
from condgan.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from condgan.ablate import Outcome, TrialEvent
    from condgan.ablate.results import ResultTable

app = typer.Typer()


@app.command()
def ablate(
    spec: Annotated[Path, typer.Argument(help="What to compare, such as examples/aux_weight.yaml.")],
    runs: Annotated[Path, typer.Option("--runs", help="Where runs are kept.")] = Path("runs"),
    full: Annotated[
        bool, typer.Option("--full", help="At the scale of the recipes: no small options, all epochs.")
    ] = False,
) -> None:
    """Train and score a grid of variants x options x data x seeds; compare. Interrupt at any time; it goes on."""
    from condgan.ablate import Study, conclude, read

    study = Study(read(spec).full, runs / f"{spec.stem}-full") if full else Study(read(spec), runs / spec.stem)
    for event in study.run():
        print(_as_line(event), flush=True)
    outcome = conclude(study)
    _print_outcome(outcome)
    print(f"wrote {study.folder / 'table.md'} and {study.folder / 'curves.png'}")
    if outcome.failures:
        fail(f"{len(outcome.failures)} of {len(study.trials)} runs are not done; the same command tries them again", 1)


@app.command()
def reproduce(
    number: Annotated[str, typer.Argument(help="A report: 000, 001, 002, 003 or 004.")],
    budget: Annotated[
        str | None,
        typer.Option("--budget", help="Of all its trainings together, such as 30m or 2h. Without it: as reported."),
    ] = None,
    data: Annotated[str | None, typer.Option("--data", help="Images of your own, as for `train`.")] = None,
    runs: Annotated[Path, typer.Option("--runs", help="Where runs are kept.")] = Path("runs"),
) -> None:
    """Run what a report ran and hold its claims against it. Interrupt at any time; the same command goes on."""
    from condgan.reproduce import Reproduction

    name = f"reproduce-{number}" + (f"-{budget}" if budget else "")
    reproduction = Reproduction(number, runs / name, data=data, minutes=_minutes(budget) if budget else None)
    for event in reproduction.run():
        print(_as_line(event), flush=True)
    verdicts = reproduction.verdicts()
    _print_table(verdicts)
    print(f"wrote {reproduction.folder / 'verdicts.md'}")


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs or of ablations.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The page to write.")] = Path("report.html"),
    title: Annotated[str, typer.Option("--title", help="Its heading.")] = "Runs",
) -> None:
    """Show runs on one page that needs no network: scores, curves, images, and what the generators are made of."""
    from condgan import files
    from condgan.report import page

    files.write(out, page(runs, title))
    print(f"wrote {out}")


def _as_line(event: TrialEvent) -> str:
    line = f"[{event.number}/{event.total}] {event.run}: {event.state}"
    if event.state == "done before" or not event.seconds_left < float("inf"):
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
        raise InputError(f"--budget: found {budget!r}, expected a number with its unit, such as 90s, 30m or 2h")
    return minutes


def _print_outcome(outcome: Outcome) -> None:
    for found in outcome.tables:
        _print_table(found)
    console = _console()
    console.print(outcome.note, markup=False)
    for run, why in outcome.failures.items():
        console.print(f"{run}: {why}", markup=False)


def _print_table(found: ResultTable) -> None:
    from rich import table as rich

    table = rich.Table(*found.columns, title=found.title)
    for row in found.rows:
        table.add_row(*row)
    _console().print(table, markup=False)


def _console() -> Console:
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160)
