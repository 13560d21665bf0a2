"""A sub-folder for each class, possibly below a folder for each part of a split."""

from collections.abc import Iterator, Mapping, Sequence

from condgan.data.listing import Listing
from condgan.data.names import named, tidy
from condgan.data.split import Part, describe, parts_of
from condgan.data.table import Table
from condgan.errors import InputError

FORBIDDEN = set(",;|=")
LABELS = (
    "expected a sub-folder for each class, a table (CSV, TSV, JSONL or Parquet) with a row for each image, or "
    "StyleGAN's dataset.json"
)
ONLY_IMAGES = "to train without labels, move everything but the images away"


def class_folders(listing: Listing) -> Table:
    """Returns the names of the sub-folders as classes.

    The sub-folders of a single sub-folder are looked at instead. Sub-folders such as `train` and `Testing` are parts of
    a split if they contain the classes. Raises InputError if there are no sub-folders, if images are beside them, or if
    some are parts of a split and some are not.
    """
    below, notices = "", []
    groups = _groups(listing.images, below)
    while len(groups) == 1 and "" not in groups and "" not in _groups(listing.images, f"{below}{next(iter(groups))}/"):
        below = f"{below}{next(iter(groups))}/"
        groups = _groups(listing.images, below)
    if below and not parts_of([below[:-1].rpartition("/")[2]]):
        notices.append(f"the classes are the sub-folders of {listing.where(below[:-1])}")
    loose = groups.pop("", [])
    where = str(listing.folder)
    if not groups:
        beside = [name for name in listing.others if "/" not in name]
        found = f", only {named(beside)}" if beside else ""
        advice = next(filter(None, map(_advice, beside)), "")
        advice += f"; {ONLY_IMAGES}" if listing.others else ""
        raise InputError(f"{where}: found no labels for its {len(listing.images)} images{found}; {LABELS}{advice}")
    parts = _parts(listing, below, groups)
    if parts:
        return _table_of_parts(listing, below, groups, parts).noting(*notices)
    if loose:
        more = f" (and {len(loose) - 1} more)" if len(loose) > 1 else ""
        raise InputError(
            f"{listing.where(loose[0])}{more}: found beside the sub-folders; move it into one of them, or away"
        )
    _check_one_level(listing, below, groups)
    classes = {folder: _class(folder, images[0], listing) for folder, images in groups.items()}
    if len(set(classes.values())) < 2:
        folder = next(iter(groups))
        advice = f"to train without labels, name {listing.where(below + folder)}"
        raise InputError(f"{where}: found one sub-folder {folder!r}; a condition needs two classes; {LABELS}; {advice}")
    notices += _merged(classes)
    names = [name for images in groups.values() for name in images]
    columns = {"sub-folder": [classes[folder] for folder, images in groups.items() for _ in images]}
    return Table(where, names, [listing.where(name) for name in names], columns, notices=notices)


def _advice(name: str) -> str:
    """Returns what to do about a file that may contain labels but is not read unasked; nothing for others."""
    suffix = name.lower().rpartition(".")[2]
    if suffix in ("json", "txt"):
        return f"; if {name} contains them, use --table {name}"
    return f"; if {name} contains them, save it as CSV" if suffix in ("xlsx", "xls", "ods", "numbers") else ""


def _groups(names: Sequence[str], below: str) -> dict[str, list[str]]:
    """Returns the images below a folder by its sub-folders; "" is for those directly in it."""
    groups: dict[str, list[str]] = {}
    for name in names:
        if name.startswith(below):
            groups.setdefault(name[len(below) :].rpartition("/")[0].partition("/")[0], []).append(name)
    return groups


def _parts(listing: Listing, below: str, groups: Mapping[str, Sequence[str]]) -> dict[str, Part]:
    """Returns the parts of a split among the sub-folders, if these are parts and not classes."""
    parts = parts_of(groups)
    with_classes = [name for name in parts if set(_groups(groups[name], f"{below}{name}/")) - {""}]
    if not with_classes:
        if parts and len(parts) == len(groups):
            raise InputError(
                f"{listing.folder}: {', '.join(parts)} are parts of a split, not classes, and contain no sub-folders "
                f"for the classes; {LABELS}"
            )
        return {}
    if others := [name for name in groups if name not in parts]:
        raise InputError(
            f"{listing.folder}: {', '.join(with_classes)} are parts of a split with classes in them, but "
            f"{named(others)} beside them is no part; move it away, or name one part, such as "
            f"{listing.where(below + min(with_classes, key=lambda name: parts[name] is not Part.TRAINING))}"
        )
    return parts


def _check_one_level(listing: Listing, below: str, groups: Mapping[str, Sequence[str]]) -> None:
    """Raises InputError if all sub-folders contain the same sub-folders, which then may be the classes."""
    inner = [set(_groups(images, f"{below}{folder}/")) for folder, images in groups.items()]
    common = set.intersection(*inner)
    if len(inner) > 1 and len(common) > 1 and not any("" in folders for folders in inner):
        raise InputError(
            f"{listing.folder}: {named(list(groups))} contain the same sub-folders, such as "
            f"{named(sorted(common), 2)}; if these are the classes, name one folder, such as "
            f"{listing.where(below + next(iter(groups)))}; otherwise list the classes in a table"
        )


def _class(folder: str, image: str, listing: Listing) -> str:
    """Returns the class of a sub-folder. Raises InputError if its name cannot be that of a class."""
    if set(folder) & FORBIDDEN:
        path = image[: image.rindex(f"{folder}/") + len(folder)]
        raise InputError(
            f"{listing.where(path)}: names of classes may not contain commas, semicolons, vertical bars or equals "
            "signs; rename it"
        )
    return tidy(folder)


def _merged(classes: Mapping[str, str]) -> Iterator[str]:
    """Yields a notice for each class of several sub-folders, whose names differ in spaces or in Unicode's form."""
    folders: dict[str, list[str]] = {}
    for folder, name in classes.items():
        folders.setdefault(name, []).append(repr(folder))
    yield from (f"sub-folders read as one class: {named(same)}" for same in folders.values() if len(same) > 1)


def _table_of_parts(listing: Listing, below: str, groups: Mapping[str, Sequence[str]], parts: dict[str, Part]) -> Table:
    found: dict[str, dict[str, list[str]]] = {}
    for name, part in parts.items():
        inner = f"{below}{name}/"
        while set(classes := _groups(groups[name], inner)) == {name}:  # seg_train/seg_train/street/1.jpg
            inner = f"{inner}{name}/"
        classes.pop("", [])  # images without a class
        found[name] = classes if part is not Part.UNLABELLED else {}
    trained = {folder for name, part in parts.items() if part is Part.TRAINING for folder in found[name]}
    foreign = [name for name in parts if trained and found[name] and not trained & found[name].keys()]
    kept = [name for name in parts if name not in foreign]
    notices = [f"folders read as parts of a split: {describe({name: parts[name] for name in kept})}"]
    notices += _merged({folder: tidy(folder) for name in kept for folder in found[name]})
    if foreign:
        notices.append(f"parts left out, without any class of the training part: {named(foreign)}")
    labelled = [
        (image, _class(folder, image, listing), parts[name])
        for name in kept
        for folder, images in found[name].items()
        for image in images
    ]
    names, classes_of, part_of = map(list, zip(*labelled, strict=True)) if labelled else ([], [], [])
    places = [listing.where(str(name)) for name in names]
    columns = {"sub-folder": classes_of}
    return Table(str(listing.folder), names, places, columns, parts=part_of, notices=notices)
