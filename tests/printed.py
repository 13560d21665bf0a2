"""The networks and losses that the five reports print, typed from their listings in plain PyTorch.

Modules have the names of the listings where these print any. All generators take (z, c) and all discriminators (image,
c) with an encoded condition c, also where the report does not use it. A discriminator returns what the report computes
losses from: probabilities where it ends in sigmoids and softmaxes. Weights of each network are registered in the order
in which data flows through it.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

Outputs = tuple[Tensor, ...]  # of a discriminator


class Noise(NamedTuple):
    """What a discriminator step draws for its targets: in [0, 1) for each real and fake image, and whether to flip."""

    real: Tensor
    fake: Tensor
    flip: bool


# Report 000: conditional DCGAN.


class Generator000(nn.Module):
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


class Discriminator000(nn.Module):
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


def generator_loss_000(fake: Outputs, c: Tensor) -> Tensor:
    """`criterion = nn.BCELoss()`."""
    criterion = nn.BCELoss()
    loss: Tensor = criterion(fake[0], torch.ones_like(fake[0]))
    return loss


def discriminator_loss_000(real: Outputs, fake: Outputs, c: Tensor, noise: Noise) -> Tensor:
    """The same criterion on real and on fake images."""
    criterion = nn.BCELoss()
    loss: Tensor = criterion(real[0], torch.ones_like(real[0])) + criterion(fake[0], torch.zeros_like(fake[0]))
    return loss


# Report 001: ACGAN. Its widths are not printed; those of the recipe's docstring are inserted.


class Generator001(nn.Module):
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


class Discriminator001(nn.Module):
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


AUX_WEIGHT_001 = 100  # section 2.5


def generator_loss_001(fake: Outputs, aux_label: Tensor) -> Tensor:
    """Section 2.4, (2)."""
    dis_criterion, aux_criterion = nn.BCELoss(), nn.BCELoss()
    dis_output, aux_output = fake
    dis_err = dis_criterion(dis_output, torch.ones_like(dis_output))
    err: Tensor = dis_err + AUX_WEIGHT_001 * aux_criterion(aux_output, aux_label)
    return err


def discriminator_loss_001(real: Outputs, fake: Outputs, aux_label: Tensor, noise: Noise) -> Tensor:
    """Section 2.4, (1)."""
    dis_criterion, aux_criterion = nn.BCELoss(), nn.BCELoss()
    # Flipping exchanges the noise as well. So does this exchange, after which each image has its own noise again.
    noise_of_real, noise_of_fake = (noise.fake, noise.real) if noise.flip else (noise.real, noise.fake)
    real_label = (1.0 - 0.7) * noise_of_real + 0.7
    fake_label = (0.3 - 0.0) * noise_of_fake + 0.0
    if noise.flip:
        real_label, fake_label = fake_label, real_label
    err_real = dis_criterion(real[0], real_label) + AUX_WEIGHT_001 * aux_criterion(real[1], aux_label)
    err_fake = dis_criterion(fake[0], fake_label) + AUX_WEIGHT_001 * aux_criterion(fake[1], aux_label)
    err: Tensor = err_real + err_fake
    return err


# Report 002: ACGAN for attributes, in Keras. Its maps are (H, W, C), which permutes the weights behind `Flatten`.


class SameConv2d(nn.Conv2d):
    """Keras's Conv2D with padding "same": ceil(side / stride) outputs, and an odd row of padding at the end."""

    def forward(self, h: Tensor) -> Tensor:
        (kernel, _), (stride, _), side = self.kernel_size, self.stride, h.shape[-1]
        total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        before, after = total // 2, total - total // 2
        return super().forward(F.pad(h, (before, after, before, after)))


