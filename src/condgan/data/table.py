"""Tables of labels: a row for each image, or for each label of an image."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from condgan.data.cells import YES_AND_NO, is_missing, without_decimals
from condgan.data.delimited import DELIMITERS, HEADER, Row
from condgan.data.file_names import FileNames
from condgan.data.listing import IMAGE_SUFFIXES, Listing
from condgan.data.names import named
from condgan.data.reading import OF_LABELS, Reading
from condgan.data.split import Part, parts_of
from condgan.errors import InputError, did_you_mean

SPLIT_COLUMNS = {"split", "splits", "partition", "subset", "set", "part", "phase", "fold", "data_split", "dataset"}
UNMISTAKABLE = {"split", "splits", "partition", "subset", "data_split"}  # names that labels hardly have
HELD_OUT_COLUMNS = {"is_valid", "is_val", "is_test", "is_validation"}  # of yes and no
TRAINING_COLUMNS = {"is_train", "is_training", "is_training_image"}
CELEBA_PARTS = {"0": Part.TRAINING, "1": Part.HELD_OUT, "2": Part.HELD_OUT}  # list_eval_partition
FILE_COLUMNS = {"file", "files", "file_name", "filename", "file_path", "filepath", "path", "image", "images", "img"}
FILE_COLUMNS |= {"image_id", "image_path", "image_name", "imageid", "id", "image_file", "img_path", "name"}


class NamesNoImage(InputError):
    """A table whose columns name no image of the folder."""


class NoLabels(InputError):
    """A table without a column of labels."""


@dataclass(frozen=True)
class Table:
    """Names of image files, the place of each row, and the cells of each column, one for each row.

    `obeyed` are the choices in `OF_LABELS` that its reader obeys; all others are refused.
    `where`, the name of the whole table, and `places` are the beginnings of error messages. `sets` are the labels of
    each row where the file contains sets. `parts` are the parts of a split and `groups` the names of subjects that
    stay together, one for each row, or empty.
    """

    where: str
    names: Sequence[str]
    places: Sequence[str]
    columns: Mapping[str, Sequence[str]]
    sets: Sequence[Sequence[str]] = ()
    parts: Sequence[Part] = ()
    groups: Sequence[str] = ()
    notices: Sequence[str] = ()
    obeyed: Collection[str] = ()

    def at(self, rows: Sequence[int]) -> "Table":
        """Returns the table with these rows only, in this order."""
        fields: dict[str, Any] = {name: [getattr(self, name)[row] for row in rows] for name in ("names", "places")}
        optional = {name: getattr(self, name) for name in ("sets", "parts", "groups")}
        fields |= {name: [values[row] for row in rows] for name, values in optional.items() if values}
        columns = {name: [cells[row] for row in rows] for name, cells in self.columns.items()}
        return replace(self, columns=columns, **fields)

    def noting(self, *notices: str) -> "Table":
        """Returns the table with more notices."""
        return replace(self, notices=[*self.notices, *notices])


def table_of_rows(rows: Sequence[Row], where: str, listing: Listing, reading: Reading) -> Table:
    """Returns the table of a file with a header. A file of two columns may have none: an image and its label.

    Raises InputError naming file and line: no header, unnamed or repeated columns, rows of different lengths, no
    column that names the images, or two.
    """
    (place, header), *rest = rows
    files, notices = listing.file_names, []
    is_numbered = header == [str(i) for i in range(len(header))]  # as pandas names columns
    begins_with_an_image = files.is_exact(header[0]) or (
        not is_numbered and _is_stem(header[0], [row[0] for _, row in rest], files)
    )
    if len(header) == 2 and reading.file_column is None and (begins_with_an_image or files.is_exact(header[1])):
        header, rest = ["file", "label"] if begins_with_an_image else ["label", "file"], list(rows)
        notices.append(f"{where} has no header; read as {header[0]} and {header[1]}")
    if len(header) < 2:
        separated = " or ".join(DELIMITERS.values())
        raise NoLabels(f"{place}: found one column {header[0]!r}, expected {HEADER}, separated by {separated}")
    is_file = [files.is_exact(cell) or _is_image_file(cell) for cell in header]
    if found := next((cell for cell, is_name in zip(header, is_file, strict=True) if is_name), None) or (
        header[0] if begins_with_an_image and len(header) > 2 else None
    ):
        raise InputError(f"{place}: found the file {found!r}, expected {HEADER}")
    if not rest:
        raise InputError(f"{where}: found no rows under the header, expected one for each image")
    for place, row in rest:
        if len(row) != len(header):
            raise InputError(
                f"{place}: found {len(row)} cells, expected {len(header)} as in the header; quote cells that contain a "
                "separator"
            )
    cells = list(map(list, zip(*(row for _, row in rest), strict=True)))
    columns = _columns(header, cells, rows[0][0], notices)
    return table_of_columns(columns, where, [place for place, _ in rest], listing, reading).noting(*notices)


def _is_stem(cell: str, others: Sequence[str], files: FileNames) -> bool:
    """Whether a cell is the name of an image without its suffix, as the others of its column are."""
    if cell.casefold() in FILE_COLUMNS or any(map(files.is_exact, others[:20])):
        return False  # without the ends of all paths, which take several times the memory of the paths
    return all(len(files.find(each)) == 1 for each in [cell, *others[:20]])


def _is_image_file(cell: str) -> bool:
    return cell.lower().endswith(IMAGE_SUFFIXES)


def _columns(
    header: Sequence[str], cells: Sequence[Sequence[str]], place: str, notices: list[str]
) -> dict[str, Sequence[str]]:
    """Returns the cells by the names of the columns, without unnamed columns that are empty or number the rows."""
    columns: dict[str, Sequence[str]] = {}
    for i, (name, column) in enumerate(zip(header, cells, strict=True)):
        if not name or name.lower().startswith("unnamed:"):
            numbers = [[str(row + first) for row in range(len(column))] for first in (0, 1)]
            if list(column) in numbers or not any(column):
                notices.append(f"column {i + 1} has no name and is left out: it is empty or numbers the rows")
                continue
            raise InputError(f"{place}: column {i + 1} has no name; name it, or drop it if it only numbers the rows")
        if name in columns:
            raise InputError(f"{place}: two columns are named {name!r}; rename one or drop it")
        columns[name] = column
    return columns


def table_of_columns(
    columns: Mapping[str, Sequence[str]], where: str, places: Sequence[str], listing: Listing, reading: Reading
) -> Table:
    """Tells apart the columns with file names, parts of a split, subjects and labels."""
    file_column, rivals, notices = _file_column(columns, where, places[0], listing, reading)
    others = {name: cells for name, cells in columns.items() if name not in (file_column, *rivals)}
    for name in (*reading.label_columns, *([reading.group_by] if reading.group_by else [])):
        known_column(name, others, where)
    groups = without_decimals(others.get(reading.group_by or "", ()))
    if (row := next((row for row, group in enumerate(groups) if is_missing(group)), None)) is not None:
        missing = f"{places[row]}: {reading.group_by!r} is {groups[row]!r}, a missing value"
        raise InputError(f"{missing}, expected what --group-by keeps together; fill it in, or drop the row")
    parts: Sequence[Part] = ()
    for name in others:
        if name in reading.label_columns or name == reading.group_by:
            continue
        if found := _parts(name, others[name]):
            parts = found
            counts = Counter(part.value for part in parts)
            told = ", ".join(f"{number} {value}" for value, number in counts.items())
            notices.append(f"the column {name!r} is read as the split: {told}")
            others.pop(name)
            break
        if (name.casefold() in UNMISTAKABLE or _has_parts(name, others[name])) and not reading.label_columns:
            cells = named(sorted({repr(cell) for cell in others[name]}))
            notices.append(f"the column {name!r} is read as labels, because {cells} are not all parts of a split")
    labels = reading.label_columns or [name for name in others if name != reading.group_by]
    if reading.label_columns and (unused := [name for name in others if name not in {*labels, reading.group_by}]):
        notices.append(f"columns left out: {named(unused)}")
    if not labels:
        raise NoLabels(f"{where}: found no column with labels beside {file_column!r}, expected {HEADER}")
    if len(empty := [name for name in labels if not any(others[name])]) < len(labels) and not reading.label_columns:
        labels = [name for name in labels if name not in empty]
        notices += [f"columns left out, empty: {named(empty)}"] if empty else []
    chosen = {name: without_decimals(others[name]) for name in labels}
    names = columns[file_column]
    return Table(where, names, places, chosen, parts=parts, groups=groups, notices=notices, obeyed=OF_LABELS)


def known_column(name: str, columns: Iterable[str], where: str) -> str:
    """Returns the name. Raises InputError with the most similar column if there is none of that name."""
    if name not in (known := list(columns)):
        raise InputError(f"{where}: no column {name!r}{did_you_mean(name, known)} (found: {named(known, 20)})")
    return name


def _file_column(
    columns: Mapping[str, Sequence[str]], where: str, place: str, listing: Listing, reading: Reading
) -> tuple[str, list[str], list[str]]:
    """Returns the column whose cells name the most images, whole paths first, those that name the same, and notices."""
    if reading.file_column is not None:
        return known_column(reading.file_column, columns, where), [], []
    files, found = listing.file_names, {}
    for name, cells in columns.items():
        tried = cells[:: max(1, len(cells) // 200)]
        images = files.distinct(tried, files.outer_folders(tried))
        if images:
            found[name] = (sum(map(files.is_exact, tried)), len(images)), images
    if not found:
        for name, cells in columns.items():
            if len(several := files.find(cells[0])) > 1:
                advice = f"{cells[0]!r} fits {several[0]} and {several[1]}; write the path of one of them"
                raise InputError(f"{place}, {name!r}: {advice}")
        first = next(iter(columns))
        example = listing.images[0]
        raise NamesNoImage(
            f"{place}: found {columns[first][0]!r}, expected the name of an image in {listing.folder}, such as "
            f"{example!r}; choose the column that names the images with --file-column"
        )
    best = max(found, key=lambda name: (found[name][0][1], found[name][0][0]))
    rivals = [name for name in found if name != best and found[name][0] == found[best][0]]
    if different := [name for name in rivals if found[name][1] != found[best][1]]:
        raise InputError(f"{where}: {best!r} and {different[0]!r} name images; choose one with --file-column")
    rivals = [name for name in rivals if name not in (*reading.label_columns, reading.group_by)]
    notices = [f"columns left out, which name the same images as {best!r}: {named(rivals)}"] if rivals else []
    if best != next(iter(columns)) and best.casefold() not in FILE_COLUMNS:
        notices.append(f"the images are named by the column {best!r}")
    return best, rivals, notices


def _parts(name: str, cells: Sequence[str]) -> list[Part]:
    """Returns the part of each row if a column with this name contains nothing else."""
    cells = without_decimals(cells)
    lowered, values = name.casefold().replace(" ", "_"), set(cells)
    if lowered in SPLIT_COLUMNS and set(parts := parts_of(values)) == values:
        return [parts[cell] for cell in cells]
    if lowered == "partition" and values <= CELEBA_PARTS.keys():
        return [CELEBA_PARTS[cell] for cell in cells]
    answers = {"1": Part.HELD_OUT, "0": Part.TRAINING}
    answers |= {
        word: part for yes, no in YES_AND_NO.items() for word, part in ((yes, answers["1"]), (no, answers["0"]))
    }
    if lowered in TRAINING_COLUMNS:
        other = {Part.HELD_OUT: Part.TRAINING, Part.TRAINING: Part.HELD_OUT}
        answers = {word: other[part] for word, part in answers.items()}
    if lowered in HELD_OUT_COLUMNS | TRAINING_COLUMNS and {value.casefold() for value in values} <= answers.keys():
        return [answers[cell.casefold()] for cell in cells]
    return []


def _has_parts(name: str, cells: Sequence[str]) -> bool:
    """Whether a column with this name contains parts of a split beside other values."""
    return name.casefold().replace(" ", "_") in SPLIT_COLUMNS and Part.HELD_OUT in parts_of(set(cells)).values()
