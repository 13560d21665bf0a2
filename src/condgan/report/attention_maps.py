"""Attention maps of a generator with self-attention, drawn over its images."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from condgan.generate import LoadedGenerator
from condgan.networks.attention import SelfAttention
from condgan.report.folder import RunFolder
from condgan.report.pictures import COLUMNS, Section, enlargement, tiles

HEAT = (255, 60, 0)  # colour of high attention


def attention_maps(run: RunFolder) -> Iterator[Section]:
    """Attention maps of each layer for two queries: the centre, and the position least like the background."""
    generator = run.generator
    if generator is None or not _layers(generator):
        return
    c = run.conditions(COLUMNS)
    if c is None:
        yield Section("Attention", [], run.not_evaluated)
        return
    images, maps = attention_of(generator, c)
    pictures = [tiles(images, "images", "Generated images of eight conditions")]
    for weights, layer in zip(maps, _layers(generator), strict=True):
        height, width = weights.shape[1:3]
        size = f"{height} x {width} map, gamma {layer.gamma.item():.3f}"
        centre = torch.full((len(images),), height // 2), torch.full((len(images),), width // 2)
        for query, (y, x) in {"the centre": centre, "an object": most_unlike(images, height, width)}.items():
            caption = f"attention of {query}, {size}"
            attention = weights[torch.arange(len(images)), y, x]
            alt = f"The same images with the {caption}, as a heat map"
            pictures.append(tiles(heatmap(images, attention, y, x), caption, alt))
    note = (
        "Red: the framed position attends to this position more than uniformly. An object is the position that differs "
        "most from the median colour. gamma scales the output of the layer, which is added to its input: near 0 the "
        "layer has hardly any effect."
    )
    yield Section("Attention", pictures, note, "wide")  # positions are small


def attention_of(generator: LoadedGenerator, c: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Returns images of conditions, and the attention weights of each layer, (N, H, W, H, W) from query to key."""
    maps: list[Tensor] = []

    def note(layer: SelfAttention, inputs: tuple[Tensor], output: Tensor) -> None:
        (h,) = inputs
        maps.append(layer.weights(h).unflatten(2, h.shape[2:]).unflatten(1, h.shape[2:]).cpu())

    hooks = [layer.register_forward_hook(note) for layer in _layers(generator)]
    images = generator.generate(c, batch_size=len(c))
    for hook in hooks:
        hook.remove()
    return images, maps


def most_unlike(images: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Returns row and column (N,), in a (height, width) map, of the position least like the median colour."""
    flat = images.float().flatten(2)
    unlike = (flat - flat.median(dim=2, keepdim=True).values).abs().mean(1).view(len(images), 1, *images.shape[2:])
    place = adaptive_avg_pool2d(unlike, (height, width)).flatten(1).argmax(1)
    return place // width, place % width


def heatmap(images: Tensor, attention: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """Returns grey images with attention (N, H, W) in red and a frame around the query at row y, column x.

    They are (N, 3, S, S) uint8, enlarged like other tiles.
    """
    side = images.shape[-1] * enlargement(images.shape[-1])
    grey = interpolate(images.float().mean(1, keepdim=True), (side, side)) * 0.7
    relative = attention * attention[0].numel()  # uniform attention is 1 everywhere
    hottest = relative.amax((1, 2), keepdim=True).clamp(min=4)
    heat = interpolate(((relative - 1) / (hottest - 1))[:, None], (side, side), mode="bilinear").clamp(0, 1) * 0.85
    pictures = (grey * (1 - heat) + torch.tensor(HEAT).view(1, 3, 1, 1) * heat).round().to(torch.uint8)
    cell = side // attention.shape[1]
    for picture, row, column in zip(pictures, y.tolist(), x.tolist(), strict=True):
        _frame(picture, row * cell, column * cell, cell)
    return pictures


def _frame(picture: Tensor, top: int, left: int, cell: int) -> None:
    """Draws a white frame around a cell and a black one around that, in place."""
    for margin, shade in ((2, 0), (1, 255)):
        rows = slice(max(0, top - margin), top + cell + margin)
        columns = slice(max(0, left - margin), left + cell + margin)
        picture[:, rows, columns][:, [0, -1], :] = shade
        picture[:, rows, columns][:, :, [0, -1]] = shade


def _layers(generator: LoadedGenerator) -> list[SelfAttention]:
    return [module for module in generator.network.modules() if isinstance(module, SelfAttention)]
