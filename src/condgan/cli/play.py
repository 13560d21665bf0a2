"""The command that opens a generator in the browser."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Annotated

import typer

from condgan.cli.console import console
from condgan.cli.generate import ModelArgument
from condgan.cli.options import JudgeOption, RecipeOption, use_recipes
from condgan.errors import InputError

app = typer.Typer()


@app.command()
def play(
    run: ModelArgument = Path("iclevr"),
    condition: Annotated[
        str | None, typer.Option("--condition", help="Condition to begin with; the page has controls for others.")
    ] = None,
    judge: JudgeOption = None,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; 0.0.0.0 lets other machines in, without a password.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="Port. Default: the first free one from 7860.")
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = False,
    recipe: RecipeOption = [],  # noqa: B006
) -> dict[str, str]:
    """Try a generator in the browser: controls for its condition, the judge's labels, interpolations, downloads."""
    from condgan.playground import gradio_version

    gradio_version()
    if port is not None:
        _check_free(host, port)
    from condgan.playground.playground import Playground
    from condgan.playground.serve import launch, wait

    use_recipes(recipe)
    playground = Playground.load(run, judge=judge, condition=condition)
    page = launch(playground, host=host, port=port, open_browser=open_browser)
    console.print(f"{run}: open {page.local_url} in a browser; Ctrl-C ends it")
    wait(page)
    return {"address": str(page.local_url)}


def _check_free(host: str, port: int) -> None:
    """Raises InputError unless a server can listen there."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"--host {host} --port {port}: {reason}; use another, or leave --port out") from None
