"""Copies of weights from one network to another of the same layers, for comparisons of their outputs."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn


@torch.no_grad()
def unsettle(network: nn.Module) -> None:
    """Moves biases, scales and statistics off their first values, at which batch norm and attention do nothing."""
    for parameter in network.parameters():
        if parameter.dim() == 1:
            parameter.add_(torch.randn_like(parameter), alpha=0.3)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 1.5)


def copy_of(kind: Callable[[], nn.Module], entries: Iterable[Tensor]) -> nn.Module:
    """Builds a network from the entries of another's state, in order. Fails unless number and shapes agree."""
    with torch.device("meta"):
        network = kind()
    state = {name: entry.detach().clone() for name, entry in zip(network.state_dict(), entries, strict=True)}
    network.load_state_dict(state, assign=True)
    return network


def assert_close(found: Any, expected: Any) -> None:
    """Compares tensors of double precision, or lists of these."""
    torch.testing.assert_close(found, expected, atol=1e-7, rtol=1e-6)
