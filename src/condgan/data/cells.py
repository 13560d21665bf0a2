"""What the cells of a table mean: yes, no, missing, uncertain, a value, or several labels."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

from condgan.data.names import named
from condgan.data.reading import Reading, option
from condgan.errors import InputError

SEPARATORS = re.compile("[;|]")  # between the labels of a cell
TAG_COLUMNS = {"tag", "tags", "tag_string", "tag_string_general", "labels", "keywords"}
YES_AND_NO = {"1": "0", "yes": "no", "y": "n", "true": "false", "t": "f"}
MARKS = ("x", "✓", "✔")  # of yes, where no is an empty cell
MISSING = {"", "nan", "-nan", "na", "n/a", "#n/a", "<na>", "nat", "null"}
MISSING_ANSWERS = {*MISSING, "none"}  # beside yes and no; elsewhere it may be a value, such as no hat
UNCERTAIN = {"?", "u", "uncertain", "unsure", "unknown", "maybe"}
WHOLE_FLOAT = re.compile(r"([+-]?\d+)\.0*")


def is_missing(cell: str) -> bool:
    """Returns whether a cell is empty or one of the words that programs write for a missing value."""
    return cell.casefold() in MISSING


def without_decimals(cells: Sequence[str]) -> Sequence[str]:
    """Returns a column of whole numbers without their `.0`, which programs add where values are missing."""
    shorter = [match[1] if (match := WHOLE_FLOAT.fullmatch(cell)) else cell for cell in cells]
    is_numeric = all(is_missing(cell) or re.fullmatch(r"[+-]?\d+", cell) for cell in shorter)
    return shorter if is_numeric else cells


def split_cells(column: str, cells: Sequence[str]) -> tuple[list[list[str]], list[str]] | None:
    """Returns the labels of each cell and how they were told apart, or None if no cell contains several."""
    if any(SEPARATORS.search(cell) for cell in cells):
        return [SEPARATORS.split(cell) for cell in cells], []
    if all(cell.startswith("[") and cell.endswith("]") for cell in cells if cell) and any(cells):
        try:
            lists = [ast.literal_eval(cell) if cell else [] for cell in cells]
            return [list(map(str, labels)) for labels in lists], []
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return None
    if any("," in cell for cell in cells):
        return [cell.split(",") for cell in cells], [f"the labels in {column!r} are separated by commas"]
    if column.casefold() in TAG_COLUMNS and any(" " in cell for cell in cells):
        return [cell.split() for cell in cells], [f"the labels in {column!r} are separated by spaces"]
    return None


class Answers:
    """The columns of a table as answers yes, no, missing or uncertain; `found` is False if they are something else.

    -1 is no, as in CelebA's table, unless the table contains 0, too: then it is uncertain, as in CheXpert's.
    """

    def __init__(self, columns: Mapping[str, Sequence[str]], reading: Reading):
        cells = {name: [cell.casefold() for cell in column] for name, column in columns.items()}
        spellings = {name: set(column) for name, column in cells.items()}
        everything = set().union(*spellings.values())
        yes, no = ({word.casefold() for word in words} for words in (reading.yes, reading.no))
        self.yes = {*YES_AND_NO.keys()} - no | yes  # a person who says `--no 1` means it
        self.no = {*YES_AND_NO.values()} - yes | no
        self.yes |= {mark for mark in MARKS if everything & set(MARKS) and everything <= {mark, *MISSING_ANSWERS}}
        has_marks = bool(everything & self.yes & set(MARKS))
        self.missing = MISSING_ANSWERS - ({""} if has_marks else set())
        self.uncertain = set(UNCERTAIN)
        self.no |= {""} if has_marks else set()
        if "-1" not in self.yes | self.no:
            (self.uncertain if "0" in everything else self.no).add("-1")
        self.missing, self.uncertain = self.missing - self.yes - self.no, self.uncertain - self.yes - self.no
        self.cells, self.everything = cells, everything
        answers = self.yes | self.no | self.missing | self.uncertain
        self.found = (
            everything <= answers
            and bool(everything & (self.yes | self.no))
            and all(len(spelling & self.yes) <= 1 and len(spelling & self.no) <= 1 for spelling in spellings.values())
        )

    def notices(self) -> Iterator[str]:
        """Yields how yes and no are written unless they are the usual 1 and 0, yes and no, or true and false."""
        yes, no = sorted(self.everything & self.yes), sorted(self.everything & self.no)
        if set(yes + no) - {"0", "1", "yes", "no", "true", "false"}:
            written = [" or ".join(map(repr, words)).replace("''", "an empty cell") for words in (yes, no)]
            yield f"read as yes: {written[0] or 'never'}; as no: {written[1] or 'never'}"

    def bits(self, places: Sequence[str], reading: Reading) -> tuple[dict[str, list[int]], list[int], list[str]]:
        """Returns 0 or 1 for each cell of each column, the rows to keep, and notices.

        Raises InputError naming line and column of a missing or uncertain cell, unless `reading` says how to read it.
        """
        bits: dict[str, list[int]] = {}
        dropped: set[int] = set()
        notices = []
        known = {**dict.fromkeys(self.no, 0), **dict.fromkeys(self.yes, 1)}
        for kind, words in {"missing": self.missing, "uncertain": self.uncertain}.items():
            choice = getattr(reading, kind)
            unclear = {
                name: [row for row, cell in enumerate(column) if cell in words]
                for name, column in self.cells.items()
                if words & set(column)
            }
            if not unclear:
                continue
            number = sum(map(len, unclear.values()))
            if choice not in ("drop", "no", "yes"):
                name, row = next((name, rows[0]) for name, rows in unclear.items())
                found = repr(self.cells[name][row]) if self.cells[name][row] else "an empty cell"
                also = " (-1 is uncertain where 0 is no)" if self.cells[name][row] == "-1" else ""
                raise InputError(
                    f"{places[row]}, {name!r}: found {found}{also}, expected yes or no, and {number} cells of the "
                    f"table are {kind}; choose {option(kind)} drop (the rows), no or yes"
                )
            if choice == "drop":
                rows = {row for rows in unclear.values() for row in rows}
                notices.append(f"left out, rows with {kind} values: {len(rows)} ({_first(places, rows)})")
                dropped |= rows
            else:
                notices.append(f"{kind} values read as {choice}: {number} cells in {named(list(unclear))}")
            known |= dict.fromkeys(words, 1 if choice == "yes" else 0)
        for name, column in self.cells.items():
            bits[name] = [known[cell] for cell in column]
        return bits, [row for row in range(len(places)) if row not in dropped], notices


def _first(places: Sequence[str], rows: set[int]) -> str:
    return named([places[row].rpartition(", ")[2] for row in sorted(rows)])
