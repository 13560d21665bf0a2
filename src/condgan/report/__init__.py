"""A self-contained HTML page about runs."""

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from condgan import metrics
from condgan.ablate import Outcome
from condgan.checked import checked
from condgan.curves import compare
from condgan.data.opening import inside
from condgan.files import read_json
from condgan.plots import svg
from condgan.report.attention_maps import attention_maps
from condgan.report.cells import side_by_side
from condgan.report.curve_section import curves
from condgan.report.embeddings import embeddings
from condgan.report.folder import RunFolder
from condgan.report.layouts import layouts
from condgan.report.pictures import (
    Picture,
    Section,
    codes,
    condition_grids,
    interpolations,
    newest,
    over_time,
    traversals,
)
from condgan.templates import template


@dataclass(frozen=True)
class Ablation:
    """The content of an ablation.json, the curves and images of its cells, and the folders of its runs."""

    outcome: Outcome
    curves: Picture
    images: Section
    folders: Sequence[Path]


def page(paths: Sequence[Path], title: str) -> str:
    """Returns the HTML page about runs and ablations, given their folders.

    It loads nothing from a network. Raises InputError naming a folder that is neither, or a file that cannot be read.
    """
    ablations = {path: _ablation(path) for path in paths if (path / "ablation.json").is_file()}
    runs = [
        RunFolder(folder) for path in paths for folder in (ablations[path].folders if path in ablations else [path])
    ]
    fullest = sorted(runs, key=lambda run: -len(run.facts))  # runs without scores have fewer columns
    columns = list(dict.fromkeys(name for run in fullest for name in run.facts))
    names = dict.fromkeys(name for run in runs for name in run.score_table.metrics)
    return template("condgan.report", "page.html.jinja").render(
        title=title,
        ablations=list(ablations.values()),
        columns=columns,
        rows=[[run.facts.get(name, "") for name in columns] for run in runs],
        runs=[(run, newest(run), list(_sections(run))) for run in runs],
        explained={name: text for name in names if (text := explanation(name))},
    )


def explanation(metric: str) -> str:
    """Returns what a metric is in one line, the first of its documentation; nothing for other names.

    >>> explanation("exact_accuracy")
    'Share of images in which the judge recognises exactly the wanted condition and nothing else, in [0, 1].'
    """
    measure = getattr(metrics, metric.partition("[")[0], None)  # kid[judge] is kid in the features of the judge
    return (inspect.getdoc(measure) or "").partition("\n")[0] if inspect.isfunction(measure) else ""


def _sections(run: RunFolder) -> Iterator[Section]:
    yield curves(run)
    yield condition_grids(run)
    yield over_time(run)
    yield from codes(run)
    yield from traversals(run)
    yield from interpolations(run)
    yield from embeddings(run)
    yield from layouts(run)
    yield from attention_maps(run)


def _ablation(folder: Path) -> Ablation:
    where = str(folder / "ablation.json")
    outcome = checked(Outcome, read_json(folder / "ablation.json"), where)
    for name in (name for names in outcome.runs.values() for name in names):
        inside(folder, name)
    runs = {cell: [folder / name for name in names] for cell, names in outcome.runs.items()}
    alt = f"Curves over training, one colour for each of {', '.join(runs)}"
    present = {cell: [run for run in folders if (run / "run.json").is_file()] for cell, folders in runs.items()}
    images = side_by_side({cell: [RunFolder(run) for run in folders] for cell, folders in present.items()})
    curves = Picture("", alt, svg=svg(compare(runs), alt))
    return Ablation(outcome, curves, images, [run for folders in present.values() for run in folders])
