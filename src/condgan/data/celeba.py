"""CelebA's text files as downloaded: a line with the number of images, one with the attributes, then a line each."""

import re
from dataclasses import replace

from condgan.data.delimited import DELIMITERS, HEADER, Row, decode, read_rows
from condgan.data.listing import Listing
from condgan.data.names import named
from condgan.data.reading import Reading
from condgan.data.split import Part
from condgan.data.table import CELEBA_PARTS, Table, table_of_rows
from condgan.errors import InputError


def table_of_text(content: bytes, where: str, listing: Listing, reading: Reading) -> Table:
    """Reads a table with cells separated by spaces; the number of its rows may be in a line above the header.

    Raises InputError naming file and line: too few rows, or rows of another length than the header.
    """
    text = decode(content, where, reading.encoding)
    lines = text.splitlines()
    if any(delimiter in line for line in lines[:2] for delimiter in DELIMITERS):
        return table_of_rows(read_rows(text, where, reading.delimiter), where, listing, reading)
    rows: list[Row] = [(f"{where}, line {i}", line.split()) for i, line in enumerate(lines, 1) if line.strip()]
    if len(rows) < 2:
        raise InputError(f"{where}: found {len(rows)} lines, expected {HEADER}")
    if len(rows[0][1]) == 1 and re.fullmatch("[0-9]{1,9}", rows[0][1][0]):
        announced = int(rows[0][1][0])
        if announced != len(rows) - 2:
            raise InputError(f"{where}: found {len(rows) - 2} rows, expected {announced} as in line 1; restore it")
        rows = rows[1:]
    place, header = rows[0]
    if len(rows) > 1 and len(rows[1][1]) == len(header) + 1:  # the file's column has no name
        rows[0] = place, ["file", *header]
    return table_of_rows(rows, where, listing, reading)


def with_partition(table: Table, content: bytes, where: str) -> Table:
    """Returns the table with the parts in `list_eval_partition`: file name and 0, 1 or 2, as text or CSV."""
    lines = decode(content, where).replace(",", " ").split("\n")
    parts = {words[0]: CELEBA_PARTS.get(words[1]) for words in map(str.split, lines) if len(words) == 2}
    if missing := [name for name in table.names if parts.get(name) is None]:
        raise InputError(f"{where}: found no part for {named(missing)}, expected 0, 1 or 2; add them, or drop the file")
    found = [parts[name] or Part.TRAINING for name in table.names]
    return replace(table, parts=found).noting(f"{where} is read as the split: 0 is trained on, 1 and 2 are held out")
