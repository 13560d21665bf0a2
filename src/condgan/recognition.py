"""The network Q of a run of codes, which it was trained with to predict the codes of its images."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import torch
from torch import Tensor

from condgan import recipes
from condgan.checkpoint import saved_part
from condgan.conditions import from_json
from condgan.config import Config
from condgan.data.dataset import to_float
from condgan.judge import Samples
from condgan.networks.gan import Discriminator
from condgan.saves import read_saves
from condgan.weights import load_weights


@dataclass(frozen=True)
class Recognition:
    """Q, the logits of D, which are those of the codes. D is given no code: where it enters D, zeros take its place."""

    discriminator: Discriminator
    num_inputs: int
    fingerprint: str

    @torch.no_grad()
    def classify(self, images: Tensor, c: Tensor) -> Samples:
        """Returns the logits of the codes of uint8 images (N, C, R, R), without features; `c` is not looked at."""
        device = next(self.discriminator.parameters()).device
        self.discriminator.eval()
        logits = self.discriminator(to_float(images.to(device)), torch.zeros(len(images), self.num_inputs).to(device))
        return Samples(c, logits.logits.cpu(), torch.empty(len(images), 0))


def load_recognition(folder: Path, config: Config) -> Recognition | None:
    """Loads Q from the newest checkpoint of a run.

    None if the run has labels instead of codes, no checkpoint, e.g. as it is a shared model, or no network that
    predicts codes. Raises InputError if the checkpoint is broken.
    """
    condition = from_json(config.condition)
    saves = [save for save in read_saves(folder) if save.checkpoint]
    if condition.is_labelled or not saves:
        return None
    name = str(saves[-1].checkpoint)
    file, recipe = folder / name, recipes.build(config.recipe, config.options)
    weights = saved_part(file, saves[-1].is_whole(folder, name), "discriminator", "restore it, or train again")
    shape = condition, config.resolution, config.channels
    discriminator = load_weights(lambda: recipe.discriminator(*shape), weights, str(file))
    recognition = Recognition(discriminator, condition.dim, sha256(file.read_bytes()).hexdigest())
    blank = torch.zeros(2, config.channels, config.resolution, config.resolution, dtype=torch.uint8)
    found = recognition.classify(blank, torch.empty(2, 0)).logits.shape[1]
    return recognition if found == condition.num_logits else None
