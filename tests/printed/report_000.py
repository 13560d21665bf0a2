"""Report 000: conditional DCGAN."""

import torch
from torch import Tensor, nn

from printed import Noise, Outputs


class Generator(nn.Module):
    """Section II.a. The report does not print how the latent meets `label_embed`; here they are added."""

    def __init__(self) -> None:
        super().__init__()
        self.label_embed = nn.Linear(24, 128)
        self.l1 = nn.Sequential(nn.Linear(128, 8192, bias=False), nn.BatchNorm1d(8192), nn.ReLU())
        self.l2_5 = nn.Sequential(
            nn.Sequential(
                nn.ConvTranspose2d(512, 256, (5, 5), (2, 2), (2, 2), output_padding=(1, 1), bias=False),
                nn.BatchNorm2d(256),
                nn.ReLU(),
            ),
            nn.Sequential(
                nn.ConvTranspose2d(256, 128, (5, 5), (2, 2), (2, 2), output_padding=(1, 1), bias=False),
                nn.BatchNorm2d(128),
                nn.ReLU(),
            ),
            nn.Sequential(
                nn.ConvTranspose2d(128, 64, (5, 5), (2, 2), (2, 2), output_padding=(1, 1), bias=False),
                nn.BatchNorm2d(64),
                nn.ReLU(),
                nn.ConvTranspose2d(64, 3, (5, 5), (2, 2), (2, 2), output_padding=(1, 1)),
                nn.Tanh(),
            ),
        )

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        image: Tensor = self.l2_5(self.l1(z + self.label_embed(c)).view(-1, 512, 4, 4))
        return image


class Discriminator(nn.Module):
    """Section II.a. `label_embed` has a value for each of 64 x 64 pixels: the fourth channel of the first layer."""

    def __init__(self) -> None:
        super().__init__()
        self.label_embed = nn.Linear(24, 4096)
        self.ls = nn.Sequential(
            nn.Conv2d(4, 64, (5, 5), (2, 2), (2, 2)),
            nn.LeakyReLU(0.2),
            nn.Sequential(nn.Conv2d(64, 128, (5, 5), (2, 2), (2, 2)), nn.BatchNorm2d(128), nn.LeakyReLU(0.2)),
            nn.Sequential(nn.Conv2d(128, 256, (5, 5), (2, 2), (2, 2)), nn.BatchNorm2d(256), nn.LeakyReLU(0.2)),
            nn.Sequential(nn.Conv2d(256, 512, (5, 5), (2, 2), (2, 2)), nn.BatchNorm2d(512), nn.LeakyReLU(0.2)),
            nn.Conv2d(512, 1, (4, 4), (1, 1)),
            nn.Sigmoid(),
        )

    def forward(self, image: Tensor, c: Tensor) -> Outputs:
        label = self.label_embed(c).view(-1, 1, 64, 64)
        return (self.ls(torch.cat([image, label], 1)).view(-1),)


def generator_loss(fake: Outputs, c: Tensor) -> Tensor:
    """`criterion = nn.BCELoss()`."""
    criterion = nn.BCELoss()
    loss: Tensor = criterion(fake[0], torch.ones_like(fake[0]))
    return loss


def discriminator_loss(real: Outputs, fake: Outputs, c: Tensor, noise: Noise) -> Tensor:
    """The same criterion on real and on fake images."""
    criterion = nn.BCELoss()
    loss: Tensor = criterion(real[0], torch.ones_like(real[0])) + criterion(fake[0], torch.zeros_like(fake[0]))
    return loss
