"""The judge's networks: ours, and the i-CLEVR lab's."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torchvision.models import resnet18

from condgan.conditions import Condition, to_json
from condgan.data.dataset import to_float
from condgan.draws import per_sample
from condgan.weights import to_safetensors


@dataclass(frozen=True)
class Samples:
    """Images as a judge sees them: wanted conditions `c`, logits (N, num_logits) and features (N, F)."""

    c: Tensor
    logits: Tensor
    features: Tensor

    @classmethod
    def joined(cls, parts: Iterable["Samples"]) -> "Samples":
        """Returns the samples of all parts, one after the other."""
        rows = ((part.c, part.logits, part.features) for part in parts)
        return cls(*map(torch.cat, zip(*rows, strict=True)))

    def __len__(self) -> int:
        return len(self.c)

    def at(self, rows: Tensor) -> "Samples":
        """Returns the samples at these indices or where this mask is true."""
        return Samples(self.c[rows], self.logits[rows], self.features[rows])


Interval = tuple[float, float, float]  # a value with the bounds of its 95 % interval


class HeldOut(NamedTuple):
    """Condition accuracies on held-out images with Wilson's intervals: that of a judge, and that of chance.

    Chance is the same answer to every image, by the frequencies of the labels in training: the most frequent class, for
    example, or as many of the most frequent labels as the image has.
    """

    accuracy: Interval
    chance: Interval

    @property
    def is_chance(self) -> bool:
        """Whether the accuracy is within the interval of chance, or below."""
        return self.accuracy[0] <= self.chance[2]


class Judge(nn.Module):
    """A classifier of images: features (N, F) by `body`, logits (N, num_logits) by the linear `head`.

    `name` is that of its architecture. `resolution` is that of the images that it is trained on, and `side`, the next
    multiple of `multiple`, that to which it resizes images. `trained_on` are the hashes of its training images
    (`seen.py`), and `held_out` is how it did on held-out images (`chance.py`). Both are None if that is not known.
    """

    def __init__(
        self, condition: Condition, resolution: int, body: nn.Module, head: nn.Linear, name: str, multiple: int = 1
    ):
        super().__init__()
        self.condition, self.resolution, self.name = condition, resolution, name
        self.side = -(-resolution // multiple) * multiple
        self.body, self.head = body, head
        self.trained_on: Tensor | None = None
        self.held_out: HeldOut | None = None

    @property
    def fingerprint(self) -> str:
        """SHA-256 of architecture, vocabulary, resolution and weights."""
        facts = {"condition": to_json(self.condition), "resolution": self.resolution}
        if self.name != "small":  # the hashes of earlier versions, which knew no other, stay the same
            facts["architecture"] = self.name
        described = json.dumps(facts)
        return sha256(to_safetensors(self.state_dict(), {"judge": described})).hexdigest()

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Returns features and logits of images (N, 1 or 3, R, R) in [-1, 1], resized to the judge's side."""
        if image.shape[-1] != self.side:
            image = interpolate(image, (self.side, self.side), mode="bilinear", antialias=True)
        features = self.body(image.expand(-1, 3, -1, -1))
        return features, self.head(features)

    @torch.no_grad()
    def classify(self, images: Tensor, c: Tensor, batch_size: int = 250) -> Samples:
        """Returns the logits and features of uint8 images (N, 1 or 3, R, R) whose wanted conditions are `c`."""
        self.eval()
        device = self.head.weight.device
        outputs = [self(to_float(batch.to(device))) for batch in images.split(batch_size)]
        features, logits = (torch.cat(parts).cpu() for parts in zip(*outputs, strict=True))
        return Samples(c, logits, features)


class _MapDropout(nn.Dropout2d):
    """Same as `nn.Dropout2d`, but draws for the batch of all processes."""

    def forward(self, h: Tensor) -> Tensor:
        if not self.training:
            return h
        kept = 1 - self.p
        scale = per_sample(lambda n: h.new_empty(n, h.shape[1], 1, 1).bernoulli_(kept).div_(kept), len(h))
        return h * scale


