"""The learned embeddings of attribute values: a map of them, and how similar those of similar colours are."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.colors import CSS4_COLORS, to_hex, to_rgb
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from condgan.generate import LoadedGenerator
from condgan.networks.conditioning import ConcatAttributeEmbeddings
from condgan.plots import INK, STYLE, svg
from condgan.report.folder import RunFolder
from condgan.report.pictures import Picture, Section

OTHER_NAMES = {"blonde": "khaki"}  # colours that are not among those of CSS
MIN_COLOURS = 4  # with fewer, a correlation over pairs means nothing
NUM_SHUFFLES = 999


class Similarity(NamedTuple):
    """Rank correlation of colour distances and embedding distances, and its 95 % quantile for shuffled names."""

    correlation: float
    by_chance: float


def embeddings(run: RunFolder) -> Iterator[Section]:
    """A map of the embeddings of each attribute, for generators that learn one for each value."""
    if run.generator is None or not (found := learned_embeddings(run.generator)):
        return
    alt = f"Map of the learned embeddings of {', '.join(found)}: values that are near each other are similar to G"
    note = "The two directions in which the embeddings of an attribute differ most (principal components)."
    if similarity := colour_similarity(found):
        note += (
            f" Rank correlation of the distances between embeddings and those between the colours of these names: "
            f"{similarity.correlation:.2f}; 95 % of shuffled names are below {similarity.by_chance:.2f}."
        )
    yield Section("Embeddings", [Picture("", alt, svg=svg(_map(found), alt))], note, "double")


def learned_embeddings(generator: LoadedGenerator) -> dict[str, Mapping[str, np.ndarray]]:
    """Returns for each attribute the embedding (embedding_dim,) of each value; nothing if none are learned."""
    layer = generator.network.conditioning
    if not isinstance(layer, ConcatAttributeEmbeddings):
        return {}
    rows = [embed.weight.detach().T.cpu().double().numpy() for embed in layer.label_embeds]  # type: ignore[operator]
    controls = generator.condition.controls
    return {c.name: dict(zip(c.values, row, strict=True)) for c, row in zip(controls, rows, strict=True)}


def colour_similarity(found: Mapping[str, Mapping[str, np.ndarray]]) -> Similarity | None:
    """Compares the distances between embeddings with those between the colours that the values are named after.

    The mean over attributes of Spearman's correlation over pairs of values (Mantel 1967), with CIELAB distances. Values
    that are no colour are left out; returns None if no attribute has four colours.
    """
    pairs = []
    for vectors in found.values():
        colours = {name: rgb for name in vectors if (rgb := colour_of(name))}
        if len(colours) >= MIN_COLOURS:
            lab = np.stack([_lab(rgb) for rgb in colours.values()])
            pairs.append((_distances(lab), _distances(np.stack([vectors[name] for name in colours]))))
    if not pairs:
        return None
    random = np.random.default_rng(0)
    shuffled = [_correlation(pairs, [random.permutation(len(a)) for a, _ in pairs]) for _ in range(NUM_SHUFFLES)]
    return Similarity(_correlation(pairs, [np.arange(len(a)) for a, _ in pairs]), float(np.quantile(shuffled, 0.95)))


def colour_of(name: str) -> tuple[float, float, float] | None:
    """Returns the colour of a name such as "aqua" or "dark blue" as red, green and blue in [0, 1], or None.

    >>> colour_of("red"), colour_of("long")
    ((1.0, 0.0, 0.0), None)
    """
    word = name.lower().replace(" ", "")
    found = CSS4_COLORS.get(OTHER_NAMES.get(word, word))
    return to_rgb(found) if found else None


def _correlation(pairs: Sequence[tuple[np.ndarray, np.ndarray]], orders: Sequence[np.ndarray]) -> float:
    found = []
    for (a, b), order in zip(pairs, orders, strict=True):
        upper = np.triu_indices(len(a), 1)
        found.append(spearmanr(a[np.ix_(order, order)][upper], b[upper]).statistic)
    return float(np.mean(found))


def _distances(points: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(points[:, None] - points[None], axis=2))


def _lab(rgb: tuple[float, float, float]) -> np.ndarray:
    """CIELAB coordinates of an sRGB colour under D65. IEC 61966-2-1; ISO/CIE 11664-4."""
    c = np.asarray(rgb)
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    t = to_xyz @ linear / np.array([0.9505, 1.0, 1.089])
    x, y, z = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def _map(found: Mapping[str, Mapping[str, np.ndarray]]) -> Figure:
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(3.7 * len(found), 3.4), layout="constrained")
        for axes, (name, vectors) in zip(figure.subplots(1, len(found), squeeze=False)[0], found.items(), strict=True):
            points = np.stack(list(vectors.values()))
            centred = points - points.mean(0)
            _, _, directions = np.linalg.svd(centred, full_matrices=False)
            places = np.zeros((len(points), 2))
            places[:, : len(directions[:2])] = centred @ directions[:2].T
            for value, (x, y) in zip(vectors, places, strict=True):
                rgb = colour_of(value)
                axes.scatter(x, y, s=60, color=to_hex(rgb) if rgb else "none", edgecolors=INK, linewidths=0.8)
                axes.annotate(value, (x, y), xytext=(6, 3), textcoords="offset points", fontsize=8)
            axes.set(title=name, xticks=[], yticks=[])
            axes.margins(0.2)
    return figure
