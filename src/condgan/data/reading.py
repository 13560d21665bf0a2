"""Choices in reading a data set's files: which column names the images, how missing values are read, how to split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from condgan.errors import InputError, did_you_mean
from condgan.files import as_json

UNCERTAIN = ("refuse", "drop", "no", "yes")
MISSING = (*UNCERTAIN, "keep")
ANSWERS = ("yes", "no", "missing", "uncertain")  # choices about the cells of columns
OF_LABELS = ("table", "file_column", "label_columns", "group_by", "encoding", "delimiter", "label_per_row", *ANSWERS)
SPLITS = ("auto", "stratified", "every-20th")


@dataclass(frozen=True)
class Reading:
    """Choices where the files of a data set have more than one reading. The defaults guess only what is unambiguous.

    `table` is the file with the labels, `file_column` the column that names the images, `label_columns` are those of
    the labels, and images with the same value of `group_by` are on one side of the split. `yes` and `no` are
    additional spellings. `missing` and `uncertain` are one of `refuse`, `drop` (the row), `no` and `yes`; `missing` may
    also be `keep` (as a value of its own). `split` is `auto` (that of the files, or else stratified), `stratified` or
    `every-20th`. `hold_out` are values, e.g. labels: images that show all values of one of its entries are held out as
    well. `judge_part` is the share of the training images, in whole scenes, that is left out for a judge. Images with
    fewer than `min_objects` labels are left out.
    """

    table: str | None = None
    file_column: str | None = None
    label_columns: Sequence[str] = ()
    group_by: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    yes: Sequence[str] = ()
    no: Sequence[str] = ()
    missing: str = "refuse"
    uncertain: str = "refuse"
    label_per_row: bool = False
    split: str = "auto"
    hold_out: Sequence[Sequence[str]] = ()
    judge_part: float = 0.0
    min_objects: int = 1

    def __post_init__(self) -> None:
        for name, known in {"missing": MISSING, "uncertain": UNCERTAIN, "split": SPLITS}.items():
            if (found := getattr(self, name)) not in known:
                expected = f"expected one of {', '.join(known)}"
                raise InputError(f"{option(name)}: found {found!r}{did_you_mean(found, known)}; {expected}")
        if self.encoding is not None:
            check_encoding(self.encoding)
        if both := {word.casefold() for word in self.yes} & {word.casefold() for word in self.no}:
            raise InputError(f"--yes and --no: found {min(both)!r} in both, expected it in one of them")
        if not 0 <= self.judge_part < 1:
            raise InputError(f"--judge-part: found {self.judge_part:g}, expected a share below 1, e.g. 0.2")

    @property
    def chosen(self) -> Mapping[str, Any]:
        """The choices that are not the defaults, as plain data."""
        return {name: value for name, value in asdict(self).items() if value != getattr(Reading, name)}


def is_same(choices: Mapping[str, Any], others: Mapping[str, Any]) -> bool:
    """Whether two sets of choices are the same, where those that are not given are the defaults.

    >>> is_same({"split": "auto", "hold_out": []}, {"min_objects": 1}), is_same({"split": "stratified"}, {})
    (True, False)
    """
    defaults = asdict(DEFAULT)
    return bool(as_json({**defaults, **choices}) == as_json({**defaults, **others}))


def check_encoding(name: str) -> None:
    """Raises InputError unless Python knows the encoding as one of text.

    >>> check_encoding("cp1252")
    """
    try:
        "".encode(name)
    except (LookupError, ValueError):  # a ValueError for a name with NUL
        raise InputError(f"--encoding: unknown encoding {name!r}, expected one such as cp1252 or gbk") from None


DEFAULT = Reading()


def option(name: str) -> str:
    """Returns the option of the command line for a field of `Reading`.

    >>> option("file_column"), option("label_columns")
    ('--file-column', '--label-column')
    """
    return "--" + name.removesuffix("s").replace("_", "-") if name == "label_columns" else "--" + name.replace("_", "-")
