"""Report 004: SAGAN."""

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from printed import Noise, Outputs


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


class Generator(nn.Module):
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
STATE: dict[str, tuple[int, ...]] = {
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


class Discriminator(nn.Module):
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


def generator_loss(fake: Outputs, c: Tensor) -> Tensor:
    """L_G."""
    return -fake[0].mean()


def discriminator_loss(real: Outputs, fake: Outputs, c: Tensor, noise: Noise) -> Tensor:
    """L_D."""
    return (1 - real[0]).clamp(min=0).mean() + (1 + fake[0]).clamp(min=0).mean()
