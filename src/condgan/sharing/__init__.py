"""Shares a trained generator: a folder, or a model on the Hub of Hugging Face, in the layout of its models.

`model.safetensors` is a generator with its configuration in the header, as a run saves it; loading it executes no code
and reads no other file. `config.json` repeats the configuration, `README.md` is the model card, `samples.png` its
picture.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from condgan import files
from condgan.config import Config
from condgan.errors import InputError
from condgan.generate import NAMES, Conditions, LoadedGenerator, load
from condgan.grid import labelled_grid, png
from condgan.sharing import hub
from condgan.sharing.card import SAMPLES, examples, model_card
from condgan.shipped import shipped
from condgan.weights import to_safetensors

RUN_MODEL, SHARED_MODEL = NAMES
FILES = (SHARED_MODEL, "config.json", "README.md", SAMPLES)
HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def contents(
    generator: LoadedGenerator,
    title: str,
    source: str,
    *,
    license: str | None = None,
    scores: Mapping[str, Any] | None = None,
    conditions: Conditions | None = None,
) -> dict[str, bytes]:
    """Returns the content of each file of a shared model by its name.

    `source` is what the card's example passes to `from_pretrained`. For the other arguments, and for errors, see
    `LoadedGenerator.save_pretrained`.
    """
    c = examples(generator.condition) if conditions is None else generator.batch(conditions)
    card = model_card(generator.config, title, source, generator.condition.describe(c[0]), license, scores)
    run = json.dumps(generator.config.to_json())
    return {
        SHARED_MODEL: to_safetensors(generator.network.state_dict(), {"run": run}),
        "config.json": (json.dumps(generator.config.to_json(), indent=2) + "\n").encode(),
        SAMPLES: png(labelled_grid(generator.generate(c), generator.condition.describe_all(c))),
        "README.md": card.encode(),
    }


def save(generator: LoadedGenerator, folder: Path, **about: Any) -> None:
    """Writes a shared model to a folder; see `LoadedGenerator.save_pretrained`."""
    check_folder(folder)
    for name, content in contents(generator, folder.absolute().name, "path/to/this/folder", **about).items():
        files.write(folder / name, content)


def check_folder(folder: Path, names: Iterable[str] = FILES) -> None:
    """Raises InputError for the folder of a run, and if these files of a shared model would replace other ones.

    Those of an earlier shared model, which its config.json tells, may be replaced.
    """
    if (folder / RUN_MODEL).exists():
        raise InputError(f"{folder}: found the folder of a run, expected another one for the shared model")
    found = [name for name in names if (folder / name).exists()]
    if found and not _is_shared(folder):
        expected = "expected a folder without it, or that of an earlier shared model"
        raise InputError(f"{folder}: found {found[0]}, which would be replaced; {expected}; choose another folder")


def _is_shared(folder: Path) -> bool:
    """Whether the config.json of a folder is that of a generator."""
    try:
        Config.parse(files.read_text(folder / "config.json"), "config.json")
    except InputError:
        return False
    return True


def push(generator: LoadedGenerator, name: str, private: bool, **about: Any) -> str:
    """Uploads a shared model to the Hub and returns its address; see `LoadedGenerator.push_to_hub`."""
    if not HUB_NAME.fullmatch(name):
        raise InputError(f"Hub name {name!r}: expected OWNER/NAME, e.g. ann/faces, of letters, digits and .-_")
    return hub.upload(name, contents(generator, name, name, **about), private)


def from_pretrained(name: str | Path, revision: str | None = None) -> LoadedGenerator:
    """Loads a shipped generator, a folder or file like `load`, or else the model OWNER/NAME from the Hub.

    `revision` is a branch, tag or commit of the Hub's model. Only its model.safetensors is downloaded, once, into the
    cache of huggingface_hub. Raises InputError like `load`, and if the Hub has no such model or cannot be reached.

    >>> import condgan
    >>> condgan.from_pretrained("iclevr").condition.summary
    'a set of 24 labels'
    """
    if Path(name).exists() or str(name) in shipped() or not HUB_NAME.fullmatch(str(name)):
        return load(name)
    return load(hub.download(str(name), SHARED_MODEL, revision))
