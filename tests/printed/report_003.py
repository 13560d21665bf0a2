"""Report 003: InfoGAN."""

import torch
from torch import Tensor, nn

from printed import Noise, Outputs, report_000


class Generator(nn.Module):
    """Section 2.A. The input of 74 is a latent of 62 and codes of 10 + 1 + 1."""

    def __init__(self) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(74, 512, 4, 1, 0, bias=False),
            nn.BatchNorm2d(512),
            nn.ReLU(True),
            nn.ConvTranspose2d(512, 256, 4, 2, 1, bias=False),
            nn.BatchNorm2d(256),
            nn.ReLU(True),
            nn.ConvTranspose2d(256, 128, 4, 2, 1, bias=False),
            nn.BatchNorm2d(128),
            nn.ReLU(True),
            nn.ConvTranspose2d(128, 1, 4, 2, 3, bias=False),
            nn.Tanh(),
        )

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        output: Tensor = self.main(torch.cat([z, c], 1).view(-1, 74, 1, 1))
        return output


class Discriminator(nn.Module):
    """FE and D of section 2.A. Q is not printed: that of Chen et al. 2016, appendix C.1, table 1.

    Returns the probability, then Q's logits of the class, and means and log-variances of the continuous codes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.FE = nn.Sequential(
            nn.Conv2d(1, 64, 4, 2, 1),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Conv2d(64, 128, 4, 2, 1, bias=False),
            nn.BatchNorm2d(128),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Conv2d(128, 1024, 7, bias=False),
            nn.BatchNorm2d(1024),
            nn.LeakyReLU(0.1, inplace=True),
        )
        self.D = nn.Sequential(nn.Conv2d(1024, 1, 1), nn.Sigmoid())
        self.Q = nn.Sequential(
            nn.Conv2d(1024, 128, 1, bias=False),
            nn.BatchNorm2d(128),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Conv2d(128, 14, 1),
        )

    def forward(self, image: Tensor, c: Tensor) -> Outputs:
        h = self.FE(image)
        logits, mean, log_variance = self.Q(h).flatten(1).split([10, 2, 2], 1)
        return self.D(h).view(-1), logits, mean, log_variance


def _information(fake: Outputs, c: Tensor) -> Tensor:
    _, logits, mean, log_variance = fake
    discrete = nn.CrossEntropyLoss()(logits, c[:, :10].argmax(1))
    gaussian = nn.GaussianNLLLoss(full=True, reduction="none")(mean, c[:, 10:], log_variance.exp())
    loss: Tensor = discrete + 0.1 * gaussian.sum(1).mean()  # a tenth, see the recipe's docstring
    return loss


def generator_loss(fake: Outputs, c: Tensor) -> Tensor:
    """The loss of DCGAN, and Chen et al. 2016, eq. 6."""
    return report_000.generator_loss(fake, c) + _information(fake, c)


def discriminator_loss(real: Outputs, fake: Outputs, c: Tensor, noise: Noise) -> Tensor:
    """The loss of DCGAN, and that of Q on fake images."""
    return report_000.discriminator_loss(real, fake, c, noise) + _information(fake, c)
