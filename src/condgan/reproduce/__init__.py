"""Reruns published experiments and compares the results with their claims."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from condgan import files
from condgan.ablate import Spec, Study, TrialEvent, conclude, read
from condgan.ablate.results import ResultTable
from condgan.ablate.study import execute
from condgan.data import Images, load_images
from condgan.errors import InputError, did_you_mean
from condgan.judge import judge_for
from condgan.reproduce.evidence import NOT_COMPARABLE, Evidence, NotComparable, Verdict
from condgan.reproduce.reports import REPORTS, Claim, Report

JUDGE_IMAGES = 200_000  # training images of a new judge, over all epochs


class Reproduction:
    """A report, its data set, and the folder of its studies."""

    def __init__(self, number: str, folder: Path, *, data: str | None = None, minutes: float | None = None):
        """Divides `minutes` among all runs, with the `small` options of the specs; without minutes runs at full scale.

        Raises InputError if there is no such report, or if it needs a data set and `data` is not given.
        """
        if number not in REPORTS:
            raise InputError(f"unknown report {number!r}{did_you_mean(number, REPORTS)} (known: {', '.join(REPORTS)})")
        self.number, self.report, self.folder = number, REPORTS[number], folder
        self.data = data or self.report.data
        if not self.data:
            raise InputError(f"report {number}: its data set is not included; provide one with --data")
        specs = [_of_variants(read(example(name)), variants) for name, variants in self.report.specs.items()]
        num_runs = sum(len(spec.cells) * len(spec.seeds) for spec in specs)
        self.specs = [self._fit(spec, minutes and minutes / num_runs) for spec in specs]

    def run(self) -> Iterator[TrialEvent]:
        """Trains a judge if the embedded one does not know the labels, then runs the studies.

        Calling it again continues. Raises InputError if the judge cannot be trained.
        """
        judge = self._judge(load_images(self.data))
        self.specs = [spec.model_copy(update={"judge": judge}) for spec in self.specs]
        self.studies = [
            Study(spec, self.folder / Path(name).stem) for name, spec in zip(self.report.specs, self.specs, strict=True)
        ]
        for study in self.studies:
            yield from study.run()
            conclude(study)

    def verdicts(self) -> ResultTable:
        """Returns a table of the claims and what was measured, and writes it to verdicts.md."""
        evidence = Evidence(self.studies)
        rows = [_row(claim, evidence) for claim in self.report.claims]
        table = ResultTable(
            f"Report {self.number}: {self.report.title}", ["claim", "reported", "measured", "verdict", "reason"], rows
        )
        files.write(self.folder / "verdicts.md", table.markdown)
        return table

    def _fit(self, spec: Spec, minutes: float | None) -> Spec:
        """Returns the spec with our data set, and with so many minutes for each run or at full scale."""
        fitted = spec.model_copy(update={"data": (self.data,)})
        return fitted.model_copy(update={"minutes": minutes, "kimg": None}) if minutes else fitted.full

    def _judge(self, images: Images) -> Path | None:
        """Returns the file of a judge, trained on the training images, or None if the embedded one knows the labels."""
        if judge_for(images.condition, None):
            return None
        file = self.folder / "judge.safetensors"
        epochs = max(1, round(JUDGE_IMAGES / images.num_training))
        words = ["judge", "train", self.data, "--out", file, "--epochs", epochs]
        if not file.exists() and (problem := execute(words, self.folder / "judge.txt")):
            raise InputError(f"no judge for {self.data}: {problem}")
        return file


def example(name: str) -> Path:
    """Returns the path of a file in `examples/`, which are part of the installed package."""
    packaged = Path(__file__).parents[1] / "examples" / name
    return packaged if packaged.exists() else Path(__file__).parents[3] / "examples" / name


def _of_variants(spec: Spec, names: Sequence[str]) -> Spec:
    """Returns the spec with these variants only, or with all if `names` is empty."""
    return spec.model_copy(update={"variants": {name: spec.variants[name] for name in names or spec.variants}})


def _row(claim: Claim, evidence: Evidence) -> Sequence[str]:
    try:
        verdict = claim.check(evidence)
    except NotComparable as missing:
        verdict = Verdict(NOT_COMPARABLE, missing.measured, missing.why)
    return [claim.says, claim.reported, verdict.measured, verdict.word, verdict.why]


__all__ = ["REPORTS", "Claim", "Report", "Reproduction", "example"]
