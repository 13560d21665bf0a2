"""Generates images with a trained generator: of a run, of a `generator.safetensors` alone, or a shipped one."""

import re
from collections.abc import Mapping, Sequence
from importlib.resources import as_file
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from condgan import recipes
from condgan.conditions import Condition, from_json
from condgan.config import Config
from condgan.data.dataset import to_uint8
from condgan.draws import derived_seed, fixed_seed
from condgan.errors import InputError
from condgan.files import check_file
from condgan.generated_images import GeneratedImages
from condgan.networks.gan import Generator
from condgan.networks.layout import LayoutGenerator
from condgan.networks.splat import Layout, check_layout
from condgan.shipped import check_model, shipped
from condgan.weights import load_weights, read_safetensors

NAMES = ("generator.safetensors", "model.safetensors")  # of the model in the folder of a run, and in a shared one

Conditions = Tensor | str | Sequence[str]


class LoadedGenerator(nn.Module):
    """A generator with its configuration and its vocabulary. Calling it generates images.

    Conditions are texts, such as "red cube, blue cylinder"; a batch of the vocabulary's tensors does as well. What can
    be asked for is in `condition.values`.

    >>> import condgan
    >>> pipe = condgan.load("iclevr")
    >>> generated = pipe("red cube, blue cylinder", seed=0, num_images=4)
    >>> generated.images[0].size, generated.tensor.shape, generated.numpy().shape
    ((64, 64), torch.Size([4, 3, 64, 64]), (4, 64, 64, 3))
    """

    def __init__(self, network: Generator, config: Config):
        super().__init__()
        self.network, self.config = network, config

    @property
    def condition(self) -> Condition:
        """The condition of its images; `condition.parse("red cube, blue cylinder")` returns one."""
        return from_json(self.config.condition)

    def forward(
        self, conditions: Conditions, seed: int = 0, num_images: int = 1, *, truncation: float = 1.0
    ) -> GeneratedImages:
        """Generates `num_images` images of each condition; equal for equal seeds.

        The images of a condition follow one another. Image i is that of latent i of the seed, so that the first images
        do not depend on `num_images`. A `truncation` below 1 makes images less varied, see `latents`. Raises InputError
        for a condition that is not in the vocabulary.
        """
        if num_images < 1:
            raise InputError(f"num_images: found {num_images}, expected at least 1")
        c = self.batch(conditions).repeat_interleave(num_images, dim=0)
        return GeneratedImages(self.generate(c, seed, truncation=truncation), self.condition.describe_all(c))

    def generate(
        self,
        conditions: Conditions,
        seed: int = 0,
        batch_size: int = 100,
        *,
        layout: Layout | None = None,
        truncation: float = 1.0,
    ) -> Tensor:
        """Returns one image for each condition, (N, C, R, R) uint8; equal for equal seeds.

        `layout` is what `self.layout(conditions, seed, truncation)` returned, with other places or sizes. Unchanged, it
        gives the same images as no layout, up to rounding if there are several batches. Raises InputError like `batch`,
        `latents` and `paint`.
        """
        c = self.batch(conditions)
        z = self.latents(len(c), seed, truncation)
        if layout is not None:
            return self.paint(layout, z, batch_size)
        return self.from_latents(z, self.condition.encode(c), batch_size)

    def batch(self, conditions: Conditions) -> Tensor:
        """Returns a batch of conditions `c`: of one text, or of one text for each; a batch as it is.

        Raises InputError for a text that is not of the vocabulary, for a tensor of another shape, and for none at all.
        """
        if isinstance(conditions, Tensor):
            row = tuple(self.condition.each_value().shape[1:])
            if not conditions.ndim or conditions.shape[1:] != row:
                found, expected = tuple(conditions.shape), ", ".join(map(str, ("N", *row)))
                raise InputError(f"conditions: found a tensor of shape {found}, expected a batch of shape ({expected})")
        several = [conditions] if isinstance(conditions, str) else conditions
        if not len(several):
            raise InputError("conditions: found none, expected at least one")
        return several if isinstance(several, Tensor) else self.condition.parse_all(several)

    def save_pretrained(
        self,
        folder: str | Path,
        *,
        license: str | None = None,
        scores: Mapping[str, Any] | None = None,
        conditions: Conditions | None = None,
    ) -> None:
        """Writes a folder that `from_pretrained` loads: model.safetensors, config.json, README.md and samples.png.

        `license` is an identifier such as "mit", `scores` the content of metrics.json or `Scores.to_json()`, and
        `conditions` those of the picture, by default each value of the vocabulary. Raises InputError if they are
        unusable, if the folder is that of a run or has such files of something else, or if it cannot be written.
        """
        from condgan import sharing

        sharing.save(self, Path(folder), license=license, scores=scores, conditions=conditions)

    def push_to_hub(
        self,
        name: str,
        *,
        private: bool = False,
        license: str | None = None,
        scores: Mapping[str, Any] | None = None,
        conditions: Conditions | None = None,
    ) -> str:
        """Uploads what `save_pretrained` writes to the model OWNER/NAME of the Hub of Hugging Face, in one commit.

        Creates the model if needed. Returns its address. Raises InputError like `save_pretrained`, and if the Hub
        refuses or cannot be reached.
        """
        from condgan import sharing

        return sharing.push(self, name, private, license=license, scores=scores, conditions=conditions)

    @property
    def has_layout(self) -> bool:
        """Whether the generator places objects, so that `layout` and `paint` are available."""
        return isinstance(self.network.body, LayoutGenerator)

    @torch.no_grad()
    def layout(self, conditions: Conditions, seed: int = 0, truncation: float = 1.0) -> Layout:
        """Returns the objects of the images that `generate` returns for these arguments: features, places and sizes.

        Object k of an image is that of name k of `token_names`; objects without a name come last. To move one, change
        `place` (N, K, 2): x to the right and y down, from (-1, -1) in the upper left corner to (1, 1).
        Raises InputError if the recipe places no objects.
        """
        body, device, c = self._body, next(self.network.parameters()).device, self.batch(conditions)
        z, vector = self.latents(len(c), seed, truncation).to(device), self.condition.encode(c).to(device)
        return Layout(*(part.cpu() for part in body.layout(z, vector)))

    @torch.no_grad()
    def paint(self, layout: Layout, z: Tensor, batch_size: int = 100) -> Tensor:
        """Returns images (N, C, R, R) uint8 of the objects of a layout, for latents (N, latent_dim).

        Raises InputError if the recipe places no objects, if shapes do not fit, or unless all places are finite and all
        sizes positive.
        """
        body, device = self._body, next(self.network.parameters()).device
        check_layout(layout, len(z))
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

    def latents(self, n: int, seed: int = 0, truncation: float = 1.0) -> Tensor:
        """Draws latents from N(0, 1), (n, latent_dim), times `truncation`. The first k do not depend on n.

        Latents nearer to their mean give images that are less varied and often better: the truncation of Karras et al.
        2019, appendix B, of the latents themselves. Scores of such images are not those of the generator. Raises
        InputError unless it is in (0, 1].
        """
        if not 0 < truncation <= 1:
            raise InputError(f"truncation {truncation:g}: expected a number above 0 and at most 1, e.g. 0.7")
        random = torch.Generator().manual_seed(seed)
        return truncation * torch.stack([torch.randn(self.network.latent_dim, generator=random) for _ in range(n)])

    @torch.no_grad()
    def from_latents(self, z: Tensor, c: Tensor, batch_size: int = 100) -> Tensor:
        """Returns images (N, C, R, R) uint8 for latents (N, latent_dim) and encoded conditions (N, dim)."""
        self.network.eval()
        device = next(self.network.parameters()).device
        batches = zip(z.split(batch_size), c.split(batch_size), strict=True)
        return torch.cat([to_uint8(self.network(z.to(device), c.to(device))).cpu() for z, c in batches])


