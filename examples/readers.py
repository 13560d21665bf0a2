"""Do other recipes follow their condition once they have the reader of `layout`? Their laptop presets, with a reader.

condgan train examples.readers:acgan --data sample --minutes 10 --set reader_weight=1
condgan ablate examples/layout.yaml --recipe examples.readers:acgan --recipe examples.readers:dcgan \\
    --recipe examples.readers:projection     compares them with the presets alone, and with `layout`

Recipes as module:function are imported from the working directory: run these where the folder `examples` is.
"""

from condgan.recipes import Recipe, build, with_reader
from condgan.recipes.options import PositiveFloat
from condgan.recipes.presets import preset_options


def acgan(*, reader_weight: PositiveFloat = 0.5, reader_kimg: PositiveFloat = 90) -> Recipe:
    """ACGAN, whose D also classifies: G then learns from two classifiers, of which the reader is frozen."""
    return _preset_with_reader("acgan", reader_weight, reader_kimg)


def dcgan(*, reader_weight: PositiveFloat = 0.5, reader_kimg: PositiveFloat = 90) -> Recipe:
    """The conditional DCGAN, whose D does not classify: the reader alone tells G which labels it sees."""
    return _preset_with_reader("dcgan", reader_weight, reader_kimg)


def projection(*, reader_weight: PositiveFloat = 0.5, reader_kimg: PositiveFloat = 90) -> Recipe:
    """The projection GAN, whose D scores image and condition together."""
    return _preset_with_reader("projection", reader_weight, reader_kimg)


def _preset_with_reader(recipe: str, weight: float, kimg: float) -> Recipe:
    return with_reader(build(recipe, preset_options(recipe, "laptop")), weight=weight, kimg=kimg)
