"""Data sets of HuggingFace's library `datasets`, by name or as `save_to_disk` wrote them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from condgan.data.cells import SEPARATORS
from condgan.data.dataset import Images, check_resolution
from condgan.data.folder import labelled_images
from condgan.data.in_memory import decoded, rows_of
from condgan.data.listing import Listing
from condgan.data.names import named, tidy
from condgan.data.reading import DEFAULT, Reading
from condgan.data.split import Part, describe, parts_of
from condgan.data.table import table_of_columns
from condgan.errors import InputError, in_one_line

WITHOUT_SCRIPTS = 4  # first version of `datasets` that never runs code of a data set
MARKS = ("dataset_dict.json", "state.json")  # files that `save_to_disk` writes


def huggingface(spec: str, resolution: int = 64, *, reading: Reading = DEFAULT) -> Images:
    """Reads a data set of the library `datasets` into memory.

    `spec` is a folder of `save_to_disk`, or what `load_dataset` finds, `NAME` or `NAME:CONFIGURATION`. Labels are the
    columns of classes, texts, whole numbers, yes and no, and lists of them. A split called train is trained on, test
    and validation are held out. Code of data sets is never run. Raises InputError without the library, if it does not
    find the data set, and as `folder` does.
    """
    check_resolution(resolution)
    where = f"huggingface:{spec}"
    splits = _splits(spec, where)
    features = next(iter(splits.values())).features
    image = _image_column(features, where, reading)
    readers = {name: _reader(feature) for name, feature in features.items() if name != image}
    left_out = [name for name, read in readers.items() if read is None]
    parts = parts_of(splits)
    is_split = len(parts) == len(splits) > 1 and Part.TRAINING in parts.values()
    columns: dict[str, list[str]] = {name: [] for name, read in readers.items() if read is not None}
    places, images, row_parts = [], [], []
    for name, rows in splits.items():
        for column, cells in columns.items():
            read = readers[column]
            cells += [read(value) for value in rows[column]] if read else []
        places += [f"{where}, {name}, row {i}" for i in range(len(rows))]
        row_parts += [parts[name]] * len(rows) if is_split else []
        pictures = ((row[image], None) for row in rows.select_columns([image]))
        images.append(decoded(pictures, len(rows), resolution, f"{where}, {name}, row")[0])
    names = list(map(str, range(len(places))))
    chosen = replace(reading, file_column=image)
    table = table_of_columns({image: names, **columns}, where, places, Listing(Path()), chosen)
    table = replace(table, obeyed={*table.obeyed} - {"table", "encoding", "delimiter"})
    if is_split:
        table = replace(table, parts=row_parts).noting(f"splits read as parts: {describe(parts)}")
    elif len(splits) > 1:
        table = table.noting(f"splits read together: {named(list(splits))}")
    if left_out:
        table = table.noting(f"columns left out, neither names nor numbers of classes: {named(left_out)}")
    return labelled_images(table, rows_of(torch.cat(images)), reading)


def _splits(spec: str, where: str) -> Mapping[str, Any]:
    """Returns the splits of a data set by their names."""
    try:
        library = import_module("datasets")
    except ModuleNotFoundError:
        raise InputError(f"{where}: needs the library datasets: pip install datasets") from None
    if int(library.__version__.partition(".")[0]) < WITHOUT_SCRIPTS:
        raise InputError(
            f"{where}: found datasets {library.__version__}, which can run code of a data set; expected "
            f"{WITHOUT_SCRIPTS}.0 or later: pip install -U datasets"
        )
    library.disable_progress_bars()
    try:
        if any((Path(spec) / mark).is_file() for mark in MARKS):
            found = library.load_from_disk(spec)
        else:
            found = library.load_dataset(*spec.split(":", 1))
    except Exception as error:  # the library raises errors of many types
        reason = in_one_line(error)
        advice = "expected a folder of save_to_disk, or a name, or NAME:CONFIGURATION"
        raise InputError(f"{where}: cannot be read ({reason}); {advice}") from None
    return found if isinstance(found, Mapping) else {str(found.split or "rows"): found}


def _image_column(features: Mapping[str, Any], where: str, reading: Reading) -> str:
    """Returns the only column of images, or the one that `reading` names."""
    columns = [name for name, feature in features.items() if type(feature).__name__ == "Image"]
    if reading.file_column in columns:
        return str(reading.file_column)
    if len(columns) != 1 or reading.file_column is not None:
        expected = f"expected one column of images ({named(columns) or 'none'}) among {named(list(features), 20)}"
        advice = "choose it with --file-column" if columns else "choose another data set"
        raise InputError(f"{where}: {expected}; {advice}")
    return columns[0]


def _reader(feature: Any) -> Callable[[Any], str] | None:
    """Returns the function from a value of a column to the cell of a table; None if the values are no labels."""
    kind, dtype = type(feature).__name__, str(getattr(feature, "dtype", ""))
    if kind == "ClassLabel":
        names = [re.sub(r"\s*[,;|=]\s*", " / ", tidy(name)) for name in feature.names]  # one class: "tench, Tinca"
        return lambda value: "" if value is None or value < 0 else names[value]
    if kind == "Value" and dtype.startswith(("string", "large_string", "bool", "int", "uint")):
        return lambda value: "" if value is None else tidy(str(int(value) if dtype == "bool" else value))
    inner = _reader(feature.feature) if kind in ("List", "LargeList", "Sequence") else None
    if inner is None:
        return None
    return lambda values: "".join(f"{SEPARATORS.sub(' / ', inner(value))};" for value in values or [])
