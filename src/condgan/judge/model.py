"""The judge's networks: ours, and the i-CLEVR lab's."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torchvision.models import resnet18

from condgan.conditions import Condition
from condgan.data.dataset import to_float
from condgan.draws import per_sample


@dataclass(frozen=True)
class Samples:
    """Images as a judge sees them: wanted conditions `c`, logits (N, num_logits) and features (N, F)."""

    c: Tensor
    logits: Tensor
    features: Tensor

    def __len__(self) -> int:
        return len(self.c)


class Judge(nn.Module):
    """A classifier of images: features (N, F) by `body`, logits (N, num_logits) by the linear `head`."""

    def __init__(self, condition: Condition, resolution: int, body: nn.Module, head: nn.Linear, name: str):
        super().__init__()
        self.condition, self.resolution, self.name = condition, resolution, name
        self.body, self.head = body, head

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Returns features and logits of images (N, 1 or 3, R, R) in [-1, 1], resized to the judge's resolution."""
        if image.shape[-1] != self.resolution:
            image = interpolate(image, (self.resolution, self.resolution), mode="bilinear", antialias=True)
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
    return Judge(condition, -(-resolution // 8) * 8, body, nn.Linear(160, condition.num_logits), "small")


def lab_judge(condition: Condition) -> Judge:
    """The i-CLEVR lab's scorer: a torchvision ResNet-18 at 64x64 with last layer `Linear(512, num_logits)`."""
    body = resnet18()
    head = nn.Linear(body.fc.in_features, condition.num_logits)
    body.fc = nn.Identity()
    return Judge(condition, 64, body, head, "lab")