def load(path: str | Path) -> LoadedGenerator:
    """Loads the generator of a run's folder, of a shared one, of a file alone, or a shipped one by its name.

    A checkpoint, RUN/checkpoints/NAME.pt, is loaded with the configuration of its run.

    A file or folder of that name is preferred to a shipped generator. Raises InputError if there is none, or if the
    file is broken or of another program.
    """
    file = Path(path)
    check_model(file)
    if not file.exists():
        with as_file(shipped()[str(file)]) as embedded:
            return load(embedded)
    if file.suffix == ".pt":
        from condgan.checkpoint import from_checkpoint  # which imports this module

        return from_checkpoint(file)
    file = model_file(file)
    check_file(file, "the folder of a run that has been saved at least once")
    header, weights = read_safetensors(file)
    if "run" not in header:
        raise InputError(f"{file}: no configuration in its header; expected a generator.safetensors written by condgan")
    config = Config.parse(header["run"], str(file))
    renamed = {re.sub(r"^entrance\.", "conditioning.", name): weight for name, weight in weights.items()}  # format 1
    network = load_weights(lambda: untrained(config).network, renamed, str(file))
    return LoadedGenerator(network, config)


def model_file(path: Path) -> Path:
    """Returns the file of the generator in the folder of a run or in a shared one; a file as it is."""
    if not path.is_dir():
        return path
    return next((path / name for name in NAMES if (path / name).is_file()), path / NAMES[0])


def untrained(config: Config) -> LoadedGenerator:
    """Returns the generator of a configuration with the weights that it had before its training."""
    with fixed_seed(derived_seed(config.seed, 0)):
        recipe, condition = recipes.build(config.recipe, config.options), from_json(config.condition)
        network = recipe.generator(condition, config.resolution, config.channels)
    return LoadedGenerator(network.to(memory_format=torch.channels_last), config)
