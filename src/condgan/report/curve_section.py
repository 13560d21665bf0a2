"""The section with the curves of a run."""

from condgan.curves import run_curves, window
from condgan.plots import plot, svg
from condgan.report.folder import RunFolder
from condgan.report.pictures import Picture, Section


def curves(run: RunFolder) -> Section:
    """Curves of losses by network and term, of D(x) and D(G(z)), and of the scores at saves."""
    pictures = []
    for title, lines in run_curves(run.log, run.scores_at_saves).items():
        labels = ", ".join(line.label for line in lines if line.label)
        alt = f"{title}, over thousands of real images: {labels}"
        pictures.append(Picture("", alt, svg=svg(plot({title: lines}), alt)))
    notes = (
        [f"Moving average over {window(run.log)} lines of the log; pale: the values themselves."]
        if window(run.log) > 1
        else []
    )
    notes += [] if run.log else ["log.jsonl is empty so far."]
    notes += [
        "Scores over training are those of the judge on fixed conditions and latents; not used to select checkpoints."
        if run.scores_at_saves
        else "No scores over training: condgan train records them if there is a judge for the labels (--judge FILE)."
    ]
    return Section("Curves", pictures, " ".join(notes), "plots")
