"""Images from a finished run: all it needs is `generator.safetensors`."""

from pathlib import Path

import torch
from torch import Tensor, nn

from condgan import recipes
from condgan.conditions import Condition, from_json
from condgan.config import Config
from condgan.data.dataset import to_uint8
from condgan.errors import InputError
from condgan.files import read_safetensors
from condgan.networks.parts import Generator


class LoadedGenerator(nn.Module):
    """A trained generator with the vocabulary it obeys."""

    def __init__(self, network: Generator, config: Config):
        super().__init__()
        self.network, self.config = network, config

    @property
    def condition(self) -> Condition:
        """What it obeys; `condition.parse("red cube, blue cylinder")` makes a value."""
        return from_json(self.config.condition)

    def generate(self, c: Tensor, seed: int = 0, batch_size: int = 100) -> Tensor:
        """One image for each condition of a batch, (N, C, R, R) uint8; the same for the same seed."""
        return self.draw(self.latents(len(c), seed), self.condition.encode(c), batch_size)

    def latents(self, n: int, seed: int = 0) -> Tensor:
        """Latents from the prior, (n, latent_dim); the first ones are the same whatever their number."""
        random = torch.Generator().manual_seed(seed)
        return torch.stack([torch.randn(self.network.latent_dim, generator=random) for _ in range(n)])

    @torch.no_grad()
    def draw(self, z: Tensor, c: Tensor, batch_size: int = 100) -> Tensor:
        """Images of latents (N, latent_dim) and encoded conditions (N, dim), (N, C, R, R) uint8."""
        self.network.eval()
        device = next(self.network.parameters()).device
        batches = zip(z.split(batch_size), c.split(batch_size), strict=True)
        return torch.cat([to_uint8(self.network(z.to(device), c.to(device))).cpu() for z, c in batches])


def load(path: str | Path) -> LoadedGenerator:
    """The generator of a run's folder, or of a `generator.safetensors` alone. Raises InputError."""
    file = Path(path)
    file = file / "generator.safetensors" if file.is_dir() else file
    if not file.is_file():
        raise InputError(f"{file}: no such file; expected the folder of a run that has been saved at least once")
    header, weights = read_safetensors(file)
    if "run" not in header:
        raise InputError(f"{file}: its header names no run; expected a generator.safetensors written by condgan")
    loaded = untrained(Config.read(header["run"], str(file)))
    loaded.network.load_state_dict(weights)
    return loaded


def untrained(config: Config) -> LoadedGenerator:
    """The generator that a run started from, apart from its weights' seed."""
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        recipe, condition = recipes.build(config.recipe, config.options), from_json(config.condition)
        network = recipe.generator(condition, config.resolution, config.channels)
    return LoadedGenerator(network.to(memory_format=torch.channels_last), config)
