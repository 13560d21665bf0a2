"""The scores of a run, as `metrics.json` holds them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from condgan.errors import InputError
from condgan.metrics import Estimate

FORMAT = 2
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
    continuous code with each property of strokes. Raises InputError for a later format.
    """

    judge: str
    draws: int
    seed: int
    rows: Mapping[str, Row]
    per_condition: Mapping[str, Mapping[str, tuple[Estimate, Estimate]]] = field(default_factory=dict)
    per_object: Mapping[str, Row] = field(default_factory=dict)
    meaning: Mapping[str, str] = field(default_factory=dict)
    code_effects: Mapping[str, Row] = field(default_factory=dict)
    format: int = FORMAT  # 1 if missing in a file, which then has only the entries above
    suite: str = "quick"
    judge_hash: str = ""
    breakdowns: Mapping[str, Mapping[str, Row]] = field(default_factory=dict)
    occurrences: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    composition: Mapping[str, Row] = field(default_factory=dict)
    neighbours: Sequence[tuple[int, int, float]] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.format <= FORMAT:
            raise InputError(f"format: found {self.format}, expected at most {FORMAT}, as this version writes it")

    def to_json(self) -> dict[str, Any]:
        """Returns the scores as plain data; an estimate is [value, low, high]."""
        return asdict(self)
