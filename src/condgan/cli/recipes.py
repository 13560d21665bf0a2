"""The command that shows the systems."""

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
    name: Annotated[str | None, typer.Argument(help="Show one recipe whole.")] = None,
    options: OptionsOption = [],  # noqa: B006
    data: Annotated[
        str | None, typer.Option("--data", help="Show its networks for these images. Without it: for 24 labels.")
    ] = None,
    resolution: Annotated[int, typer.Option("--resolution", help="Side length in pixels, without --data.")] = 64,
    channels: Annotated[int, typer.Option("--channels", min=1, help="3 for colour, 1 for grey.")] = 3,
) -> None:
    """List the systems, or show one: source, options and defaults, and its networks layer by layer."""
    from condgan.recipes import RECIPES, find

    if name is None:
        for known, recipe in RECIPES.items():
            print(f"{known:17} {(recipe.__doc__ or '').splitlines()[0]}")
        return
    recipe = find(name)
    print(inspect.cleandoc(recipe.__doc__ or ""), end="\n\noptions, for --set NAME=VALUE:\n")
    for option in inspect.signature(recipe).parameters.values():
        print(f"  {option.name}={_as_text(option.default)}")
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
    with torch.device("meta"):
        generator = recipe.generator(condition, resolution, channels)
        discriminator = recipe.discriminator(condition, resolution, channels)
        z, c = torch.empty(1, generator.latent_dim), torch.empty(1, condition.dim)
        image = torch.empty(1, channels, resolution, resolution)
        generator_layers, discriminator_layers = summarize(generator, z, c), summarize(discriminator, image, c)
    print(f"\nfor {type(condition).__name__} of {condition.dim} numbers, {channels} x {resolution} x {resolution}")
    _print_player(generator, generator_layers)
    print(_shown("meets the condition by", generator.conditioning))
    _print_player(discriminator, discriminator_layers)
    print(_shown("meets the condition by", discriminator.conditioning))
    print(_shown("answers by", discriminator.head))


def _print_player(player: Generator | Discriminator, layers: list[Layer]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("layer", "", "leaves", "weights", "multiply-adds", title=type(player).__name__)
    for layer in layers:
        shape = " x ".join(map(str, layer.shape))
        table.add_row(layer.path, layer.description, shape, f"{layer.num_parameters:,}", f"{layer.multiply_adds:,}")
    Console(width=None if sys.stdout.isatty() else 160).print(table, markup=False)


def _shown(what: str, part: object) -> str:
    return f"  {what} {type(part).__name__}: {(inspect.getdoc(part) or '').splitlines()[0]}"


def _as_text(default: Any) -> str:
    return ",".join(map(str, default)) if isinstance(default, tuple) else str(default)
