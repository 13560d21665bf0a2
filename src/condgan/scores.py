"""The scores of a run, as `metrics.json` holds them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import nan
from pathlib import Path
from typing import Any, NamedTuple

from condgan.checked import checked
from condgan.errors import InputError
from condgan.files import as_json, read_json
from condgan.generate import model_file
from condgan.metrics import Estimate
from condgan.saves import file_hash

FILE = "metrics.json"  # in the folder of a run
FORMAT = 3
GENERATOR = "generator, "  # start of the names of rows of generated images; then the list of conditions
KID = "kid[judge]"
Row = Mapping[str, Estimate]  # by metric


@dataclass(frozen=True)
class Scores:
    """The scores of a run; the fields are described in docs/metrics.md.

    `rows`: source of the images and list of conditions -> metric -> estimate. `per_condition` and `per_object`: list of
    conditions -> condition or object -> accuracy; of a condition both condition and exact accuracy. `breakdowns`: list
    of conditions -> name of the breakdown -> part -> estimate. `occurrences`: list of conditions -> how many of them
    are `seen` and `unseen` in training. `composition`: scores of the images of seen and of unseen conditions of all
    lists, and the `gap`, seen minus unseen. `neighbours`: the generated images that are nearest to a training image:
    the number of the held-out image whose condition it has, that of the training image in the data set, the distance.
    For codes, `meaning` is the label matched to each categorical code, and `code_effects` the correlation of each
    continuous code with each property of strokes. `second_judge` is the name of the judge whose scores are marked
    [second], empty without one. `judges_saw`: `judge` and `second` -> how many of the `num_training` training images it
    was trained on; absent if that is not known. `judges_saw_held_out`: the same of the held-out images; absent if it is
    none. `spaces`: other feature spaces -> hash of their network. Raises InputError for a later format. `judge` is
    empty if there was none, as the images have no labels. `generator_hash` is that of the file of the generator, as
    `generator_hash` returns it; empty in files of earlier versions.
    """

    judge: str
    draws: int
    seed: int
    rows: Mapping[str, Row]
    per_condition: Mapping[str, Mapping[str, tuple[Estimate, Estimate]]] = field(default_factory=dict)
    per_object: Mapping[str, Row] = field(default_factory=dict)
    meaning: Mapping[str, str] = field(default_factory=dict)
    code_effects: Mapping[str, Row] = field(default_factory=dict)
    format: int = FORMAT  # missing in files of format 1, which have only the entries above
    suite: str = "quick"
    judge_hash: str = ""
    breakdowns: Mapping[str, Mapping[str, Row]] = field(default_factory=dict)
    occurrences: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    composition: Mapping[str, Row] = field(default_factory=dict)
    neighbours: Sequence[tuple[int, int, float]] = ()
    second_judge: str = ""  # this entry and the next ones are missing in files of format 2
    second_judge_hash: str = ""
    num_training: int = 0
    judges_saw: Mapping[str, int] = field(default_factory=dict)
    judges_saw_held_out: Mapping[str, int] = field(default_factory=dict)
    spaces: Mapping[str, str] = field(default_factory=dict)
    generator_hash: str = ""

    @classmethod
    def read(cls, folder: Path) -> "Scores":
        """Reads the scores of a run. Raises InputError if they are missing, broken, or of an earlier generator."""
        scores = cls.read_any(folder)
        if outdated := scores.outdated(folder):
            raise InputError(f"{folder / FILE}: {outdated}")
        return scores

    @classmethod
    def read_any(cls, folder: Path) -> "Scores":
        """Reads the scores of a run like `read`, also those of an earlier generator."""
        return cls.parse(read_json(folder / FILE), str(folder / FILE), "run condgan evaluate again")

    @classmethod
    def parse(cls, content: Any, where: str, advice: str) -> "Scores":
        """Returns the scores that `to_json` converted, also of an earlier format.

        `where` names the data in messages, which end with the advice. Raises InputError if these are no scores.
        """
        content = _null_as_nan(content, where, advice)
        if isinstance(content, Mapping):
            content = {"format": 1, **content}
        return checked(cls, content, where, advice)

    def __post_init__(self) -> None:
        if not 1 <= self.format <= FORMAT:
            raise InputError(f"format: found {self.format}, expected at most {FORMAT}, as this version writes it")

    def outdated(self, folder: Path) -> str:
        """What to do about scores of an earlier generator of a run; empty if they are of its generator, or not known.

        Not known are scores of earlier versions, and those in a folder without a generator, such as published ones.
        """
        found = generator_hash(folder)
        if not (self.generator_hash and found) or found == self.generator_hash:
            return ""
        return f"scores of an earlier generator, the run was trained since; run condgan evaluate {folder}"

    @property
    def judges(self) -> str:
        """What is known about the judges, in words: which images they were trained on, or what is not scored."""
        if not self.judge:
            missing = "no judge, as the images have no labels: not scored are accuracies, memorisation and kid[judge]"
            return missing if self.spaces else f"{missing}; evaluate --features SPACE scores realism"
        names = {"judge": self.judge} | ({"second": self.second_judge} if self.second_judge else {})
        return "; ".join(f"{role} {name}: {self._saw(role)}" for role, name in names.items())

    def _saw(self, role: str) -> str:
        if role not in self.judges_saw:
            return "not known which images it was trained on"
        number, held_out = self.judges_saw[role], self.judges_saw_held_out.get(role, 0)
        found = f"trained on {number or 'none'} of the {self.num_training} training images"
        found += f" and on {held_out} held-out images" if held_out else ""
        return f"{found}, scores may be too high" if number or held_out else found

    @property
    def setting(self) -> str:
        """The judge, the number of images of each condition, and the seed, in words."""
        if not self.judge:
            return f"seed {self.seed}"
        return f"judge {self.judge}, {self.draws} images per condition, seed {self.seed}"

    def to_json(self) -> dict[str, Any]:
        """Returns the scores as plain data; an estimate is [value, low, high], None for what is undefined."""
        content: dict[str, Any] = as_json(asdict(self))
        return content


class ScoreTable(NamedTuple):
    """Rows of scores as texts: the metrics that any of them has; for each row its name, then the estimate of each."""

    metrics: list[str]
    rows: list[list[str]]

    @classmethod
    def of(cls, rows: Mapping[str, Row]) -> "ScoreTable":
        """Returns the table of rows by name, with an empty text for an estimate that a row does not have."""
        names = list(dict.fromkeys(metric for row in rows.values() for metric in row))
        return cls(names, [[name, *(str(row.get(each, "")) for each in names)] for name, row in rows.items()])


def generator_hash(folder: Path) -> str:
    """Returns the SHA-256 of the file of the generator in a folder, empty if there is none."""
    file = model_file(folder)
    return file_hash(file) if file.is_file() else ""


def _null_as_nan(content: Any, where: str, advice: str) -> Any:
    """Returns plain data with NaN for null, which files have in its place, as JSON has no NaN."""
    try:
        return _with_nan(content)
    except RecursionError:
        raise InputError(f"{where}: found lists in lists in lists; {advice}") from None


def _with_nan(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {name: _with_nan(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [_with_nan(value) for value in content]
    return nan if content is None else content
