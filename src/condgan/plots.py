"""Plots of curves, as SVG elements for an HTML page and as PNG files."""

import io
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.figure import Figure

INK = "#010203"  # colour of axes and text; `svg` replaces it by the text colour of the page
COLORS = ("#3d85c6", "#e0793a", "#3a9e6e", "#a35fc0", "#d1495b", "#9a8a2b", "#3aa6a6", "#8c8c8c")
DASHES = (("-", "o"), ("--", "s"), (":", "^"), ("-.", "D"))  # of lines beyond the first eight, with their markers
STYLE: dict[Any, Any] = {
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
    **dict.fromkeys(("figure.facecolor", "axes.facecolor"), "none"),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": INK,
    "grid.alpha": 0.15,
    "font.size": 9,
    "axes.titlesize": 10,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "condgan",
}


class Line(NamedTuple):
    """A curve. `color` is the number of its look, of which there are 32. An empty label is not in the legend."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    color: int = 0
    pale: bool = False


def plot(panels: Mapping[str, Sequence[Line]], x_label: str = "kimg") -> Figure:
    """Returns plots side by side, one for each title, under which is the legend of the first."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(3.7 * len(panels), 2.9), layout="constrained")
        for axes, (title, lines) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
            for line in lines:
                look: dict[str, Any] = {"alpha": 0.25, "linewidth": 0.8} if line.pale else {"linewidth": 1.6}
                dash, marker = DASHES[line.color // len(COLORS) % len(DASHES)]
                look |= {"marker": marker, "markersize": 2.5} if len(line.x) < 30 and not line.pale else {}
                color = COLORS[line.color % len(COLORS)]
                axes.plot(line.x, line.y, dash, color=color, label=line.label, **look)
            axes.set(title=title, xlabel=x_label)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        if labels:
            columns = 2 * len(panels)
            figure.legend(handles, labels, loc="outside lower center", ncols=columns, fontsize=8, handlelength=3)
    return figure


def smoothed(y: Sequence[float], window: int) -> list[float]:
    """Returns the moving average over `window` values, fewer at the ends; values that are not finite are left out."""
    if not y:  # of a run that has logged nothing yet
        return []
    values = np.asarray(y, dtype=float)
    known = np.isfinite(values)
    kernel = np.ones(2 * (window // 2) + 1)
    sums, counts = (
        np.convolve(part, kernel)[window // 2 :][: len(values)] for part in (np.where(known, values, 0), known)
    )
    return [float(total / count) if count else float("nan") for total, count in zip(sums, counts, strict=True)]


def svg(figure: Figure, alt: str) -> str:
    """Returns the plot as an SVG element that scales with the page and takes its text colour and font.

    `alt` is the description for screen readers.
    """
    buffer = io.StringIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    text = buffer.getvalue()
    text = text[text.index("<svg") :].replace(INK, "currentColor")
    text = re.sub(r"<(metadata|style).*?</\1>", "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*"', "<g", text)  # ids must be unique if several plots are on a page
    text = re.sub(r' (width|height)="[\d.]+pt"', "", text, count=2)
    text = re.sub(r"'DejaVu Sans'[^;\"]*", "inherit", text)
    return text.replace("<svg", f'<svg role="img" aria-label="{escape(alt)}"', 1)


def png(figure: Figure) -> bytes:
    """Returns the content of a PNG file with the plot on white."""
    buffer = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(buffer, format="png", dpi=200, facecolor="white")
    return buffer.getvalue()
