"""Generates images with a trained generator: of a run, of a `generator.safetensors` alone, or a shipped one."""

import re
from collections.abc import Mapping
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path

import torch
from torch import Tensor, nn

from condgan import recipes
from condgan.conditions import Condition, from_json
from condgan.config import Config
from condgan.data.dataset import to_uint8
from condgan.errors import InputError, did_you_mean
from condgan.files import check_file, read_safetensors
from condgan.networks.gan import Generator
from condgan.networks.layout import Layout, LayoutGenerator
from condgan.weights import load_weights

SUFFIX = ".safetensors"


class LoadedGenerator(nn.Module):
    """A generator with its configuration and its vocabulary."""

    def __init__(self, network: Generator, config: Config):
        super().__init__()
        self.network, self.config = network, config

    @property
    def condition(self) -> Condition:
        """The condition of its images; `condition.parse("red cube, blue cylinder")` returns one."""
        return from_json(self.config.condition)

    def generate(self, c: Tensor, seed: int = 0, batch_size: int = 100, *, layout: Layout | None = None) -> Tensor:
        """Returns one image for each condition of a batch, (N, C, R, R) uint8; equal for equal seeds.

        `layout` is what `self.layout(c, seed)` returned, with other places or sizes. Unchanged, it gives the same
        images as no layout, up to rounding if there are several batches. Raises InputError like `paint`.
        """
        z = self.latents(len(c), seed)
        if layout is not None:
            return self.paint(layout, z, batch_size)
        images: Tensor = self(z, self.condition.encode(c), batch_size)
        return images

    @property
    def has_layout(self) -> bool:
        """Whether the generator places objects, so that `layout` and `paint` are available."""
        return isinstance(self.network.body, LayoutGenerator)

    @torch.no_grad()
    def layout(self, c: Tensor, seed: int = 0) -> Layout:
        """Returns the objects of the images that `generate(c, seed)` returns: features, places and sizes.

        Object k of an image is that of name k of `token_names`; objects without a name come last. To move one, change
        `place` (N, K, 2): x to the right and y down, from (-1, -1) in the upper left corner to (1, 1).
        Raises InputError if the recipe places no objects.
        """
        body, device = self._body, next(self.network.parameters()).device
        z, vector = self.latents(len(c), seed).to(device), self.condition.encode(c).to(device)
        return Layout(*(part.cpu() for part in body.layout(z, vector)))

    @torch.no_grad()
    def paint(self, layout: Layout, z: Tensor, batch_size: int = 100) -> Tensor:
        """Returns images (N, C, R, R) uint8 of the objects of a layout, for latents (N, latent_dim).

        Raises InputError if the recipe places no objects, if shapes do not fit, or unless all places are finite and all
        sizes positive.
        """
        body, device = self._body, next(self.network.parameters()).device
        _check_layout(layout, len(z))
        batches = zip(z.split(batch_size), *(part.split(batch_size) for part in layout), strict=True)
        drawn = [body.paint(Layout(*(part.to(device) for part in parts)), z.to(device)) for z, *parts in batches]
        return torch.cat([to_uint8(image).cpu() for image in drawn])

    def token_names(self, c: Tensor) -> list[str]:
        """Returns the names of the tokens of one condition, in the order of the objects of its layout.

        They are the items of its description, e.g. "red cube" and "blue cylinder"; the empty set has none.
        """
        _, exists = self.condition.tokens(self.condition.encode(c[None]))
        return self.condition.describe(c).split(", ")[: int(exists.sum())]

    @property
    def _body(self) -> LayoutGenerator:
        body = self.network.eval().body
        if not isinstance(body, LayoutGenerator):
            raise InputError(f"recipe {self.config.recipe} places no objects; use a run of `layout`")
        return body

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
    """Loads the generator of a run's folder, of a `generator.safetensors` alone, or a shipped one by its name.

    A checkpoint, RUN/checkpoints/NAME.pt, is loaded with the configuration of its run.

    A file or folder of that name is preferred to a shipped generator. Raises InputError if there is none, or if the
    file is broken or of another program.
    """
    file, names = Path(path), shipped()
    if not file.exists() and str(file) in names:
        with as_file(names[str(file)]) as embedded:
            return load(embedded)
    if not file.exists():
        known = f"expected a run, a generator.safetensors or a shipped generator ({', '.join(names) or 'none'})"
        raise InputError(f"{file}: no such file or folder; {known}{did_you_mean(str(file), names)}")
    if file.suffix == ".pt":
        from condgan.checkpoint import from_checkpoint  # which imports this module

        return from_checkpoint(file)
    file = file / "generator.safetensors" if file.is_dir() else file
    check_file(file, "the folder of a run that has been saved at least once")
    header, weights = read_safetensors(file)
    if "run" not in header:
        raise InputError(f"{file}: no configuration in its header; expected a generator.safetensors written by condgan")
    config = Config.parse(header["run"], str(file))
    renamed = {re.sub(r"^entrance\.", "conditioning.", name): weight for name, weight in weights.items()}  # format 1
    network = load_weights(lambda: untrained(config).network, renamed, str(file))
    return LoadedGenerator(network, config)


def shipped() -> Mapping[str, Traversable]:
    """Returns the generators that are part of the package, by name: the files of `pretrained/`."""
    found = sorted((files("condgan") / "pretrained").iterdir(), key=lambda file: file.name)
    return {file.name.removesuffix(SUFFIX): file for file in found if file.name.endswith(SUFFIX)}


def untrained(config: Config) -> LoadedGenerator:
    """Returns the generator of a configuration with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        recipe, condition = recipes.build(config.recipe, config.options), from_json(config.condition)
        network = recipe.generator(condition, config.resolution, config.channels)
    return LoadedGenerator(network.to(memory_format=torch.channels_last), config)


def _check_layout(layout: Layout, num_images: int) -> None:
    """Raises InputError unless the layout is of so many images and can be painted."""
    num_objects = layout.features.shape[1]
    if len(layout.features) != num_images:
        raise InputError(f"layout: found {len(layout.features)} images, expected {num_images}, one for each condition")
    for name, part, width in (("place", layout.place, 2), ("size", layout.size, 1)):
        if part.shape != (num_images, num_objects, width):
            expected = (num_images, num_objects, width)
            raise InputError(f"layout: {name} has shape {tuple(part.shape)}, expected {expected}")
    if not layout.place.isfinite().all():
        raise InputError("layout: found a place that is not finite, expected numbers, usually in [-1, 1]")
    if not (layout.size.isfinite() & (layout.size > 0)).all():
        raise InputError("layout: found a size that is not positive, expected standard deviations, e.g. 0.16")
