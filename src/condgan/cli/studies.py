"""Commands about several runs: ablate, report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from condgan.cli.options import fail

if TYPE_CHECKING:
    from condgan.ablate import Outcome, Turn

app = typer.Typer()


@app.command()
def ablate(
    spec: Annotated[Path, typer.Argument(help="What to compare, such as examples/aux_weight.yaml.")],
    runs: Annotated[Path, typer.Option("--runs", help="Where runs are kept.")] = Path("runs"),
) -> None:
    """Train and score a grid of variants x options x data x seeds; compare. Interrupt at any time; it goes on."""
    from condgan.ablate import Study, conclude, read

    study = Study(read(spec), runs / spec.stem)
    for turn in study.play():
        print(_as_line(turn), flush=True)
    outcome = conclude(study)
    _print_outcome(outcome)
    print(f"wrote {study.folder / 'table.md'} and {study.folder / 'curves.png'}")
    if outcome.failures:
        fail(f"{len(outcome.failures)} of {len(study.trials)} runs are not done; the same command tries them again", 1)


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


def _as_line(turn: Turn) -> str:
    line = f"[{turn.number}/{turn.total}] {turn.run}: {turn.state}"
    if turn.state == "done before" or not turn.seconds_left < float("inf"):
        return line
    return f"{line}; about {turn.seconds_left / 60:.0f} min left"


def _print_outcome(outcome: Outcome) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 160)
    for found in outcome.tables:
        table = Table(*found.columns, title=f"{outcome.title}: {found.title}")
        for row in found.rows:
            table.add_row(*row)
        console.print(table, markup=False)
    console.print(outcome.note, markup=False)
    for run, why in outcome.failures.items():
        console.print(f"{run}: {why}", markup=False)
