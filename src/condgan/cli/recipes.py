"""The command that lists and describes recipes."""

from __future__ import annotations

import inspect
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from condgan.cli.console import console
from condgan.cli.options import OptionsOption, load_data, parse_options

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from condgan.conditions import Condition
    from condgan.networks.gan import Discriminator, Generator
    from condgan.networks.summary import Layer

app = typer.Typer()


@app.command()
def recipes(
    name: Annotated[str | None, typer.Argument(help="Recipe to show in detail.")] = None,
    options: OptionsOption = [],  # noqa: B006
    data: Annotated[
        str | None,
        typer.Option("--data", help="Build the networks for this data set. Default: for the 24 labels of i-CLEVR."),
    ] = None,
    resolution: Annotated[
        int, typer.Option("--resolution", help="Side length of the images in pixels; ignored with --data.")
    ] = 64,
    channels: Annotated[
        int, typer.Option("--channels", min=1, help="Channels of the images; ignored with --data.")
    ] = 3,
) -> Any:
    """List the recipes, or show one in detail: source, options, defaults and presets, networks layer by layer."""
    from condgan.recipes import RECIPES, find, use
    from condgan.recipes.presets import PRESETS

    if name is None:
        summaries = {known: (recipe.__doc__ or "").splitlines()[0] for known, recipe in RECIPES.items()}
        for known, summary in summaries.items():
            console.print(f"{known:17} {summary}")
        return summaries
    use(name)
    recipe = find(name)
    printed, networks = _networks(name, parse_options(options), _shape(data, resolution, channels))  # may raise
    doc, presets = inspect.cleandoc(recipe.__doc__ or ""), PRESETS.get(name, {})
    defaults = {option.name: option.default for option in inspect.signature(recipe).parameters.values()}
    console.print(doc, "", "options (--set NAME=VALUE) and defaults:")
    for option, default in defaults.items():
        console.print(f"  {option}={_as_text(default)}")
    if presets:
        console.print("", "presets (--preset NAME) and their options:")
        for preset, values in presets.items():
            texts = " ".join(f"{option}={_as_text(value)}" for option, value in values.items())
            console.print(f"  {preset}: {texts}")
    console.print(*printed)
    return {"name": name, "doc": doc, "options": defaults, "presets": presets, **networks}


def _shape(data: str | None, resolution: int, channels: int) -> tuple[Condition, int, int]:
    from condgan.conditions import MultiLabel
    from condgan.rendering.scenes import LABELS

    if data is None:
        return MultiLabel(LABELS), resolution, channels
    images = load_data(data, None)
    return images.condition, images.resolution, images.channels


def _networks(
    name: str, options: dict[str, Any], shape: tuple[Condition, int, int]
) -> tuple[list[RenderableType], dict[str, Any]]:
    """Returns the networks of a recipe layer by layer, for people and as plain data."""
    import torch

    from condgan.networks.summary import summarize
    from condgan.recipes import build

    recipe = build(name, options)
    labels, resolution, channels = shape
    condition = recipe.condition(labels)
    generator = recipe.generator(condition, resolution, channels)
    discriminator = recipe.discriminator(condition, resolution, channels)
    c = condition.encode(condition.each_value()[:1])  # on the CPU, as some networks ask how many labels there are
    layers = {
        "generator": summarize(generator, torch.zeros(1, generator.latent_dim), c),
        "discriminator": summarize(discriminator, torch.zeros(1, channels, resolution, resolution), c),
    }
    printed: list[RenderableType] = [
        "",
        f"condition: {condition.summary}, encoded as {condition.dim} numbers",
        f"images: {channels} x {resolution} x {resolution}",
        "",
        _table(generator, layers["generator"]),
        _describe("conditioning", generator.conditioning),
        "",
        _table(discriminator, layers["discriminator"]),
        _describe("conditioning", discriminator.conditioning),
        _describe("head", discriminator.head),
    ]
    as_data = {network: [asdict(layer) for layer in each] for network, each in layers.items()}
    return printed, {"condition": condition.summary, **as_data}


def _table(network: Generator | Discriminator, layers: list[Layer]) -> Table:
    from rich.table import Table

    table = Table("module", "layer", "output", "parameters", "multiply-adds", title=type(network).__name__)
    for layer in layers:
        name, description = (layer.path, layer.description) if layer.path else ("total", "")
        shape = " x ".join(map(str, layer.shape))
        table.add_row(name, description, shape, f"{layer.num_parameters:,}", f"{layer.multiply_adds:,}")
    return table


def _describe(role: str, part: object) -> str:
    """Returns the class of a part of a network and the first line of its documentation."""
    return f"{role}: {type(part).__name__}: {(inspect.getdoc(part) or '').splitlines()[0]}"


def _as_text(default: Any) -> str:
    return ",".join(map(str, default)) if isinstance(default, tuple) else str(default)
