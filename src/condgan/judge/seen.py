"""Which images a judge was trained on, so that scores can say whether a GAN was trained on them as well."""

import torch
from torch import Tensor

from condgan.data.dataset import Images
from condgan.data.image_hashes import image_hashes
from condgan.judge.model import Judge


def num_seen(judge: Judge, images: Images, indices: Tensor) -> int | None:
    """Returns how many of the images at these indices the judge was trained on.

    None if that is not known: for the lab's judge, for judges of earlier versions, and for images of another
    resolution, whose pixels differ from those that the judge saw.
    """
    if judge.trained_on is None or judge.resolution != images.resolution:
        return None
    return int(torch.isin(image_hashes(images, indices), judge.trained_on).sum())
