"""The networks and losses that the five reports print, typed from their listings in plain PyTorch.

Modules have the names of the listings where these print any. All generators take (z, c) and all discriminators (image,
c) with an encoded condition c, also where the report does not use it. A discriminator returns what the report computes
losses from: probabilities where it ends in sigmoids and softmaxes. Weights of each network are registered in the order
in which data flows through it.
"""

from typing import NamedTuple

from torch import Tensor

Outputs = tuple[Tensor, ...]  # of a discriminator


class Noise(NamedTuple):
    """What a discriminator step draws for its targets: in [0, 1) for each real and fake image, and whether to flip."""

    real: Tensor
    fake: Tensor
    flip: bool
