"""Which images a judge was trained on, so that scores can say whether a GAN was trained on them as well."""

from hashlib import sha256

import torch
from torch import Tensor

from condgan.data.dataset import Images
from condgan.judge.model import Judge

NUM_BYTES = 8  # of a hash: with a million images, two differ in them with a probability of 1 - 3e-8


def image_hashes(images: Images, indices: Tensor) -> Tensor:
    """Returns the first 8 bytes of the SHA-256 of the pixels of each image at these indices, (N,) int64."""
    digests = [sha256(images.images[i].contiguous().numpy().data).digest()[:NUM_BYTES] for i in indices.tolist()]
    return torch.frombuffer(bytearray(b"".join(digests)), dtype=torch.int64) if digests else indices.new_empty(0)


def num_seen(judge: Judge, images: Images) -> int | None:
    """Returns how many training images of a data set the judge was trained on.

    None if that is not known: for the lab's judge, for judges of earlier versions, and for images of another
    resolution, whose pixels differ from those that the judge saw.
    """
    if judge.trained_on is None or judge.resolution != images.resolution:
        return None
    return int(torch.isin(image_hashes(images, images.training.indices), judge.trained_on).sum())
