"""Options shared by several commands, and functions to read what they name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from condgan.cli.console import console
from condgan.cli.early import check_data
from condgan.errors import InputError
from condgan.seeds import MAX_SEED

if TYPE_CHECKING:
    from condgan.data import Images

DATA = (
    "Data set: a folder, zip or tar file of labelled images (see docs/data.md), `sample`, `mnist`, `shapes[:KIND]`, "
    "`torchvision:NAME`, `huggingface:NAME`, or your own as module:function."
)
DataOption = Annotated[str, typer.Option("--data", help=DATA)]
DataArgument = Annotated[str, typer.Argument(metavar="DATA", help=DATA)]
ResolutionOption = Annotated[
    int | None,
    typer.Option(
        "--resolution", help="Side length of the images in pixels. Default: that of the data set, usually 64."
    ),
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, max=MAX_SEED, help="Random seed.")]
JudgeOption = Annotated[
    Path | None,
    typer.Option("--judge", help="Judge: a judge.safetensors or the lab's checkpoint.pth. Default: the embedded one."),
]
DeviceOption = Annotated[
    str | None,
    typer.Option("--device", help="Device, e.g. cpu, cuda or cuda:1. Default: the accelerator if there is one."),
]
OptionsOption = Annotated[
    list[str], typer.Option("--set", metavar="NAME=VALUE", help="Set an option of the recipe; can be repeated.")
]

PresetOption = Annotated[
    str | None,
    typer.Option("--preset", help="Named options of the recipe (see `condgan recipes NAME`); --set overrides them."),
]
RecipeOption = Annotated[
    list[str],
    typer.Option(
        "--recipe",
        metavar="MODULE:FUNCTION",
        help="Import a recipe of your own that the files may use; can be repeated. Recipes of condgan need no "
        "such permission.",
    ),
]


def use_recipes(names: Iterable[str]) -> None:
    """Imports the recipes named by --recipe, so that files may use them."""
    from condgan.recipes import use

    for name in names:
        use(name)


def check_suffix(option: str, file: Path, suffix: str) -> None:
    """Raises InputError unless a file to write has the ending of its format, as files of another kind are not ours."""
    if file.suffix.lower() != suffix:
        raise InputError(f"{option} {file}: expected a name that ends with {suffix}")


def load_data(spec: str, resolution: int | None, *, by_person: bool = True, **reading: Any) -> Images:
    """Loads a data set, and shows how many of its files are listed, hashed and decoded.

    `by_person` tells whether a person named it, who may name code of their own, and not a file. `reading` are fields of
    `condgan.data.Reading`, as run.json has them.
    """
    if check_data(spec) and by_person:
        from condgan.data import use

        use(spec)

    from condgan.data import Reading, load_images
    from condgan.data.progress import watched

    with console.progress() as show:

        def report(what: str, done: int, total: int | None) -> None:
            share, of = (None, "") if total is None else (done / max(total, 1), f" of {total}")
            show(what, share, f"{what} {done}{of} files")

        with watched(report):
            return load_images(spec, resolution, reading=Reading(**reading))


def parse_options(texts: Iterable[str]) -> dict[str, str]:
    """Parses options written as NAME=VALUE. Raises InputError without an equals sign."""
    options: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"--set {text}: expected NAME=VALUE, such as --set aux_weight=24")
        options[name.strip()] = value
    return options
