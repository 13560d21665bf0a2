"""The file of `condgan train --config`: options in YAML, as run.json has them, or a run.json itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from condgan.errors import InputError, did_you_mean
from condgan.files import read_text
from condgan.own_code import chosen_by_a_file

if TYPE_CHECKING:
    from condgan.yaml_files import Place, YamlFile

UNREAD = ("config", "json", "quiet", "resume")  # options of the command that a file does not set
FACTS = ("format", "data_hash", "num_training", "channels", "condition", "planned_kimg", "versions", "machine")
CHECKED_CHOICES = ("missing", "uncertain", "split", "encoding", "judge_part")  # by `Reading`, each alone
READING = ("hold_out", "min_objects")  # of `reading` in run.json; all others are options of the command


@dataclass(frozen=True)
class Settings:
    """The entries of a file.

    `values` are values of the command's options by their name, `options` those of the recipe. `reading` are choices
    that the command line has no option for. `data_hash` identifies the data set of a run.json.
    """

    file: Path | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    reading: Mapping[str, Any] = field(default_factory=dict)
    data_hash: str = ""


def _use(context: typer.Context, file: Path | None) -> Path | None:
    context.obj = read_settings(file, context) if file else Settings()
    context.default_map = dict(context.obj.values)
    return file


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        callback=_use,
        is_eager=True,
        help="YAML file with options, or a run.json; options of the command line override it (docs/command-line.md).",
    ),
]


def is_given(context: typer.Context, name: str) -> bool:
    """Whether an option was given on the command line, and not by a file or its default."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def is_default(context: typer.Context, name: str) -> bool:
    """Whether an option has its default, as neither the command line nor a file gives it."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "DEFAULT"


def refuse_code(context: typer.Context, name: str, value: str) -> None:
    """Raises InputError if a file, and not a person, chose `module:function` as an option's value, see SECURITY.md."""
    settings: Settings = context.obj
    if settings.file and not is_given(context, name):
        option = value if name == "recipe" else f"--{name} {value}"
        refusal = chosen_by_a_file(name, value, f"condgan train {option} --config {settings.file}")
        raise InputError(f"{settings.file}: {refusal}")


def read_settings(file: Path, context: typer.Context) -> Settings:
    """Reads a file. Raises InputError naming file, line and the most similar known name, or what was expected."""
    from condgan.yaml_files import Texts, read_yaml

    found = read_yaml(file, "such as `recipe: layout`", Texts)
    content = _run_json(file) if file.suffix == ".json" and "format" in found.content else found.content
    options, reading = _entries(found, content, "options"), _entries(found, content, "reading")
    parameters = {str(each.name): each for each in context.command.params if each.name not in UNREAD}
    values = {}

    def use(place: Place, value: Any, others: Iterable[str]) -> None:
        name = str(place[-1]).replace("-", "_")
        if name not in parameters:
            known = [each for each in (*parameters, *others) if each != "options" or len(place) == 1]
            raise found.problem(place, f"unknown entry {place[-1]!r}{did_you_mean(name, known)}")
        if value is not None:
            values[name] = _checked(found, place, value, parameters[name], context)

    for name, value in content.items():
        if name not in ("options", "reading", *FACTS):
            use((name,), value, ("reading",))
    for name, value in reading.items():
        if name not in READING:
            use(("reading", name), value, READING)
    return Settings(file, values, options, _kept(found, reading), str(content.get("data_hash") or ""))


def _kept(found: YamlFile, reading: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the choices in reading that are no options of the command, with their types."""
    kept: dict[str, Any] = {name: reading[name] for name in READING if reading.get(name) is not None}
    if "hold_out" in kept:
        from condgan.data.held_out import parse_combinations

        where = str(found.problem(("reading", "hold_out"), "hold_out"))
        kept["hold_out"] = parse_combinations(json.dumps(kept["hold_out"]), where)
    if "min_objects" in kept:
        if not re.fullmatch("[0-9]{1,9}", number := str(kept["min_objects"])):
            expected = "expected a whole number, at least 0"
            raise found.problem(("reading", "min_objects"), f"min_objects: found {number!r}, {expected}")
        kept["min_objects"] = int(number)
    return kept


def _run_json(file: Path) -> dict[str, Any]:
    """The configuration of a run, with the location of its data on this machine."""
    from condgan.config import Config
    from condgan.run import data_location

    config = Config.parse(read_text(file), str(file))
    return {**config.to_json(), "data": data_location(file.parent, config)}


def _entries(found: YamlFile, content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = content.get(name)
    if value is not None and not isinstance(value, Mapping):
        raise found.problem((name,), f"{name}: found {value!r}, expected `name: value` entries")
    return value or {}


def _checked(found: YamlFile, place: Place, value: Any, parameter: Any, context: typer.Context) -> Any:
    """Returns a value as the command line takes it. Raises InputError if its option refuses it."""
    name, multiple = str(place[-1]), getattr(parameter, "multiple", False)
    if isinstance(value, Mapping) or (isinstance(value, list) and not multiple):
        raise found.problem(place, f"{name}: found {value!r}, expected one value")
    value = [value] if multiple and not isinstance(value, list | tuple) else value
    try:
        chosen = parameter.process_value(context, value)
        if parameter.name in CHECKED_CHOICES and not str(chosen).endswith(".json"):  # of `data split`
            from condgan.data.reading import Reading

            Reading(**{parameter.name: chosen})
    except typer.BadParameter as error:
        raise found.problem(place, f"{name}: {error.message.rstrip('.')}") from None
    except InputError as error:
        raise found.problem(place, str(error)) from None
    return value