class _Block(nn.Module):
    """Residual block that downsamples by 2. He et al. 2016, in the order of their section 3.4."""

    def __init__(self, channels_in: int, channels: int):
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(channels_in, channels, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )
        self.skip = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(channels_in, channels, 1, bias=False))

    def forward(self, h: Tensor) -> Tensor:
        return (self.skip(h) + self.residual(h)).relu()  # type: ignore[no-any-return]


def small_judge(condition: Condition, resolution: int) -> Judge:
    """A residual network of 0.7 million parameters, 3 MB on disk with 24 labels.

    Works at the resolution, rounded up to a multiple of 8. Its last map is an eighth as wide: at 64x64 a distant object
    is 6 pixels wide, and its shape depends on two of them.
    """
    body = nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        _Block(32, 64),
        _Block(64, 128),
        _Block(128, 160),
        _MapDropout(0.1),
        nn.AdaptiveMaxPool2d(1),  # an object counts wherever it is, and however much of the image is floor
        nn.Flatten(),
    )
    return Judge(condition, resolution, body, nn.Linear(160, condition.num_logits), "small", multiple=8)


class _PreActivationBlock(nn.Module):
    """Residual block whose sum is not rectified. He et al. 2016b, figure 4e."""

    def __init__(self, channels_in: int, channels: int, *, stride: int = 1, dilation: int = 1):
        super().__init__()
        self.residual = nn.Sequential(
            nn.BatchNorm2d(channels_in),
            nn.ReLU(),
            nn.Conv2d(channels_in, channels, 3, stride, padding=dilation, dilation=dilation, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation, bias=False),
        )
        self.skip: nn.Module = nn.Identity()
        if stride > 1:
            self.skip = nn.Sequential(nn.AvgPool2d(stride), nn.Conv2d(channels_in, channels, 1, bias=False))

    def forward(self, h: Tensor) -> Tensor:
        return self.skip(h) + self.residual(h)  # type: ignore[no-any-return]


class _GeneralizedMean(nn.Module):
    """Mean of order 4 over a map (N, C, H, W), between mean and maximum. Radenovic et al. 2018, eq. 3."""

    def forward(self, h: Tensor) -> Tensor:
        powers = (h.float() + 1e-3).pow(4)  # bfloat16 has too few digits for them; 0 has no gradient
        return powers.mean((2, 3)).pow(1 / 4)


def dilated_judge(condition: Condition, resolution: int) -> Judge:
    """A pre-activation residual network of 0.3 million parameters, 1.2 MB on disk with 24 labels.

    Works at the resolution, rounded up to a multiple of 4. Unlike `small_judge` it has maps of a quarter of the
    resolution, whose dilated convolutions (Yu and Koltun 2016) see most of an image of 64x64, and takes means of them:
    a network that errs in other ways.
    """
    body = nn.Sequential(
        nn.Conv2d(3, 24, 3, padding=1, bias=False),
        _PreActivationBlock(24, 48, stride=2),
        _PreActivationBlock(48, 72, stride=2),
        _PreActivationBlock(72, 72, dilation=2),
        _PreActivationBlock(72, 72, dilation=2),
        nn.BatchNorm2d(72),
        nn.ReLU(),
        _MapDropout(0.1),
        _GeneralizedMean(),
    )
    return Judge(condition, resolution, body, nn.Linear(72, condition.num_logits), "dilated", multiple=4)


ARCHITECTURES: Mapping[str, Callable[[Condition, int], Judge]] = {"small": small_judge, "dilated": dilated_judge}
"""The networks that files of judges may name, and `condgan judge train --architecture`."""


def lab_judge(condition: Condition) -> Judge:
    """The i-CLEVR lab's scorer: a torchvision ResNet-18 at 64x64 with last layer `Linear(512, num_logits)`."""
    body = resnet18()
    head = nn.Linear(body.fc.in_features, condition.num_logits)
    body.fc = nn.Identity()
    return Judge(condition, 64, body, head, "lab")
