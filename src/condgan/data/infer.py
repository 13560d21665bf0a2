"""The condition of a table: a class, a set of labels or attributes, told from its columns; none without columns.

One column is a class, or a set of labels if a cell contains several. Several columns are attributes, or a set of labels
if all of them are yes or no.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from condgan.conditions import Attributes, Class, Condition, MultiLabel, Unlabelled
from condgan.data.cells import SEPARATORS, Answers, is_missing, split_cells
from condgan.data.names import by_name, named, tidy
from condgan.data.reading import Reading, option
from condgan.data.table import Table
from condgan.errors import InputError

MANY_ROWS = 20
ARRAY = re.compile(r"""^\[.*['"]\s+['"].*\]$|^\[\s*\d+\.?(\s+\d+\.?)+\s*\]$""")  # printed by NumPy


@dataclass(frozen=True)
class Labelled:
    """A table whose rows are all labelled, or none; its condition and the labels, one for each row."""

    table: Table
    condition: Condition
    labels: Tensor


def infer(table: Table, reading: Reading) -> Labelled:
    """Infers the condition from the columns. Rows and columns that are left out are in the table's notices.

    Raises InputError naming the place: missing values, names with commas or equals signs, no column with values that
    recur.
    """
    if table.sets:
        return _sets(table, reading)
    if table.names and not table.columns:
        return Labelled(table, Unlabelled(), torch.empty(len(table.names), 0))
    if len(table.columns) > 1:
        answers = Answers(table.columns, reading)
        if answers.found:
            return _yes_or_no(table, answers, reading)
        others = _without_identifiers(table, reading)
        if 1 < len(others.columns) < len(table.columns):
            answers = Answers(others.columns, reading)
            if answers.found:
                return _yes_or_no(others, answers, reading)
    if unused := [name for name in ("yes", "no", "uncertain") if name in reading.chosen]:
        found = f"{option(unused[0])} has no effect, as the labels are not all yes or no"
        raise InputError(f"{table.where}: {found}; leave it out, or choose other columns with --label-column")
    if len(table.columns) > 1:
        table = _with_useful_columns(_settled(_with_useful_columns(table, reading), reading), reading)
    if len(table.columns) > 1:
        return _attributes(table)
    ((column, cells),) = table.columns.items()
    for place, cell in zip(table.places, cells, strict=True):
        if "," not in cell and ARRAY.search(cell):
            found = f"{place}, {column!r}: found {cell!r}, a list without commas, as pandas writes NumPy arrays"
            raise InputError(f"{found}; convert them with .tolist() first, or separate labels by ';'")
    if sets := split_cells(column, cells):
        labels, notice = sets
        return _sets(replace(table, sets=_known(labels, table, reading)).noting(*notice), reading)
    table = _settled(table, reading)
    names, labels_of = _values(table, column)
    return Labelled(table, Class(names), labels_of)


def _known(sets: Sequence[Sequence[str]], table: Table, reading: Reading) -> list[list[str]]:
    """Returns sets without empty labels. Raises InputError for one that a program wrote for a missing value."""
    found = [[label for label in map(tidy, labels) if label] for labels in sets]
    for place, labels in zip(table.places, found, strict=True):
        if reading.missing != "keep" and (missing := next(filter(is_missing, labels), None)):
            raise InputError(f"{place}: found {missing!r}, a missing value; empty the cell, or use --missing keep")
    return found


def _settled(table: Table, reading: Reading) -> Table:
    """Returns the table without rows that have a missing value, if `reading` says so."""
    rows: set[int] = set()
    for column, cells in table.columns.items():
        missing = [row for row, cell in enumerate(cells) if is_missing(cell)]
        if missing and reading.missing != "drop" and (reading.missing != "keep" or "" in cells):
            cell = cells[missing[0]]
            found = f"{column!r} is {cell!r}, a missing value" if cell else f"{column!r} is empty"
            advice = "fill it in, or drop the row; --missing drop leaves such rows out"
            advice += ", --label-column chooses other columns" if len(table.columns) > 1 else ""
            kept = ", --missing keep reads it as a value" if cell else ""
            count = f" ({len(missing)} cells)" if len(missing) > 1 else ""
            raise InputError(f"{table.places[missing[0]]}: {found}, expected a value{count}; {advice}{kept}")
        rows |= set(missing) if reading.missing == "drop" else set()
    if not rows:
        return table
    if len(rows) == len(table.names):
        raise InputError(f"{table.where}: every row has a missing value; choose other columns with --label-column")
    left_out = [table.names[row] for row in sorted(rows)]
    kept_rows = [row for row in range(len(table.names)) if row not in rows]
    return table.at(kept_rows).noting(f"left out, rows with missing values: {len(rows)} ({named(left_out)})")


def _with_useful_columns(table: Table, reading: Reading) -> Table:
    """Returns the table without columns of one value, and those of many rows with hardly a value that recurs.

    They are no labels: constants, numbers of rows, identifiers and descriptions. Columns that `reading` names are kept.
    """
    if reading.label_columns:
        return table
    return _without(table, {column: _problem(cells) or _too_many(cells) for column, cells in table.columns.items()})


def _without_identifiers(table: Table, reading: Reading) -> Table:
    """Returns the table without useless columns that are no answers yes or no, such as identifiers beside answers."""
    if reading.label_columns:
        return table
    others = {column: cells for column, cells in table.columns.items() if not Answers({column: cells}, reading).found}
    return _without(table, {column: _problem(cells) or _too_many(cells) for column, cells in others.items()})


def _without(table: Table, problems: Mapping[str, str]) -> Table:
    """Returns the table without the columns that have a problem, unless all have one."""
    useless = [f"{column!r} {problem}" for column, problem in problems.items() if problem]
    if not useless or len(useless) == len(table.columns):
        return table
    columns = {column: cells for column, cells in table.columns.items() if not problems.get(column)}
    return replace(table, columns=columns).noting(f"columns left out: {named(useless)}")


def _problem(cells: Sequence[str]) -> str:
    """Returns why the cells of a column cannot be values of a condition, or nothing."""
    num_values = len(set(cells))
    if num_values == 1:
        return f"has one value {cells[0]!r} in all {len(cells)} rows"
    if num_values == len(cells) >= MANY_ROWS:
        return f"has a different value in each of {len(cells)} rows"
    return ""


def _too_many(cells: Sequence[str]) -> str:
    """Returns how many values a column has if most of them cannot recur, as those of an identifier."""
    num_values = len(set(cells))
    return f"has {num_values} values in {len(cells)} rows" if num_values * 2 > len(cells) >= MANY_ROWS else ""


def _attributes(table: Table) -> Labelled:
    for column in table.columns:
        _check_attribute(column, table.where)
    found = {column: _values(table, column) for column in table.columns}
    values = {column: names for column, (names, _) in found.items()}
    if len(words := next(iter(values.values()))) == 2 and all(names == words for names in values.values()):
        advice = f"if they mean yes and no, use --yes and --no, such as --yes {words[0]} --no {words[1]}"
        table = table.noting(
            f"all columns contain {words[0]!r} and {words[1]!r}, read as values of attributes; {advice}"
        )
    return Labelled(table, Attributes(values), torch.stack([labels for _, labels in found.values()], dim=1))


def _sets(table: Table, reading: Reading) -> Labelled:
    what = f"{next(iter(table.columns))!r}" if table.columns else "the labels"
    for place, labels in zip(table.places, table.sets, strict=True):
        for label in labels:
            _check_cell(label, f"{place}, {what}")
        if len(set(labels)) < len(labels):
            twice = next(label for i, label in enumerate(labels) if label in labels[:i])
            raise InputError(f"{place}, {what}: {twice!r} occurs twice; keep one")
    table = _with_enough(table, [len(labels) for labels in table.sets], reading.min_objects)
    names = sorted({label for labels in table.sets for label in labels}, key=by_name)
    if len(names) < 2:
        raise InputError(f"{table.where}: {what} contains only the label {names}; a condition needs two")
    index = {name: i for i, name in enumerate(names)}
    hot = torch.zeros(len(table.sets), len(names), dtype=torch.uint8)
    rows = [row for row, labels in enumerate(table.sets) for _ in labels]
    hot[rows, [index[label] for labels in table.sets for label in labels]] = 1
    return Labelled(_noting_constants(table, names, hot), MultiLabel(names), hot)


def _noting_constants(table: Table, names: Sequence[str], hot: Tensor) -> Table:
    """Returns the table with a notice of the labels that every image shows, which cannot be learned."""
    always = [name for name, is_shown in zip(names, hot.all(0).tolist(), strict=True) if is_shown]
    return table.noting(f"labels that every image shows: {named(always)}") if always else table


def _with_enough(table: Table, numbers: Sequence[int], min_objects: int) -> Table:
    """Returns the table without the rows that have fewer than `min_objects` labels."""
    few = [row for row, number in enumerate(numbers) if number < min_objects]
    if not few:
        return table
    if len(few) == len(numbers):
        raise InputError(f"{table.where}: no row has {min_objects} labels, expected some that do")
    advice = "; --allow-empty keeps them, as the condition 'nothing'" if min_objects == 1 else ""
    found = f"{len(few)} ({named([table.names[row] for row in few])})"
    what = "images without labels" if min_objects == 1 else f"images with fewer than {min_objects} labels"
    kept = [row for row, number in enumerate(numbers) if number >= min_objects]
    return table.at(kept).noting(f"left out, {what}: {found}{advice}")


def _yes_or_no(table: Table, answers: Answers, reading: Reading) -> Labelled:
    """Infers attributes if columns are named "VALUE ATTRIBUTE" with one yes per attribute in every row, else a set."""
    bits, kept, notices = answers.bits(table.places, reading)
    table = table.at(kept).noting(*answers.notices(), *notices)
    if not kept:
        raise InputError(f"{table.where}: every row has a missing or uncertain value; see --missing and --uncertain")
    names = sorted(table.columns, key=by_name)
    for name in names:
        _check_cell(name, f"{table.where}, the header")
    hot = torch.tensor([bits[name] for name in names], dtype=torch.uint8).T[kept]
    groups: dict[str, list[int]] = {name.rpartition(" ")[2]: [] for name in table.columns}
    for i, name in enumerate(names):
        groups[name.rpartition(" ")[2]].append(i)
    if all(" " in name for name in names) and all(bool((hot[:, g].sum(1) == 1).all()) for g in groups.values()):
        values = {attribute: [names[i].rpartition(" ")[0] for i in group] for attribute, group in groups.items()}
        labels = torch.stack([hot[:, group].argmax(1) for group in groups.values()], dim=1)
        return Labelled(table, Attributes(values), labels)
    table = _with_enough(table, hot.sum(1).tolist(), reading.min_objects)
    hot = hot[hot.sum(1) >= reading.min_objects]
    shown = hot.sum(0).tolist()
    never = [name for name, number in zip(names, shown, strict=True) if not number]
    if len(names) - len(never) < 2:
        raise InputError(f"{table.where}: found {len(names) - len(never)} labels that any image shows, expected two")
    if never:
        table = table.noting(f"labels left out, shown by no image: {named(never)}")
        hot = hot[:, [i for i, number in enumerate(shown) if number]]
        names = [name for name, number in zip(names, shown, strict=True) if number]
    return Labelled(_noting_constants(table, names, hot), MultiLabel(names), hot.contiguous())


def _values(table: Table, column: str) -> tuple[list[str], Tensor]:
    """Returns the distinct values of a column with one value in each cell, and their indices, (N,)."""
    for place, cell in zip(table.places, table.columns[column], strict=True):
        if SEPARATORS.search(cell):
            raise InputError(
                f"{place}, {column!r}: found {cell!r}; cells with several labels are only allowed in a single column; "
                "choose it with --label-column"
            )
        _check_cell(cell, f"{place}, {column!r}")
    if problem := _problem(table.columns[column]):
        needed = "a condition needs values that recur" if "different" in problem else "a condition needs two"
        advice = "drop the column" if len(table.columns) > 1 else "label the images differently"
        raise InputError(f"{table.where}: {column!r} {problem}; {needed}: {advice}")
    names = sorted(set(table.columns[column]), key=by_name)
    index = {name: i for i, name in enumerate(names)}
    return names, torch.tensor([index[cell] for cell in table.columns[column]])


def _check_cell(name: str, place: str) -> None:
    if any(unicodedata.category(letter) == "Cc" for letter in name):
        raise InputError(f"{place}: {name!r}: names may not contain control characters; rename it")
    if forbidden := set(name) & set(",="):
        advice = "rename it; several labels in a cell are separated by ';'" if "," in forbidden else "rename it"
        raise InputError(f"{place}: {name!r}: names may not contain commas or equals signs; {advice}")


def _check_attribute(name: str, where: str) -> None:
    _check_cell(name, f"{where}, the header")
    if " " in name:
        raise InputError(
            f"{where}, the header: {name!r}: expected one word, such as {name.replace(' ', '_')!r}; "
            "rename it, or choose the labels with --label-column"
        )
