"""A player as the reports print it: its layers, the shapes they leave, their weights and multiply-adds."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from condgan.networks.parts import Discriminator, Generator


@dataclass(frozen=True)
class Layer:
    """One layer: its place, what it is, the shape it leaves for one image, its weights, and its multiply-adds."""

    place: str
    description: str
    shape: tuple[int, ...]
    num_weights: int
    multiply_adds: int


def summarize(player: Generator | Discriminator, *inputs: Tensor) -> list[Layer]:
    """The layers of a player in the order in which one image passes them; works on the meta device.

    The last entry is the player itself: its sums, which count weights and products outside of any layer as well.
    """
    layers: list[tuple[str, nn.Module, tuple[int, ...]]] = []

    def note(place: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        return lambda module, _, output: layers.append((place, module, tuple(output.shape[1:])))

    hooks = [
        module.register_forward_hook(note(place))
        for place, module in player.named_modules()
        if _is_layer(module) and "parametrizations" not in place
    ]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        player.eval()(*inputs)
    for hook in hooks:
        hook.remove()
    flops, name = counter.get_flop_counts(), type(player).__name__
    counted = [
        Layer(place, _describe(module), shape, _num_weights(module), _products(flops.get(f"{name}.{place}", {})))
        for place, module, shape in layers
    ]
    return [*counted, Layer("", name, (), _num_weights(player), _products(flops["Global"]))]


def _is_layer(module: nn.Module) -> bool:
    return all(name == "parametrizations" for name, _ in module.named_children())


def _describe(module: nn.Module) -> str:
    name = type(module).__name__.removeprefix("Parametrized")
    return f"{name}({module.extra_repr()})"


def _num_weights(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


def _products(flops: dict[object, int]) -> int:
    return sum(flops.values()) // 2  # a multiply-add is two operations
