"""Batch norm over the batch of several processes."""

from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DistributedDataParallel


def share_batch_norm(network: nn.Module) -> None:
    """Lets every batch norm of a network normalise by the batch of all processes, in place.

    Does nothing unless DistributedDataParallel wraps the network: otherwise each process is alone, as in a rehearsal.
    """
    if isinstance(network, DistributedDataParallel):
        for module in network.modules():
            if isinstance(module, _BatchNorm):
                module.__class__ = SharedBatchNorm  # keeps the weights, which optimizers hold


class SharedBatchNorm(_BatchNorm):
    """Batch norm over the values (N, C, ...) of all processes, each of which has to call it.

    `nn.SyncBatchNorm` runs on GPUs only, and has no second derivative, which penalties on gradients need.
    """

    def _check_input_dim(self, input: Tensor) -> None:
        pass  # the module that this one replaces has checked it

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return super().forward(input)
        h = input.float().movedim(1, -1)
        own_variance, own_mean = torch.var_mean(h, list(range(h.ndim - 1)), correction=0)
        own_number = h.new_full((1,), h.numel() / h.shape[-1])  # of values of a channel; processes may differ in it
        # The mean before the variance: a difference of the means of squares would lose digits.
        *_, number = sums = _sum(torch.cat([own_number * own_mean, own_number]))
        mean = sums[:-1] / number
        variance = _sum(own_number * (own_variance + (own_mean - mean).square())) / number
        self._update(mean.detach(), (variance * number / (number - 1)).detach())
        h = (h - mean) * (variance + self.eps).rsqrt()
        if self.affine:
            h = h * self.weight + self.bias
        normal: Tensor = h.movedim(-1, 1).to(input.dtype)
        return normal

    def _update(self, mean: Tensor, variance: Tensor) -> None:
        """Moves the running statistics, which follow from the whole batch and are therefore equal on all processes."""
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        share = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)


class _SumOverProcesses(torch.autograd.Function):
    """The sum of the tensors of all processes. Each of them contributes to it, so its gradients are summed, too."""

    @staticmethod
    def forward(context: Any, tensor: Tensor) -> Tensor:
        total = tensor.clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        return _sum(gradient)


def _sum(tensor: Tensor) -> Tensor:
    total: Tensor = _SumOverProcesses.apply(tensor)
    return total
