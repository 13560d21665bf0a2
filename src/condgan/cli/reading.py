"""Options of all commands that load a data set: how to read its files where they have more than one reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any

import typer

from condgan.cli.settings import is_default, is_given
from condgan.cli.signatures import with_options
from condgan.files import read_text

PANEL = "How data files are read"


def _option(name: str, text: str, **settings: Any) -> Any:
    return typer.Option(name, help=text, rich_help_panel=PANEL, **settings)


OPTIONS: Mapping[
    str, tuple[Any, Any]
] = {  # annotation and default of each; all but `allow_empty` are fields of Reading
    "allow_empty": (
        Annotated[bool, _option("--allow-empty", "Keep images without any label, as the condition `nothing`.")],
        False,
    ),
    "group_by": (
        Annotated[
            str | None,
            _option(
                "--group-by",
                "Column of subjects or scenes; the images of each stay in one part of the split.",
                metavar="COLUMN",
            ),
        ],
        None,
    ),
    "split": (
        Annotated[
            str,
            _option(
                "--split",
                "auto: the split given by columns, files or folders, else stratified by label; stratified; "
                "every-20th by name; or a .json file of `data split`, whose combinations are held out in addition.",
            ),
        ],
        "auto",
    ),
    "judge_part": (
        Annotated[
            float,
            _option(
                "--judge-part",
                "Share of the training images, in whole scenes, to leave to the judge (`judge train --part`).",
                metavar="SHARE",
            ),
        ],
        0.0,
    ),
    "table": (Annotated[str | None, _option("--table", "File with the labels, if there are several.")], None),
    "file_column": (
        Annotated[str | None, _option("--file-column", "Column that names the images.", metavar="COLUMN")],
        None,
    ),
    "label_columns": (
        Annotated[
            list[str], _option("--label-column", "Column with labels; can be repeated. Default: all.", metavar="COLUMN")
        ],
        [],
    ),
    "label_per_row": (
        Annotated[bool, _option("--label-per-row", "Each row has one label of an image, which may have several rows.")],
        False,
    ),
    "missing": (
        Annotated[
            str,
            _option(
                "--missing", "Empty cells, nan and the like: refuse, drop (the rows), no, yes, or keep as a value."
            ),
        ],
        "refuse",
    ),
    "uncertain": (
        Annotated[
            str, _option("--uncertain", "Cells such as ?, or -1 where 0 is no: refuse, drop (the rows), no or yes.")
        ],
        "refuse",
    ),
    "yes": (Annotated[list[str], _option("--yes", "Another word for yes; can be repeated.", metavar="WORD")], []),
    "no": (Annotated[list[str], _option("--no", "Another word for no; can be repeated.", metavar="WORD")], []),
    "encoding": (Annotated[str | None, _option("--encoding", "Encoding of tables. Default: UTF-8.")], None),
    "delimiter": (
        Annotated[str | None, _option("--delimiter", "Character between the cells of a table. Default: detected.")],
        None,
    ),
}


def _combinations(file: Path) -> list[list[str]]:
    from condgan.data.held_out import parse_combinations

    return parse_combinations(read_text(file, "the lists that `condgan data split` writes"), str(file))


def with_reading(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds these options to a command, which takes them as `reading`: those that were given, for `load_data`."""
    takes_context = "context" in signature(command).parameters

    @wraps(command)
    def run(*, context: typer.Context, **values: Any) -> Any:
        given = {name: values.pop(name) for name in OPTIONS}
        reading = {name: value for name, value in given.items() if not is_default(context, name)}
        if reading.pop("allow_empty", False):
            reading["min_objects"] = 0
        if reading.get("split", "").endswith(".json"):
            reading["hold_out"] = _combinations(Path(reading.pop("split")))
        elif is_given(context, "split"):
            reading["hold_out"] = ()  # instead of those of a run or a file
        if takes_context:
            values["context"] = context
        return command(**values, reading=reading)

    return with_options(run, command, {"context": (typer.Context, Parameter.empty), **OPTIONS}, instead_of="reading")
