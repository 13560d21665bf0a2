"""Report 002: ACGAN for attributes, in Keras.

Its maps are (H, W, C), which permutes the weights behind `Flatten`.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from printed import Noise, Outputs


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


class Generator(nn.Module):
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


class Discriminator(nn.Module):
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


def generator_loss(fake: Outputs, c: Tensor) -> Tensor:
    """-L_S of fake images in its non-saturating form, and -L_C."""
    loss: Tensor = nn.BCELoss()(fake[0], torch.ones_like(fake[0])) + _categorical_crossentropies(fake, c)
    return loss


def discriminator_loss(real: Outputs, fake: Outputs, c: Tensor, noise: Noise) -> Tensor:
    """-(L_S + L_C) on real and fake images. Labels are smoothed by up to a fifth, which the report does not print."""
    source = nn.BCELoss()(real[0], 1 - 0.2 * (1 - noise.real)) + nn.BCELoss()(fake[0], 0.2 * noise.fake)
    loss: Tensor = source + _categorical_crossentropies(real, c) + _categorical_crossentropies(fake, c)
    return loss
