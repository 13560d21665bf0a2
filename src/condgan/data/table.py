"""Tables of labels, with one row for each image, and the condition inferred from their columns.

One column is a class, or a set of labels if a cell contains several. Several columns are attributes, or a set of labels
if all of them are yes or no.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from condgan.conditions import Attributes, Class, Condition, MultiLabel
from condgan.data.packed import IMAGE_SUFFIXES
from condgan.errors import InputError

SEPARATORS = re.compile("[;|]")  # between the labels of a cell
YES_OR_NO = {"0": 0, "1": 1, "-1": 0, "False": 0, "True": 1}  # CelebA has -1 for no
MANY_ROWS = 20
HEADER = "a header with the file's column and one for each label, such as file,hair,eyes"


@dataclass(frozen=True)
class Table:
    """File names, the place of each row, and the cells of each column, one for each row.

    `where`, the name of the whole table, and `places` are the beginnings of error messages.
    """

    where: str
    names: Sequence[str]
    places: Sequence[str]
    columns: Mapping[str, Sequence[str]]


def read_rows(text: str, where: str) -> list[tuple[str, list[str]]]:
    """Returns place and cells of each row of a CSV file, without empty rows. Raises InputError naming file and line."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    rows = []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((f"{where}, line {reader.line_num}", [cell.strip() for cell in row]))
    except csv.Error as error:
        raise InputError(f"{where}, line {reader.line_num}: {error}; expected cells separated by commas") from None
    if not rows:
        raise InputError(f"{where}: found no rows, expected {HEADER}, and a row for each image")
    return rows


def read_csv(text: str, where: str) -> Table:
    """Parses a CSV file with a header, whose first column contains file names and whose other columns are labels.

    Raises InputError naming file and line: no header, unnamed or repeated columns, rows of different lengths.
    """
    (place, header), *rows = read_rows(text, where)
    header = _single_spaced(header)
    if len(header) < 2:
        raise InputError(f"{place}: found one column {header[0]!r}, expected {HEADER}, separated by commas")
    for i, name in enumerate(header):
        if not name:
            raise InputError(f"{place}: column {i + 1} has no name; name it, or drop it if it only numbers the rows")
        if name in header[:i]:
            raise InputError(f"{place}: two columns are named {name!r}; rename one or drop it")
    if header[0].lower().endswith(IMAGE_SUFFIXES):
        raise InputError(f"{place}: found the file {header[0]!r}, expected {HEADER}")
    if not rows:
        raise InputError(f"{where}: found no rows under the header, expected one for each image")
    for place, row in rows:
        if len(row) != len(header):
            raise InputError(f"{place}: found {len(row)} cells, expected {len(header)} as in the header")
    names, *columns = zip(*(row for _, row in rows), strict=True)
    cells = map(_single_spaced, columns)
    return Table(where, names, [place for place, _ in rows], dict(zip(header[1:], cells, strict=True)))


def _single_spaced(cells: Iterable[str]) -> list[str]:
    return [" ".join(cell.split()) for cell in cells]


def infer(table: Table, min_objects: int) -> tuple[Condition, Tensor]:
    """Infers the condition from the columns; returns it and the labels, one for each row.

    Raises InputError naming the place: empty cells, names with commas or equals signs, columns of a single value or of
    a different value in each of many rows, sets of fewer than `min_objects` labels.
    """
    columns = table.columns
    if len(columns) == 1:
        ((column, cells),) = columns.items()
        if any(SEPARATORS.search(cell) for cell in cells):
            return _sets(table, column, min_objects)
        return _class(table, column)
    if all(YES_OR_NO.keys() >= set(cells) for cells in columns.values()):
        return _yes_or_no(table, min_objects)
    return _attributes(table)


