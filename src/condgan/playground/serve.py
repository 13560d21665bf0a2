"""Serves the page of the playground on this machine, or in a Space of Hugging Face."""

import time
from typing import TYPE_CHECKING

from condgan.errors import InputError
from condgan.playground.page import asset, page
from condgan.playground.playground import Playground

if TYPE_CHECKING:
    import gradio as gr


def launch(
    playground: Playground, *, host: str | None = None, port: int | None = None, open_browser: bool = False
) -> "gr.Blocks":
    """Starts the page and returns at once.

    By default it is at the first free port from 7860, of this machine alone. `local_url` of the result is its address.
    Raises InputError if the port is taken.
    """
    import gradio as gr

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


def wait(blocks: "gr.Blocks") -> None:
    """Waits for an interrupt, then ends the page."""
    try:
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        blocks.close(verbose=False)
