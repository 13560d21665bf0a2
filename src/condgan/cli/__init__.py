"""The command line: the only place that prints. Everything heavy is imported inside the command that needs it."""

from __future__ import annotations

from typing import Annotated

import typer

from condgan import __version__
from condgan.cli import data, judge, recipes, runs, studies
from condgan.cli.options import fail
from condgan.errors import InputError

INTERRUPTED = 130

app = typer.Typer(
    help="GANs that obey: train, draw and score image generators steered by conditions.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(recipes.app)
app.add_typer(runs.app)
app.add_typer(studies.app)
app.add_typer(judge.app, name="judge")
app.add_typer(data.app, name="data")


def main() -> None:
    """Runs a command. What the user can mend ends in one message and exit code 2, an interruption in 130."""
    try:
        app()
    except InputError as error:
        fail(str(error), 2)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}" if error.filename else str(error), 2)
    except SystemExit as end:  # what typer makes of KeyboardInterrupt
        if end.code == INTERRUPTED:
            fail("interrupted; what was done is saved: the same command goes on (train: with --resume)", INTERRUPTED)
        raise


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(f"condgan {__version__}")
        raise typer.Exit
