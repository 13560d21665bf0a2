"""Serves the page of the playground on this machine, or in a Space of Hugging Face."""

from pathlib import Path

import gradio as gr

from condgan.errors import InputError
from condgan.generate import load
from condgan.playground.labels import judge_for
from condgan.playground.page import asset, page
from condgan.playground.playground import Playground
from condgan.playground.settings import first_conditions


def launch(
    model: str | Path,
    *,
    title: str | None = None,
    judge: Path | None = None,
    condition: str | None = None,
    host: str | None = None,
    port: int | None = None,
    open_browser: bool = False,
) -> gr.Blocks:
    """Starts the page of a run, a shared folder, a file or a shipped generator, and returns at once.

    `title` is the name of the model on the page, by default `model`; `condition` the first that is shown. By default
    the page is at the first free port from 7860 of this machine alone. `local_url` of the result is its address,
    `block_thread` waits for an interrupt, and `close` ends it. Raises InputError like `condgan.load` and `load_judge`,
    for a condition that is not in the vocabulary, and for a port that is taken.
    """
    generator = load(model)
    first, last = first_conditions(generator.condition)
    first = first if condition is None else generator.batch(condition)[0]
    playground = Playground(generator, judge_for(generator.condition, judge), title or str(model), first, last)
    theme = gr.themes.Default(
        primary_hue="blue",
        font=["system-ui", "sans-serif"],  # of the system: Gradio's own are downloaded
        font_mono=["ui-monospace", "monospace"],
    ).set(body_text_color_subdued="*neutral_600", body_text_color_subdued_dark="*neutral_400")
    blocks = page(playground)
    try:
        blocks.launch(
            server_name=host,
            server_port=port,
            inbrowser=open_browser,
            theme=theme,
            css=asset("page.css"),
            prevent_thread_lock=True,
            quiet=True,
            share=False,
            ssr_mode=False,
            footer_links=[],
            enable_monitoring=False,
        )
    except OSError as error:
        where = f"port {port}" if port else "all ports from 7860"
        raise InputError(f"{where} of {host or 'this machine'}: taken or not allowed ({error}); use another") from error
    return blocks
