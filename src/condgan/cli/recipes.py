"""The command that lists and describes recipes."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from condgan.cli.options import OptionsOption, load_data, parse_options

if TYPE_CHECKING:
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
) -> None:
    """List the recipes, or show one in detail: source, options, defaults and presets, networks layer by layer."""
    from condgan.recipes import RECIPES, find, use
    from condgan.recipes.presets import PRESETS

    if name is None:
        for known, recipe in RECIPES.items():
            print(f"{known:17} {(recipe.__doc__ or '').splitlines()[0]}")
        return
    use(name)
    recipe = find(name)
    print(inspect.cleandoc(recipe.__doc__ or ""), end="\n\noptions (--set NAME=VALUE) and defaults:\n")
    for option in inspect.signature(recipe).parameters.values():
        print(f"  {option.name}={_as_text(option.default)}")
    if name in PRESETS:
        print("\npresets (--preset NAME) and their options:")
        for preset, values in PRESETS[name].items():
            print(f"  {preset}: " + " ".join(f"{option}={_as_text(value)}" for option, value in values.items()))
    _print_networks(name, parse_options(options), _shape(data, resolution, channels))


def _shape(data: str | None, resolution: int, channels: int) -> tuple[Condition, int, int]:
    from condgan.conditions import MultiLabel
    from condgan.rendering.scenes import LABELS

    if data is None:
        return MultiLabel(LABELS), resolution, channels
    images = load_data(data, None)
    return images.condition, images.resolution, images.channels


def _print_networks(name: str, options: dict[str, Any], shape: tuple[Condition, int, int]) -> None:
    import torch

    from condgan.networks.summary import summarize
    from condgan.recipes import build

    recipe = build(name, options)
    labels, resolution, channels = shape
    condition = recipe.condition(labels)
    generator = recipe.generator(condition, resolution, channels)
    discriminator = recipe.discriminator(condition, resolution, channels)
    c = condition.encode(condition.each_value()[:1])  # on the CPU, as some networks ask how many labels there are
    generator_layers = summarize(generator, torch.zeros(1, generator.latent_dim), c)
    discriminator_layers = summarize(discriminator, torch.zeros(1, channels, resolution, resolution), c)
    print(f"\ncondition: {condition.summary}, encoded as {condition.dim} numbers")
    print(f"images: {channels} x {resolution} x {resolution}\n")
    _print_layers(generator, generator_layers)
    print(_describe("conditioning", generator.conditioning), end="\n\n")
    _print_layers(discriminator, discriminator_layers)
    print(_describe("conditioning", discriminator.conditioning))
    print(_describe("head", discriminator.head))


def _print_layers(network: Generator | Discriminator, layers: list[Layer]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("module", "layer", "output", "parameters", "multiply-adds", title=type(network).__name__)
    for layer in layers:
        name, description = (layer.path, layer.description) if layer.path else ("total", "")
        shape = " x ".join(map(str, layer.shape))
        table.add_row(name, description, shape, f"{layer.num_parameters:,}", f"{layer.multiply_adds:,}")
    Console(width=None if sys.stdout.isatty() else 160).print(table, markup=False)


def _describe(role: str, part: object) -> str:
    """Returns the class of a part of a network and the first line of its documentation."""
    return f"{role}: {type(part).__name__}: {(inspect.getdoc(part) or '').splitlines()[0]}"


def _as_text(default: Any) -> str:
    return ",".join(map(str, default)) if isinstance(default, tuple) else str(default)
