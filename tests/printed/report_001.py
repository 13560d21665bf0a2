"""Report 001: ACGAN.

Its widths are not printed; those of the recipe's docstring are inserted.
"""

import torch
from torch import Tensor, nn

from printed import Noise, Outputs


class Generator(nn.Module):
    """Section 2.2."""

    def __init__(self, ngf: int = 128, nc: int = 100, nz: int = 100, n_classes: int = 24) -> None:
        super().__init__()
        self.nc, self.nz = nc, nz
        self.label_emb = nn.Sequential(nn.Linear(n_classes, nc), nn.LeakyReLU(0.2))
        self.main = nn.Sequential(
            nn.ConvTranspose2d(nz + nc, ngf * 8, 4, 1, 0, bias=False),
            nn.BatchNorm2d(ngf * 8),
            nn.ReLU(),
            nn.ConvTranspose2d(ngf * 8, ngf * 4, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ngf * 4),
            nn.ReLU(),
            nn.ConvTranspose2d(ngf * 4, ngf * 2, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ngf * 2),
            nn.ReLU(),
            nn.ConvTranspose2d(ngf * 2, ngf, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ngf),
            nn.ReLU(),
            nn.ConvTranspose2d(ngf, 3, 4, 2, 1, bias=False),
            nn.Tanh(),
        )

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        label_emb = self.label_emb(labels).view(-1, self.nc, 1, 1)
        gen_input = torch.cat((label_emb, noise.view(-1, self.nz, 1, 1)), 1)
        out: Tensor = self.main(gen_input)
        return out


class Discriminator(nn.Module):
    """Section 2.3."""

    def __init__(self, ndf: int = 16, n_classes: int = 24) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(3, ndf, 3, 2, 1, bias=False),
            nn.LeakyReLU(0.2),
            nn.Dropout(0.5),
            nn.Conv2d(ndf, ndf * 2, 3, 1, 0, bias=False),
            nn.BatchNorm2d(ndf * 2),
            nn.LeakyReLU(0.2),
            nn.Dropout(0.5),
            nn.Conv2d(ndf * 2, ndf * 4, 3, 2, 1, bias=False),
            nn.BatchNorm2d(ndf * 4),
            nn.LeakyReLU(0.2),
            nn.Dropout(0.5),
            nn.Conv2d(ndf * 4, ndf * 8, 3, 1, 0, bias=False),
            nn.BatchNorm2d(ndf * 8),
            nn.LeakyReLU(0.2),
            nn.Dropout(0.5),
            nn.Conv2d(ndf * 8, ndf * 16, 3, 2, 1, bias=False),
            nn.BatchNorm2d(ndf * 16),
            nn.LeakyReLU(0.2),
            nn.Dropout(0.5),
            nn.Conv2d(ndf * 16, ndf * 32, 3, 1, 0, bias=False),
            nn.BatchNorm2d(ndf * 32),
            nn.LeakyReLU(0.2),
            nn.Dropout(0.5),
        )
        self.fc_dis = nn.Sequential(nn.Linear(5 * 5 * ndf * 32, 1), nn.Sigmoid())
        self.fc_aux = nn.Sequential(nn.Linear(5 * 5 * ndf * 32, n_classes), nn.Sigmoid())

    def forward(self, image: Tensor, c: Tensor) -> Outputs:
        flat = self.main(image).flatten(1)
        return self.fc_dis(flat).view(-1, 1).squeeze(1), self.fc_aux(flat)


AUX_WEIGHT = 100  # section 2.5


def generator_loss(fake: Outputs, aux_label: Tensor) -> Tensor:
    """Section 2.4, (2)."""
    dis_criterion, aux_criterion = nn.BCELoss(), nn.BCELoss()
    dis_output, aux_output = fake
    dis_err = dis_criterion(dis_output, torch.ones_like(dis_output))
    err: Tensor = dis_err + AUX_WEIGHT * aux_criterion(aux_output, aux_label)
    return err


def discriminator_loss(real: Outputs, fake: Outputs, aux_label: Tensor, noise: Noise) -> Tensor:
    """Section 2.4, (1)."""
    dis_criterion, aux_criterion = nn.BCELoss(), nn.BCELoss()
    # Flipping exchanges the noise as well. So does this exchange, after which each image has its own noise again.
    noise_of_real, noise_of_fake = (noise.fake, noise.real) if noise.flip else (noise.real, noise.fake)
    real_label = (1.0 - 0.7) * noise_of_real + 0.7
    fake_label = (0.3 - 0.0) * noise_of_fake + 0.0
    if noise.flip:
        real_label, fake_label = fake_label, real_label
    err_real = dis_criterion(real[0], real_label) + AUX_WEIGHT * aux_criterion(real[1], aux_label)
    err_fake = dis_criterion(fake[0], fake_label) + AUX_WEIGHT * aux_criterion(fake[1], aux_label)
    err: Tensor = err_real + err_fake
    return err
