"""A Space of Hugging Face with the playground of a shared model: an app beside the model, and facts in its card."""

from importlib.metadata import version
from pathlib import Path

import yaml

from condgan import files
from condgan.playground import gradio_version

CARD, APP, REQUIREMENTS = "README.md", "app.py", "requirements.txt"
PYTHON = "3.11"  # the oldest that condgan runs on; Spaces have an older one by default


def add_space(folder: Path) -> None:
    """Adds app.py and requirements.txt to a shared folder, and what the Hub has to know of a Space to its card.

    Raises InputError if Gradio is not installed, whose version the Space takes.
    """
    title = folder.absolute().name
    facts = {
        "title": title,
        "sdk": "gradio",
        "sdk_version": gradio_version(),
        "python_version": PYTHON,
        "app_file": APP,
    }
    card = files.read_text(folder / CARD).removeprefix("---\n")
    files.write(folder / CARD, f"---\n{yaml.safe_dump(facts, sort_keys=False, allow_unicode=True)}{card}")
    files.write(folder / APP, app(title))
    files.write(folder / REQUIREMENTS, f"condgan[playground]>={version('condgan')}\n")


def app(title: str) -> str:
    """Returns the content of app.py.

    >>> compile(app("demo"), "app.py", "exec") is not None
    True
    """
    return f'''"""The playground of this model. A Space of Hugging Face runs this file; so does `python app.py`."""

from pathlib import Path

from condgan.playground.playground import Playground
from condgan.playground.serve import launch, wait

page = launch(Playground.load(Path(__file__).parent, title={title!r}))
print(f"open {{page.local_url}} in a browser", flush=True)
wait(page)
'''
