"""Batch norm over the batch of all processes; `test_processes.py` tests it with two."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from condgan.networks.shared_batch_norm import SharedBatchNorm, share_batch_norm


@pytest.fixture
def one_process(tmp_path: Path) -> Iterator[None]:
    distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


def seeded(*shape: int) -> Tensor:
    return 3 + 2 * torch.randn(shape, generator=torch.Generator().manual_seed(0))


NORMS: list[tuple[type[nn.Module], tuple[int, ...], dict[str, Any]]] = [
    (nn.BatchNorm2d, (5, 3, 4, 4), {}),
    (nn.BatchNorm2d, (5, 3, 4, 4), {"momentum": 0.5, "eps": 1e-3}),
    (nn.BatchNorm2d, (5, 3, 4, 4), {"momentum": None}),
    (nn.BatchNorm2d, (5, 3, 4, 4), {"affine": False}),
    (nn.BatchNorm2d, (5, 3, 4, 4), {"track_running_stats": False}),
    (nn.BatchNorm1d, (5, 3), {}),
]


@pytest.mark.usefixtures("one_process")
@pytest.mark.parametrize(("kind", "shape", "options"), NORMS, ids=str)
def test_one_process_normalises_as_torch_does(
    kind: type[nn.Module], shape: tuple[int, ...], options: dict[str, Any]
) -> None:
    own, theirs = kind(3, **options), kind(3, **options)
    wrapped = DistributedDataParallel(nn.Sequential(own, nn.Conv2d(3, 1, 1)))
    share_batch_norm(wrapped)
    assert isinstance(own, SharedBatchNorm)
    for scale in (1, 2):  # two steps, whose statistics are averaged
        results = []
        for norm in (own, theirs):
            x = (scale * seeded(*shape)).requires_grad_()
            h = norm(x)
            (gradient,) = torch.autograd.grad((h**3).sum(), x, create_graph=True)
            penalty = torch.autograd.grad(gradient.square().sum(), x)  # a second derivative, as penalties need
            results.append([h, gradient, *penalty, *norm.buffers()])
        for found, expected in zip(*results, strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(own.eval()(seeded(*shape)), theirs.eval()(seeded(*shape)))


def test_networks_that_train_alone_keep_their_batch_norm() -> None:
    network = nn.Sequential(nn.BatchNorm2d(3))
    share_batch_norm(network)
    assert type(network[0]) is nn.BatchNorm2d
