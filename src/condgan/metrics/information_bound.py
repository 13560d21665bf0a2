"""How many nats of the latent codes can be read from the images."""

from math import log

import torch
from torch import Tensor

from condgan.conditions import Codes
from condgan.metrics.estimate import Estimate, mean


def information_bound(codes: Codes, logits: Tensor, c: Tensor) -> dict[str, Estimate]:
    """Lower bound of the mutual information of each code and the images, in nats: H(c) + E[log q(c | image)].

    `logits` (N, num_logits) are what a network predicts from the images of codes `c`, which were drawn from their
    prior. It must not have been trained on these images. At most log K for a categorical code of K values; a continuous
    code, uniform in [-1, 1], has H = log 2 and no upper bound. Below zero if the network is worse than the prior. Chen
    et al. 2016, eq. 4 and 5.

    >>> logits = 9 * torch.eye(3)
    >>> bound = information_bound(Codes({"digit": 3}), logits, torch.tensor([[0.0], [1.0], [2.0]]))
    >>> round(bound["digit"].value, 2)  # log 3 = 1.10
    1.1
    """
    num = len(codes.continuous)
    classes, means, log_variances = logits.split([logits.shape[1] - 2 * num, num, num], dim=1)
    parts = [*classes.split(list(codes.categorical.values()), dim=1), *torch.stack([means, log_variances], 2).unbind(1)]
    each = [Codes({name: size}) for name, size in codes.categorical.items()]
    each += [Codes({}, (name,)) for name in codes.continuous]
    volumes = [*codes.categorical.values(), *[2] * num]  # of the prior, which is uniform
    rows = zip([*codes.categorical, *codes.continuous], each, parts, volumes, c.split(1, dim=1), strict=True)
    return {name: mean((log(volume) - code.nll(part, value)).tolist()) for name, code, part, volume, value in rows}
