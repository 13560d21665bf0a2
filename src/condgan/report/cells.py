"""Images of all cells of an ablation for the same conditions, side by side."""

from collections.abc import Mapping, Sequence

from condgan.report.folder import RunFolder
from condgan.report.pictures import Picture, Section, file_uri

ACCURACY = "condition_accuracy"
NO_LISTS = "No list of conditions was evaluated."


def side_by_side(runs: Mapping[str, Sequence[RunFolder]]) -> Section:
    """The grid of each list of conditions, of the first run of each cell that was evaluated on it."""
    pictures = []
    for name in dict.fromkeys(name for cell in runs.values() for run in cell for name in run.condition_lists):
        for cell, folders in runs.items():
            run = next((run for run in folders if name in run.condition_lists), None)
            if run:
                score = run.scores.get(f"generator, {name}", {}).get(ACCURACY)
                caption = f"{cell}, {name}" + (f": {ACCURACY.replace('_', ' ')} {score}" if score else "")
                alt = f"Generated images of the conditions in {name}, with captions, by {cell}"
                pictures.append(Picture(caption, alt, file_uri(run.condition_lists[name])))
    note = "The first run of each cell, with the same conditions and seed." if pictures else NO_LISTS
    return Section("Images of all cells", pictures, note, "plots")
