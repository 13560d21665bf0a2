"""Labels in JSON, JSON lines and Parquet: StyleGAN's dataset.json and HuggingFace's metadata."""

import io
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

from condgan.data.cells import SEPARATORS
from condgan.data.delimited import decode
from condgan.data.listing import Listing
from condgan.data.names import named, tidy
from condgan.data.reading import ANSWERS, Reading
from condgan.data.table import Table, table_of_columns
from condgan.errors import InputError, first_line
from condgan.files import parse_json


def table_of_json(content: bytes, where: str, listing: Listing, reading: Reading) -> Table:
    """Reads StyleGAN's dataset.json, a list of records, or a map of file names to labels.

    Raises InputError naming the file and the entry.
    """
    found = parse_json(decode(content, where, reading.encoding), where)
    if isinstance(found, dict) and "labels" in found:
        return _dataset_json(found["labels"], where)
    if isinstance(found, dict) and found and all(isinstance(value, str | int | list) for value in found.values()):
        found = [{"file_name": name, "label": label} for name, label in found.items()]
    if not isinstance(found, list) or not found:
        raise InputError(f'{where}: found no labels, expected {{"labels": [["00000/img.png", 6], ...]}}')
    return table_of_records(found, where, [f"{where}, entry {i}" for i in range(len(found))], listing, reading)


def table_of_lines(content: bytes, where: str, listing: Listing, reading: Reading) -> Table:
    """Reads JSON lines, such as {"file_name": "0.png", "label": "cat"}. Raises InputError naming file and line."""
    lines = decode(content, where, reading.encoding).split("\n")  # texts in JSON may contain other ends of lines
    places = [f"{where}, line {i}" for i, line in enumerate(lines, 1) if line.strip()]
    records = []
    for place, line in zip(places, filter(str.strip, lines), strict=True):
        try:
            records.append(parse_json(line, place))
        except InputError as error:
            raise InputError(str(error).replace(f"{place}, line 1", place)) from None
    return table_of_records(records, where, places, listing, reading)


def table_of_parquet(content: bytes, where: str, listing: Listing, reading: Reading) -> Table:
    """Reads a Parquet file with one row for each image. Raises InputError without pyarrow, or if the file is broken."""
    try:
        parquet = import_module("pyarrow.parquet")
    except ModuleNotFoundError:
        raise InputError(f"{where}: Parquet files need pyarrow: pip install pyarrow, or convert it to CSV") from None
    try:
        records = parquet.read_table(io.BytesIO(content)).to_pylist()
    except (ValueError, OSError) as error:  # pyarrow's errors are of these kinds
        raise InputError(f"{where}: broken Parquet file ({first_line(error)}); restore it") from None
    table = table_of_records(records, where, [f"{where}, row {i}" for i in range(len(records))], listing, reading)
    return replace(table, obeyed={*table.obeyed} - {"encoding"})


def table_of_records(
    records: Sequence[Any], where: str, places: Sequence[str], listing: Listing, reading: Reading
) -> Table:
    """Returns the table of records with the same keys. A list of names in a record is a set of labels."""
    if not records:
        raise InputError(f"{where}: found no records, expected one for each image")
    for place, record in zip(places, records, strict=True):
        if not isinstance(record, dict):
            raise InputError(f'{place}: found {_short(record)}, expected {{"file_name": "0.png", "label": "cat"}}')
    keys = list(dict.fromkeys(key for record in records for key in record))
    nested = [key for key in keys if any(isinstance(record.get(key), dict) for record in records)]
    columns = {
        str(key): [_cell(record.get(key), place, key) for record, place in zip(records, places, strict=True)]
        for key in keys
        if key not in nested
    }
    if not columns:
        raise InputError(f"{places[0]}: found no key with the file's name, such as file_name")
    table = table_of_columns(columns, where, places, listing, reading)
    table = replace(table, obeyed={*table.obeyed} - {"delimiter"})
    return table.noting(f"keys left out, which contain objects: {named(nested)}") if nested else table


def _cell(value: Any, place: str, key: str) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        labels = [tidy(str(label)) for label in value]
        if any(isinstance(label, dict | list) for label in value) or any(map(SEPARATORS.search, labels)):
            raise InputError(f"{place}, {key!r}: found {_short(value)}, expected a list of names")
        return ";".join(labels) + ";"
    return tidy(str(value))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 80 else f"{text[:76]} ..."


def _dataset_json(entries: Any, where: str) -> Table:
    if not isinstance(entries, list) or not entries:
        raise InputError(f'{where}: found no labels, expected {{"labels": [["00000/img.png", 6], ...]}}')
    for i, entry in enumerate(entries):
        if _is_real(entry):
            raise InputError(
                f"{where}, entry {i}: found a vector of real numbers, such as the pose of a camera; expected a class "
                "or zeros and ones, because conditions are made of labels"
            )
        if not _is_labelled(entry) or _width(entry) != _width(entries[0]):
            expected = '["00000/img.png", 6] or, with zeros and ones, ["00000/img.png", [0, 1, 0]]'
            raise InputError(
                f"{where}, entry {i}: found {_short(entry)}, expected {expected}, all of one kind and length"
            )
    names, labels = zip(*entries, strict=True)
    places = [f"{where}, entry {i}" for i in range(len(entries))]
    if _width(entries[0]) and all(sum(label) == 1 for label in labels):
        labels = tuple(label.index(1) for label in labels)
    columns = {"label": [str(int(label)) for label in labels if not isinstance(label, list)]}
    if isinstance(labels[0], list):
        columns = {str(i): [str(int(bit)) for bit in column] for i, column in enumerate(zip(*labels, strict=True))}
    return Table(where, names, places, columns, obeyed=("table", "encoding", "label_per_row", *ANSWERS))


def _is_labelled(entry: Any) -> bool:
    if not isinstance(entry, list) or len(entry) != 2 or not isinstance(entry[0], str):
        return False
    label = entry[1]
    if isinstance(label, list):
        return bool(label) and all(isinstance(bit, int | float) and bit in (0, 1) for bit in label)
    return type(label) is int or (isinstance(label, float) and label.is_integer())


def _is_real(entry: Any) -> bool:
    """Returns whether an entry has a vector with other numbers than 0 and 1."""
    label = entry[1] if isinstance(entry, list) and len(entry) == 2 else None
    numbers = label if isinstance(label, list) else []
    return any(type(number) is float and number not in (0, 1) for number in numbers)


def _width(entry: Any) -> int:
    """Returns the length of a list of zeros and ones; 0 for a class."""
    return len(entry[1]) if isinstance(entry[1], list) else 0
