"""Curves of a run: what each player pays by term, how real D took images for, and obedience over training."""

from math import nan

from condgan.plots import Line, plot, smoothed, svg
from condgan.report.folder import RunFolder
from condgan.report.pictures import Picture, Section
from condgan.watch import ACCURACIES

BELIEFS = ("D(x)", "D(G(z))", "D(G(z)) for G")


def curves(run: RunFolder) -> Section:
    """Losses per player and term, D's beliefs, and the accuracies of scores.jsonl."""
    names = list(dict.fromkeys(name for line in run.log for name in line))
    charts = {f"What {player} pays": [name for name in names if name.startswith(f"{player}/")] for player in ("D", "G")}
    charts["How real D takes images for"] = [name for name in BELIEFS if name in names]
    pictures = [_picture(run, title, chosen) for title, chosen in charts.items() if chosen]
    if run.curve:
        pictures.append(_accuracy(run))
    notes = [f"Smoothed over {_window(run)} lines of the log, which stand pale behind." if _window(run) > 1 else ""]
    notes += [] if run.log else ["No line of log.jsonl yet."]
    notes += [
        "Accuracy over training is of the judge's reading of a few fixed draws; nothing was selected by it."
        if run.curve
        else "No accuracy over training: condgan train writes it where a judge knows the labels (--judge FILE)."
    ]
    return Section("Curves", pictures, " ".join(filter(None, notes)), "plots")


def _window(run: RunFolder) -> int:
    return max(1, len(run.log) // 25)


def _picture(run: RunFolder, title: str, names: list[str]) -> Picture:
    lines = []
    x = [line["kimg"] for line in run.log]
    for color, name in enumerate(names):
        y = [nan if line.get(name) is None else line[name] for line in run.log]
        lines += [Line("", x, y, color, pale=True)] if _window(run) > 1 else []
        lines.append(Line(name.partition("/")[2] or name, x, smoothed(y, _window(run)), color))
    alt = f"{title}, over thousands of real images: {', '.join(names)}"
    return Picture("", alt, svg=svg(plot({title: lines}), alt))


def _accuracy(run: RunFolder) -> Picture:
    x = [line["kimg"] for line in run.curve]
    accuracies = {
        name.replace("_", " "): [line.get(name, nan) for line in run.curve]
        for name in ACCURACIES
        if any(name in line for line in run.curve)
    }
    lines = [Line(name, x, y, color) for color, (name, y) in enumerate(accuracies.items())]
    alt = f"Accuracy over training, over thousands of real images: {' and '.join(accuracies)}"
    return Picture("", alt, svg=svg(plot({"Accuracy over training": lines}), alt))
