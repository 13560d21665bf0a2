"""The reports, run again: what each ran, and a verdict on each of its claims."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from condgan import files
from condgan.ablate import Spec, Study, TrialEvent, conclude, read
from condgan.ablate.results import ResultTable
from condgan.ablate.study import execute
from condgan.data import Images, load_images
from condgan.errors import InputError, did_you_mean
from condgan.judge import load_judge
from condgan.reproduce.evidence import Evidence, Verdict
from condgan.reproduce.reports import REPORTS, Claim, Report

JUDGE_IMAGES = 200_000  # that a judge is shown where the embedded one does not know the labels


class Reproduction:
    """A report, the data it runs on, and the folder that its studies fill."""

    def __init__(self, number: str, folder: Path, *, data: str | None = None, minutes: float | None = None):
        """All its trainings together last `minutes`, with the small options of its specs; without, at full scale.

        Raises InputError if there is no such report, or no data for it.
        """
        if number not in REPORTS:
            raise InputError(f"report {number!r}: unknown{did_you_mean(number, REPORTS)} (known: {', '.join(REPORTS)})")
        self.number, self.report, self.folder = number, REPORTS[number], folder
        self.data = data or self.report.data
        if not self.data:
            raise InputError(f"report {number} ran on data that cannot be had here; name yours with --data")
        specs = [_of_variants(read(example(name)), variants) for name, variants in self.report.specs.items()]
        num_runs = sum(len(spec.cells) * len(spec.seeds) for spec in specs)
        self.specs = [self._fit(spec, minutes and minutes / num_runs) for spec in specs]

    def run(self) -> Iterator[TrialEvent]:
        """Trains a judge if the embedded one does not know the labels, then plays every study. Goes on if asked again.

        Raises InputError if the judge cannot be trained.
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
        """The claims beside what was measured, which is also written to verdicts.md."""
        evidence = Evidence(self.studies)
        rows = [_row(claim, claim.check(evidence)) for claim in self.report.claims]
        table = ResultTable(
            f"Report {self.number}: {self.report.title}", ["claim", "reported", "measured", "verdict", "why"], rows
        )
        files.write(self.folder / "verdicts.md", table.markdown)
        return table

    def _fit(self, spec: Spec, minutes: float | None) -> Spec:
        """The spec on the data, with a budget for each of its runs or at full scale."""
        fitted = spec.model_copy(update={"data": (self.data,)})
        return fitted.model_copy(update={"minutes": minutes, "kimg": None}) if minutes else fitted.full

    def _judge(self, images: Images) -> Path | None:
        """A judge that knows the labels, if the embedded one does not; trained once, on the training images."""
        try:
            load_judge(None, images.condition)
        except InputError:
            file = self.folder / "judge.safetensors"
            epochs = max(1, round(JUDGE_IMAGES / int(images.held_out.logical_not().sum())))
            words = ["judge", "train", self.data, "--out", file, "--epochs", epochs]
            if not file.exists() and (problem := execute(words, self.folder / "judge.txt")):
                raise InputError(f"no judge for {self.data}: {problem}") from None
            return file
        return None


def example(name: str) -> Path:
    """A file of `examples/`, which an installed package carries inside it."""
    packaged = Path(__file__).parents[1] / "examples" / name
    return packaged if packaged.exists() else Path(__file__).parents[3] / "examples" / name


def _of_variants(spec: Spec, names: Sequence[str]) -> Spec:
    """The spec with these variants alone, or with all if none is named."""
    return spec.model_copy(update={"variants": {name: spec.variants[name] for name in names or spec.variants}})


def _row(claim: Claim, verdict: Verdict) -> Sequence[str]:
    return [claim.says, claim.reported, verdict.measured, verdict.word, verdict.why]


__all__ = ["REPORTS", "Claim", "Report", "Reproduction", "example"]
