"""The curves of a run."""

from condgan.curves import run_curves, window
from condgan.plots import plot, svg
from condgan.report.folder import RunFolder
from condgan.report.pictures import Picture, Section


def curves(run: RunFolder) -> Section:
    """Losses by network and term, D(x) and D(G(z)), and the scores at saves."""
    pictures = []
    for title, lines in run_curves(run.log, run.scores_at_saves).items():
        labels = ", ".join(line.label for line in lines if line.label)
        alt = f"{title}, over thousands of real images: {labels}"
        pictures.append(Picture("", alt, svg=svg(plot({title: lines}), alt)))
    notes = [f"Smoothed over {window(run.log)} lines of the log; pale: not smoothed."] if window(run.log) > 1 else []
    notes += [] if run.log else ["log.jsonl is empty so far."]
    notes += [
        "Scores over training are the judge's, for a few fixed conditions and latents; not used to select checkpoints."
        if run.scores_at_saves
        else "No scores over training: condgan train records them if a judge knows the labels (--judge FILE)."
    ]
    return Section("Curves", pictures, " ".join(notes), "plots")
