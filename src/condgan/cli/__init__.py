"""The command line, the only part that prints. Heavy modules are imported inside the command that needs them."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from condgan import __version__
from condgan.cli import data, evaluate, generate, judge, play, recipes, share, studies, train
from condgan.cli.console import Interrupted, fail, with_output
from condgan.cli.usage import Commands, check_words
from condgan.errors import InputError
from condgan.interrupts import prompt_interrupts

INTERRUPTED = 130
# In the errors of gloo and NCCL if a process has ended while others wait for it
LOST_PROCESS = (
    "Connection closed by peer",
    "Connection reset by peer",
    "Socket closed",
    "Broken pipe",  # for the one that writes
    "remote process exited",
)

app = typer.Typer(
    cls=Commands,
    help="Train, sample and evaluate conditional GANs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(recipes.app)
app.add_typer(train.app)
app.add_typer(generate.app)
app.add_typer(play.app)
app.add_typer(evaluate.app)
app.add_typer(studies.app)
app.add_typer(share.app)
app.add_typer(judge.app, name="judge")
app.add_typer(data.app, name="data")
for group in app.registered_groups:
    for command in group.typer_instance.registered_commands if group.typer_instance else ():
        command.callback = with_output(command.callback) if command.callback else None


def main() -> None:
    """Runs a command. Exits with one message and code 2 on wrong input, 130 on an interrupt, 1 on other failures."""
    for stream in (sys.stdout, sys.stderr):  # names in any script, on terminals of any encoding
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.path.append(str(Path.cwd()))  # where recipes given as module:function are looked for, too
    try:
        check_words(sys.argv[1:])
        with prompt_interrupts():
            app()
    except InputError as error:
        fail(str(error), 2)
    except Interrupted as stop:
        fail(f"interrupted; {stop}", INTERRUPTED)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}" if error.filename else str(error), 2)
    except RuntimeError as error:
        if not any(sign in str(error) for sign in LOST_PROCESS):
            raise
        fail("another process of this job ended; see its message. Run the same command again (train: add --resume)", 1)
    except SystemExit as end:  # typer turns KeyboardInterrupt into it
        if end.code == INTERRUPTED:
            fail("interrupted; files that were written are whole; run the same command again", INTERRUPTED)
        raise


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(f"condgan {__version__}")
        raise typer.Exit