def by_name(name: str) -> tuple[list[str | int], str]:
    """Returns a sort key: alphabetical, with numbers by value, so that `9.png` is before `10.png`."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)], name


def _class(table: Table, column: str) -> tuple[Condition, Tensor]:
    names, labels = _values(table, column)
    return Class(names), labels


def _attributes(table: Table) -> tuple[Condition, Tensor]:
    for column in table.columns:
        _check_attribute(column, table.where)
    found = {column: _values(table, column) for column in table.columns}
    values = {column: names for column, (names, _) in found.items()}
    return Attributes(values), torch.stack([labels for _, labels in found.values()], dim=1)


def _sets(table: Table, column: str, min_objects: int) -> tuple[Condition, Tensor]:
    sets = [[part for part in map(str.strip, SEPARATORS.split(cell)) if part] for cell in table.columns[column]]
    for place, labels in zip(table.places, sets, strict=True):
        if len(labels) < min_objects:
            raise InputError(f"{place}: {column!r} is empty, expected at least {min_objects} labels; drop the row")
        for i, label in enumerate(labels):
            _check_cell(label, f"{place}, {column!r}")
            if label in labels[:i]:
                raise InputError(f"{place}, {column!r}: {label!r} occurs twice; keep one")
    names = sorted({label for labels in sets for label in labels}, key=by_name)
    if len(names) < 2:
        raise InputError(f"{table.where}: {column!r} contains only the label {names}; a condition needs two")
    index = {name: i for i, name in enumerate(names)}
    hot = torch.zeros(len(sets), len(names), dtype=torch.uint8)
    for row, labels in zip(hot, sets, strict=True):
        row[[index[label] for label in labels]] = 1
    return MultiLabel(names), hot


def _yes_or_no(table: Table, min_objects: int) -> tuple[Condition, Tensor]:
    """Infers attributes if columns are named "VALUE ATTRIBUTE" with one yes per attribute in every row, else a set."""
    names = sorted(table.columns, key=by_name)
    for name in names:
        _check_cell(name, f"{table.where}, the header")
        _check_recurs(table, name)
    hot = torch.tensor([[YES_OR_NO[cell] for cell in table.columns[name]] for name in names], dtype=torch.uint8).T
    groups: dict[str, list[int]] = {name.rpartition(" ")[2]: [] for name in table.columns}
    for i, name in enumerate(names):
        groups[name.rpartition(" ")[2]].append(i)
    if all(" " in name for name in names) and all(bool((hot[:, g].sum(1) == 1).all()) for g in groups.values()):
        values = {attribute: [names[i].rpartition(" ")[0] for i in group] for attribute, group in groups.items()}
        return Attributes(values), torch.stack([hot[:, group].argmax(1) for group in groups.values()], dim=1)
    if len(few := torch.nonzero(hot.sum(1) < min_objects)):
        expected = f"expected at least {min_objects}; drop the row, or add a label for what it shows"
        raise InputError(f"{table.places[int(few[0])]}: found {int(hot[few[0]].sum())} labels, {expected}")
    return MultiLabel(names), hot.contiguous()


def _values(table: Table, column: str) -> tuple[list[str], Tensor]:
    """Returns the distinct values of a column with one value in each cell, and their indices, (N,)."""
    for place, cell in zip(table.places, table.columns[column], strict=True):
        if not cell:
            raise InputError(f"{place}: {column!r} is empty, expected a value; fill it in, or drop the row")
        if SEPARATORS.search(cell):
            raise InputError(
                f"{place}, {column!r}: found {cell!r}; cells with several labels are only allowed in a single column"
            )
        _check_cell(cell, f"{place}, {column!r}")
    _check_recurs(table, column)
    names = sorted(set(table.columns[column]), key=by_name)
    index = {name: i for i, name in enumerate(names)}
    return names, torch.tensor([index[cell] for cell in table.columns[column]])


def _check_recurs(table: Table, column: str) -> None:
    """Raises InputError if the column has one value in all rows, or a different value in each of many rows."""
    cells = table.columns[column]
    num_values = len(set(cells))
    if num_values == 1:
        found, needed = f"has one value {cells[0]!r} in all {len(cells)} rows", "a condition needs two"
    elif num_values == len(cells) >= MANY_ROWS:
        found, needed = f"has a different value in each of {len(cells)} rows", "a condition needs values that recur"
    else:
        return
    advice = "drop the column" if len(table.columns) > 1 else "label the images differently"
    raise InputError(f"{table.where}: {column!r} {found}; {needed}: {advice}")


def _check_cell(name: str, place: str) -> None:
    if forbidden := set(name) & set(",="):
        advice = "rename it; several labels in a cell are separated by ';'" if "," in forbidden else "rename it"
        raise InputError(f"{place}: {name!r}: names may not contain commas or equals signs; {advice}")


def _check_attribute(name: str, where: str) -> None:
    _check_cell(name, f"{where}, the header")
    if " " in name:
        raise InputError(f"{where}, the header: {name!r}: expected one word, such as {name.replace(' ', '_')!r}")
