"""A table of a network's layers: output shapes, parameters and multiply-adds."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from condgan.networks.gan import Discriminator, Generator


@dataclass(frozen=True)
class Layer:
    """One layer: module path, description, output shape for one image, parameters, multiply-adds."""

    path: str
    description: str
    shape: tuple[int, ...]
    num_parameters: int
    multiply_adds: int


def summarize(network: Generator | Discriminator, *inputs: Tensor) -> list[Layer]:
    """Returns the layers in the order in which they are called on one image; works on the meta device.

    `inputs` are those of the network's forward for a batch of one. The last entry is the network itself with its
    totals, which include parameters and multiply-adds outside of any layer.
    """
    layers: list[tuple[str, nn.Module, tuple[int, ...]]] = []

    def note(path: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor | tuple[Tensor, ...]], None]:
        def hook(module: nn.Module, _: tuple[Tensor, ...], output: Tensor | tuple[Tensor, ...]) -> None:
            tensor = output if isinstance(output, Tensor) else output[0]  # attention returns its weights as well
            layers.append((path, module, tuple(tensor.shape[1:])))

        return hook

    hooks = [
        module.register_forward_hook(note(path))
        for path, module in network.named_modules()
        if _is_layer(module) and "parametrizations" not in path
    ]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.eval()(*inputs)
    for hook in hooks:
        hook.remove()
    flops, name = counter.get_flop_counts(), type(network).__name__
    counted = [
        Layer(path, _describe(module), shape, _num_parameters(module), _multiply_adds(flops.get(f"{name}.{path}", {})))
        for path, module, shape in layers
    ]
    return [*counted, Layer("", name, (), _num_parameters(network), _multiply_adds(flops["Global"]))]


def _is_layer(module: nn.Module) -> bool:
    # The projections inside attention are not called as modules.
    return isinstance(module, nn.MultiheadAttention) or all(
        name == "parametrizations" for name, _ in module.named_children()
    )


def _describe(module: nn.Module) -> str:
    name = type(module).__name__.removeprefix("Parametrized")
    if isinstance(module, nn.MultiheadAttention):
        return f"{name}({module.embed_dim}, num_heads={module.num_heads})"
    return f"{name}({module.extra_repr()})"


def _num_parameters(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


def _multiply_adds(flops: dict[object, int]) -> int:
    return sum(flops.values()) // 2  # a multiply-add is two operations
