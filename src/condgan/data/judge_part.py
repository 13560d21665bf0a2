"""A part of the training images that is kept for a judge, so that no GAN is trained on what its judge saw."""

from dataclasses import replace

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from condgan.data.dataset import Images
from condgan.data.held_out import check_labelled
from condgan.data.image_hashes import image_hashes
from condgan.data.split import stratified
from condgan.errors import InputError

SEED = 1  # of the choice: another one than that of the held-out images


def judge_part(images: Images, share: float) -> Tensor:
    """Chooses about `share` of the training images for a judge: whole scenes, stratified by label, (N,) bool.

    Scenes with an image in common are on the same side. The choice depends on the images and the share only, so that
    commands agree on it. Raises InputError for images without labels, and if no training image is on one of the sides.
    """
    check_labelled(images)
    training = images.training
    values = images.condition.wanted(images.labels[training])
    chosen = torch.zeros(len(images), dtype=torch.bool)
    chosen[training] = stratified(values, _groups(images, training), share, SEED)
    if not 0 < int(chosen.sum()) < len(training):
        found = f"a share of {share:g} of {len(training)} training images leaves {int(chosen.sum())} for the judge"
        raise InputError(f"{found}; expected images for the judge and for the GAN")
    return chosen


def _groups(images: Images, indices: Tensor) -> Tensor:
    """Numbers the images at these indices, equally if they are of one scene or equal, directly or through others."""
    scenes, hashes = (
        values.unique(return_inverse=True)[1].numpy()
        for values in (images.scenes[indices], image_hashes(images, indices))
    )
    num_scenes, num_nodes = scenes.max(initial=-1) + 1, scenes.max(initial=-1) + hashes.max(initial=-1) + 2
    edges = coo_array((np.ones(len(scenes)), (scenes, num_scenes + hashes)), shape=(num_nodes, num_nodes))
    return torch.from_numpy(connected_components(edges, directed=False)[1][scenes]).long()


def only_judge_part(images: Images, share: float) -> Images:
    """Returns the part for a judge, and the held-out images, on which it can be scored. Raises like `judge_part`."""
    return images.at(torch.nonzero(judge_part(images, share) | images.held_out).squeeze(1))


def leave_out_judge_part(images: Images, share: float) -> Images:
    """Returns all other images, copied into memory. Raises InputError like `judge_part`."""
    others = images.at(torch.nonzero(~judge_part(images, share)).squeeze(1))
    return replace(others, reading={**images.reading, "judge_part": share})
