"""Cache of what networks make of real images, so that scoring many runs on one data set computes it once."""

from hashlib import sha256

import torch
from torch import Tensor

from condgan import files
from condgan.data.cache import cache_folder
from condgan.data.dataset import Images
from condgan.errors import InputError
from condgan.judge import Samples
from condgan.processes import fast_device
from condgan.weights import read_safetensors, to_safetensors

FORMAT = 1  # increased when the same key would give other numbers
BLOCK = 500  # images that are hashed at once


def cache_key(fingerprint: str, images: Images, indices: Tensor) -> str:
    """Returns the name of the outputs of a network for the images at these indices: a hash of both.

    Labels have no part in it, since they do not change the outputs. Devices and versions of torch round differently.
    """
    facts = (FORMAT, fingerprint, torch.__version__, fast_device().type, len(indices), tuple(images.images.shape[1:]))
    digest = sha256(repr(facts).encode())
    for rows in indices.split(BLOCK):
        digest.update(images.images[rows].contiguous().numpy().data)
    return digest.hexdigest()[:32]


def read_outputs(key: str, labels: Tensor) -> Samples | None:
    """Returns the outputs with this name for images with these labels, or None if the file is missing or damaged."""
    path = cache_folder() / f"{key}.outputs"
    if not path.is_file():
        return None
    try:
        _, outputs = read_safetensors(path)
        samples = Samples(labels, outputs["logits"], outputs["features"])
    except (InputError, KeyError):
        return None
    return samples if len(samples.logits) == len(samples.features) == len(labels) else None


def write_outputs(key: str, samples: Samples) -> None:
    """Keeps outputs in the cache. Raises InputError if the operating system refuses."""
    files.remove_left_behind(cache_folder())
    outputs = {"logits": samples.logits, "features": samples.features}
    files.write(cache_folder() / f"{key}.outputs", to_safetensors(outputs, {}))
