"""The reader: a small classifier of real images, trained before the game, that tells G how well its images match."""

from torch import Tensor, nn

from condgan.conditions import Condition
from condgan.networks.augment import with_noise


class _Block(nn.Sequential):
    """3x3, batch norm, SiLU, then 4x4 of stride 2, batch norm, SiLU."""

    def __init__(self, channels_in: int, channels: int):
        super().__init__(
            nn.Conv2d(channels_in, channels_in, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_in),
            nn.SiLU(),
            nn.Conv2d(channels_in, channels, 4, 2, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.SiLU(),
        )


class Classifier(nn.Module):
    """Maps images (N, C, R, R) in [-1, 1] to logits (N, num_logits) by way of maps of an eighth of the resolution.

    In evaluation mode, in which it judges the images of G, it adds noise of a random standard deviation up to `noise`
    to each image: patterns that only the classifier sees do not survive it.
    """

    def __init__(
        self, condition: Condition, resolution: int, channels: int = 3, *, width: int = 32, noise: float = 0.05
    ):
        super().__init__()
        self.noise = noise
        self.body = nn.Sequential(
            nn.Conv2d(channels, width, 4, 2, 1),
            nn.SiLU(),
            _Block(width, 2 * width),
            _Block(2 * width, 4 * width),
            nn.Conv2d(4 * width, 6 * width, 3, padding=1, bias=False),
            nn.BatchNorm2d(6 * width),
            nn.SiLU(),
            nn.AdaptiveMaxPool2d(1),  # an object counts wherever it is
            nn.Flatten(),
            nn.Linear(6 * width, condition.num_logits),
        )

    def forward(self, image: Tensor) -> Tensor:
        if not self.training:
            image = with_noise(image, self.noise)
        return self.body(image)  # type: ignore[no-any-return]