class SameConv2DTranspose(nn.ConvTranspose2d):
    """Keras's Conv2DTranspose with padding "same": stride * side outputs, cropped on both sides."""

    def __init__(self, channels_in: int, filters: int, kernel: int, stride: int) -> None:
        super().__init__(channels_in, filters, kernel, stride, padding=(kernel - stride) // 2)


class BatchNormalization(nn.BatchNorm2d):
    """Keras's BatchNormalization(momentum=0.5), whose epsilon is 0.001 and whose momentum is the share kept."""

    def __init__(self, channels: int, momentum: float = 0.5) -> None:
        super().__init__(channels, eps=0.001, momentum=1 - momentum)


class Generator002(nn.Module):
    """The first listing, with 12 colours of hair and 10 of eyes."""

    def __init__(self, hair_len: int = 12, eyes_len: int = 10) -> None:
        super().__init__()
        self.hair_len = hair_len
        self.hair = nn.Embedding(hair_len, 5)
        self.eyes = nn.Embedding(eyes_len, 5)
        self.generator = nn.Sequential(
            nn.ConvTranspose2d(110, 512, 4, 1),  # "valid"
            BatchNormalization(512, momentum=0.5),
            nn.LeakyReLU(0.2),
            SameConv2DTranspose(512, 256, 4, 2),
            BatchNormalization(256, momentum=0.5),
            nn.LeakyReLU(0.2),
            SameConv2DTranspose(256, 128, 4, 2),
            BatchNormalization(128, momentum=0.5),
            nn.LeakyReLU(0.2),
            SameConv2DTranspose(128, 64, 4, 2),
            BatchNormalization(64, momentum=0.5),
            nn.LeakyReLU(0.2),
            SameConv2DTranspose(64, 64, 3, 1),
            BatchNormalization(64, momentum=0.5),
            nn.LeakyReLU(0.2),
            SameConv2DTranspose(64, 3, 4, 2),
            nn.Tanh(),
        )

    def forward(self, gen_input: Tensor, c: Tensor) -> Tensor:
        hair, eyes = c[:, : self.hair_len].argmax(1), c[:, self.hair_len :].argmax(1)
        concat = torch.cat([gen_input, self.hair(hair), self.eyes(eyes)], 1)
        image: Tensor = self.generator(concat[:, :, None, None])
        return image


class Discriminator002(nn.Module):
    """The second listing. The scan cuts the end of two lines, whose strides follow from the width of the last layer."""

    def __init__(self, hair_len: int = 12, eyes_len: int = 10) -> None:
        super().__init__()
        self.discriminator = nn.Sequential(
            SameConv2d(3, 64, 3, 2),
            nn.LeakyReLU(0.2),
            SameConv2d(64, 128, 3, 2),
            BatchNormalization(128, momentum=0.5),
            nn.LeakyReLU(0.2),
            SameConv2d(128, 256, 3, 2),
            BatchNormalization(256, momentum=0.5),
            nn.LeakyReLU(0.2),
            SameConv2d(256, 512, 3, 2),
            BatchNormalization(512, momentum=0.5),
            nn.LeakyReLU(0.2),
            SameConv2d(512, 1024, 3, 2),
            BatchNormalization(1024, momentum=0.5),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
        )
        self.img = nn.Sequential(nn.Linear(4096, 1), nn.Sigmoid())
        self.hair_output = nn.Sequential(nn.Linear(4096, hair_len), nn.Softmax(1))
        self.eyes_output = nn.Sequential(nn.Linear(4096, eyes_len), nn.Softmax(1))

    def forward(self, image: Tensor, c: Tensor) -> Outputs:
        h = self.discriminator(image)
        return self.img(h).view(-1), self.hair_output(h), self.eyes_output(h)


def _categorical_crossentropies(output: Outputs, c: Tensor) -> Tensor:
    _, hair, eyes = output
    hair_label, eyes_label = c[:, : hair.shape[1]].argmax(1), c[:, hair.shape[1] :].argmax(1)
    criterion = nn.NLLLoss()  # of log-probabilities
    loss: Tensor = criterion(hair.log(), hair_label) + criterion(eyes.log(), eyes_label)
    return loss


def generator_loss_002(fake: Outputs, c: Tensor) -> Tensor:
    """-L_S of fake images in its non-saturating form, and -L_C."""
    loss: Tensor = nn.BCELoss()(fake[0], torch.ones_like(fake[0])) + _categorical_crossentropies(fake, c)
    return loss


def discriminator_loss_002(real: Outputs, fake: Outputs, c: Tensor, noise: Noise) -> Tensor:
    """-(L_S + L_C) on real and fake images. Labels are smoothed by up to a fifth, which the report does not print."""
    source = nn.BCELoss()(real[0], 1 - 0.2 * (1 - noise.real)) + nn.BCELoss()(fake[0], 0.2 * noise.fake)
    loss: Tensor = source + _categorical_crossentropies(real, c) + _categorical_crossentropies(fake, c)
    return loss


# Report 003: InfoGAN.


class Generator003(nn.Module):
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


class Discriminator003(nn.Module):
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


def _information_003(fake: Outputs, c: Tensor) -> Tensor:
    _, logits, mean, log_variance = fake
    discrete = nn.CrossEntropyLoss()(logits, c[:, :10].argmax(1))
    gaussian = nn.GaussianNLLLoss(full=True, reduction="none")(mean, c[:, 10:], log_variance.exp())
    loss: Tensor = discrete + 0.1 * gaussian.sum(1).mean()  # a tenth, see the recipe's docstring
    return loss


def generator_loss_003(fake: Outputs, c: Tensor) -> Tensor:
    """The loss of DCGAN, and Chen et al. 2016, eq. 6."""
    return generator_loss_000(fake, c) + _information_003(fake, c)


def discriminator_loss_003(real: Outputs, fake: Outputs, c: Tensor, noise: Noise) -> Tensor:
    """The loss of DCGAN, and that of Q on fake images."""
    return discriminator_loss_000(real, fake, c, noise) + _information_003(fake, c)


# Report 004: SAGAN.


class SelfAttention(nn.Module):
    """Zhang et al. 2019, section 3, with the names of the report's state. Registered as computed."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1))
        self.query_conv = nn.Conv2d(channels, channels // 8, 1)
        self.key_conv = nn.Conv2d(channels, channels // 8, 1)
        self.value_conv = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = self.query_conv(x).flatten(2), self.key_conv(x).flatten(2), self.value_conv(x).flatten(2)
        energy = torch.einsum("nci,ncj->nij", query, key)
        out = torch.einsum("nij,ncj->nci", energy.softmax(-1), value)
        attended: Tensor = self.gamma * out.view_as(x) + x
        return attended


class Generator004(nn.Module):
    """The listed state, read from its end. Activations are those of the rules in the discussion."""

    def __init__(self) -> None:
        super().__init__()
        self.conditionExpand = nn.Sequential(nn.Linear(24, 200), nn.LeakyReLU(0.2))
        self.l1 = nn.Sequential(nn.ConvTranspose2d(300, 512, 4, 1, 0), nn.BatchNorm2d(512), nn.ReLU())
        self.l2 = nn.Sequential(nn.ConvTranspose2d(512, 256, 4, 2, 1), nn.BatchNorm2d(256), nn.ReLU())
        self.l3 = nn.Sequential(nn.ConvTranspose2d(256, 128, 4, 2, 1), nn.BatchNorm2d(128), nn.ReLU())
        self.attn1 = SelfAttention(128)
        self.l4 = nn.Sequential(nn.ConvTranspose2d(128, 64, 4, 2, 1), nn.BatchNorm2d(64), nn.ReLU())
        self.attn2 = SelfAttention(64)
        self.l5 = nn.ConvTranspose2d(64, 3, 4, 2, 1)

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        h = torch.cat([self.conditionExpand(c), z], 1).view(-1, 300, 1, 1)
        h = self.attn1(self.l3(self.l2(self.l1(h))))
        return torch.tanh(self.l5(self.attn2(self.l4(h))))


# Weights and biases of the listed state, from its end to its beginning.
STATE_004: dict[str, tuple[int, ...]] = {
    "conditionExpand.0.weight": (200, 24),
    "conditionExpand.0.bias": (200,),
    "l1.0.weight": (300, 512, 4, 4),
    "l1.0.bias": (512,),
    "l1.1.weight": (512,),
    "l1.1.bias": (512,),
    "l2.0.weight": (512, 256, 4, 4),
    "l2.0.bias": (256,),
    "l2.1.weight": (256,),
    "l2.1.bias": (256,),
    "l3.0.weight": (256, 128, 4, 4),
    "l3.0.bias": (128,),
    "l3.1.weight": (128,),
    "l3.1.bias": (128,),
    "l4.0.weight": (128, 64, 4, 4),
    "l4.0.bias": (64,),
    "l4.1.weight": (64,),
    "l4.1.bias": (64,),
    "l5.weight": (64, 3, 4, 4),
    "l5.bias": (3,),
    "attn1.gamma": (1,),
    "attn1.query_conv.weight": (16, 128, 1, 1),
    "attn1.query_conv.bias": (16,),
    "attn1.key_conv.weight": (16, 128, 1, 1),
    "attn1.key_conv.bias": (16,),
    "attn1.value_conv.weight": (128, 128, 1, 1),
    "attn1.value_conv.bias": (128,),
    "attn2.gamma": (1,),
    "attn2.query_conv.weight": (8, 64, 1, 1),
    "attn2.query_conv.bias": (8,),
    "attn2.key_conv.weight": (8, 64, 1, 1),
    "attn2.key_conv.bias": (8,),
    "attn2.value_conv.weight": (64, 64, 1, 1),
    "attn2.value_conv.bias": (64,),
}


class Discriminator004(nn.Module):
    """Not printed. The generator mirrored, as the recipe's docstring describes it: label channel, spectral norm."""

    def __init__(self) -> None:
        super().__init__()
        self.label_embed = nn.Linear(24, 4096)
        self.main = nn.Sequential(
            nn.Conv2d(4, 64, 4, 2, 1),
            nn.LeakyReLU(0.2),
            SelfAttention(64),
            nn.Conv2d(64, 128, 4, 2, 1),
            nn.LeakyReLU(0.2),
            SelfAttention(128),
            nn.Conv2d(128, 256, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(256, 512, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(512, 1, 4),
            nn.Flatten(0),
        )
        for layer in [self.label_embed, *self.main.modules()]:
            if isinstance(layer, nn.Linear | nn.Conv2d):
                spectral_norm(layer)

    def forward(self, image: Tensor, c: Tensor) -> Outputs:
        label = self.label_embed(c).view(-1, 1, 64, 64)
        return (self.main(torch.cat([image, label], 1)),)


def generator_loss_004(fake: Outputs, c: Tensor) -> Tensor:
    """L_G."""
    return -fake[0].mean()


def discriminator_loss_004(real: Outputs, fake: Outputs, c: Tensor, noise: Noise) -> Tensor:
    """L_D."""
    return (1 - real[0]).clamp(min=0).mean() + (1 + fake[0]).clamp(min=0).mean()
