"""Generates images with a trained generator, from its run or from `generator.safetensors` alone."""

import re
from pathlib import Path

import torch
from torch import Tensor, nn

from condgan import recipes
from condgan.conditions import Condition, from_json
from condgan.config import Config
from condgan.data.dataset import to_uint8
from condgan.errors import InputError
from condgan.files import read_safetensors
from condgan.networks.gan import Generator


class LoadedGenerator(nn.Module):
    """A generator with its configuration and its vocabulary."""

    def __init__(self, network: Generator, config: Config):
        super().__init__()
        self.network, self.config = network, config

    @property
    def condition(self) -> Condition:
        """The condition of its images; `condition.parse("red cube, blue cylinder")` returns one."""
        return from_json(self.config.condition)

    def generate(self, c: Tensor, seed: int = 0, batch_size: int = 100) -> Tensor:
        """Returns one image for each condition of a batch, (N, C, R, R) uint8; equal for equal seeds."""
        images: Tensor = self(self.latents(len(c), seed), self.condition.encode(c), batch_size)
        return images

    def latents(self, n: int, seed: int = 0) -> Tensor:
        """Draws latents from N(0, 1), (n, latent_dim). The first ones do not depend on their number."""
        random = torch.Generator().manual_seed(seed)
        return torch.stack([torch.randn(self.network.latent_dim, generator=random) for _ in range(n)])

    @torch.no_grad()
    def forward(self, z: Tensor, c: Tensor, batch_size: int = 100) -> Tensor:
        """Returns images (N, C, R, R) uint8 for latents (N, latent_dim) and encoded conditions (N, dim)."""
        self.network.eval()
        device = next(self.network.parameters()).device
        batches = zip(z.split(batch_size), c.split(batch_size), strict=True)
        return torch.cat([to_uint8(self.network(z.to(device), c.to(device))).cpu() for z, c in batches])


def load(path: str | Path) -> LoadedGenerator:
    """Loads the generator of a run's folder, or of a `generator.safetensors` alone.

    Raises InputError if there is none, or if the file is broken or of another program.
    """
    file = Path(path)
    file = file / "generator.safetensors" if file.is_dir() else file
    if not file.is_file():
        raise InputError(f"{file}: no such file; expected the folder of a run that has been saved at least once")
    header, weights = read_safetensors(file)
    if "run" not in header:
        raise InputError(f"{file}: no configuration in its header; expected a generator.safetensors written by condgan")
    loaded = untrained(Config.parse(header["run"], str(file)))
    renamed = {re.sub(r"^entrance\.", "conditioning.", name): weight for name, weight in weights.items()}  # format 1
    try:
        loaded.network.load_state_dict(renamed)
    except RuntimeError as error:
        raise InputError(f"{file}: its weights do not fit its configuration ({error}); restore the file") from None
    return loaded


def untrained(config: Config) -> LoadedGenerator:
    """Returns the generator of a configuration with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        recipe, condition = recipes.build(config.recipe, config.options), from_json(config.condition)
        network = recipe.generator(condition, config.resolution, config.channels)
    return LoadedGenerator(network.to(memory_format=torch.channels_last), config)
