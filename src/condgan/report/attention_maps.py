"""Where a generator with self-attention looks: maps laid over its images."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from condgan.generate import LoadedGenerator
from condgan.networks.attention import SelfAttention
from condgan.report.folder import RunFolder
from condgan.report.pictures import COLUMNS, Picture, Section, enlargement, tiles

HEAT = (255, 60, 0)


def attention_maps(run: RunFolder) -> Iterator[Section]:
    """Where the middle of the image looks, and the place most unlike its background, a row for each layer."""
    generator = run.generator
    if generator is None or not _layers(generator):
        return
    c = run.conditions(COLUMNS)
    if c is None:
        yield Section("Attention", [], run.not_evaluated)
        return
    images, maps = attention_of(generator, c)
    pictures = [Picture("what was drawn", "Images drawn for eight conditions", tiles(images))]
    for weights, layer in zip(maps, _layers(generator), strict=True):
        height, width = weights.shape[1:3]
        size = f"{height} x {width} map, gamma {layer.gamma.item():.3f}"
        middle = torch.full((len(images),), height // 2), torch.full((len(images),), width // 2)
        for who, (y, x) in {"the middle": middle, "an object": most_unlike(images, height, width)}.items():
            caption = f"where {who} looks, {size}"
            seen = weights[torch.arange(len(images)), y, x]
            pictures.append(Picture(caption, f"The same images, hot {caption}", tiles(heated(images, seen, y, x))))
    note = (
        "Hot is where the framed place looks more than evenly. An object is the place that differs most from the "
        "median colour. gamma is what the layer's answer is multiplied with before it joins: near 0 it hardly matters."
    )
    yield Section("Attention", pictures, note, "wide")  # a place is small


def attention_of(generator: LoadedGenerator, c: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Images of conditions, and for each layer the weights by which each place looks at each: (N, H, W, H, W)."""
    seen: list[Tensor] = []

    def note(layer: SelfAttention, inputs: tuple[Tensor], output: Tensor) -> None:
        (h,) = inputs
        seen.append(layer.weights(h).unflatten(2, h.shape[2:]).unflatten(1, h.shape[2:]).cpu())

    hooks = [layer.register_forward_hook(note) for layer in _layers(generator)]
    images = generator.generate(c, batch_size=len(c))
    for hook in hooks:
        hook.remove()
    return images, seen


def most_unlike(images: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Of each image the place of a (height, width) map that differs most from its median colour, two (N,)."""
    flat = images.float().flatten(2)
    unlike = (flat - flat.median(dim=2, keepdim=True).values).abs().mean(1).view(len(images), 1, *images.shape[2:])
    place = adaptive_avg_pool2d(unlike, (height, width)).flatten(1).argmax(1)
    return place // width, place % width


def heated(images: Tensor, seen: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """Dimmed grey images under what is seen, (N, H, W), with a frame around the place (y, x) that looks.

    Uint8, (N, 3, S, S), enlarged as other tiles are.
    """
    side = images.shape[-1] * enlargement(images.shape[-1])
    grey = interpolate(images.float().mean(1, keepdim=True), (side, side)) * 0.7
    times_even = seen * seen[0].numel()  # 1 everywhere where all places are seen alike
    hottest = times_even.amax((1, 2), keepdim=True).clamp(min=4)
    heat = interpolate(((times_even - 1) / (hottest - 1))[:, None], (side, side), mode="bilinear").clamp(0, 1) * 0.85
    pictures = (grey * (1 - heat) + torch.tensor(HEAT).view(1, 3, 1, 1) * heat).round().to(torch.uint8)
    cell = side // seen.shape[1]
    for picture, row, column in zip(pictures, y.tolist(), x.tolist(), strict=True):
        _frame(picture, row * cell, column * cell, cell)
    return pictures


def _frame(picture: Tensor, top: int, left: int, cell: int) -> None:
    """A white line around a cell, and a black one around that, both within the picture."""
    for margin, shade in ((2, 0), (1, 255)):
        rows = slice(max(0, top - margin), top + cell + margin)
        columns = slice(max(0, left - margin), left + cell + margin)
        picture[:, rows, columns][:, [0, -1], :] = shade
        picture[:, rows, columns][:, :, [0, -1]] = shade


def _layers(generator: LoadedGenerator) -> list[SelfAttention]:
    return [module for module in generator.network.modules() if isinstance(module, SelfAttention)]
