"""YAML files that people write: read without aliases and repeated keys, with the line of every entry."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from condgan.errors import InputError, in_one_line
from condgan.files import read_text

Place = tuple[str | int, ...]  # the keys and positions of an entry of a file


class Typed(yaml.SafeLoader):  # type: ignore[misc]
    """Reads YAML without aliases: a few lines of them can stand for more entries than fit into memory."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise InputError("found an alias (*name), expected none; write the entry out")
        return super().compose_node(parent, index)


class Texts(Typed):
    """Reads every value as the text that it is, apart from empty ones and null: `no` stays no, and 2e-4 is 2e-4."""

    yaml_implicit_resolvers = {  # noqa: RUF012  # as in its base class
        first: [(tag, pattern) for tag, pattern in resolvers if tag == "tag:yaml.org,2002:null"]
        for first, resolvers in Typed.yaml_implicit_resolvers.items()
    }


@dataclass(frozen=True)
class YamlFile:
    """The entries of a file and where they are."""

    file: Path
    content: dict[str, Any]
    tree: yaml.Node

    def problem(self, place: Place, text: str) -> InputError:
        """Returns the error of an entry, which names file and line."""
        return InputError(f"{self.file}, line {_line(self.tree, place)}: {text}")


def read_yaml(file: Path, expected: str, loader: type[Typed] = Typed) -> YamlFile:
    """Reads a file of `name: value` entries. Raises InputError naming file, line, what was found and was expected."""
    text = read_text(file, f"a YAML file, {expected}")
    try:
        reader = loader(text)
        tree = reader.get_single_node()
        content = reader.construct_document(tree) if tree else None
    except InputError as error:
        raise InputError(f"{file}: {error}") from None
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InputError(f"{file}{line}: {error.problem}; expected valid YAML") from None
    except Exception as error:  # PyYAML raises errors of many types: nested too deeply, a date that does not exist
        raise InputError(f"{file}: {in_one_line(error)}; expected valid YAML") from None
    if not isinstance(content, dict):
        raise InputError(f"{file}: expected `name: value` entries, {expected}")
    found = YamlFile(file, content, tree)
    _check_distinct(found, tree)
    return found


def _check_distinct(file: YamlFile, node: yaml.Node, place: Place = ()) -> None:
    """Raises InputError for repeated keys, of which YAML would silently keep the last."""
    if isinstance(node, yaml.SequenceNode):
        for i, value in enumerate(node.value):
            _check_distinct(file, value, (*place, i))
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise file.problem((*place, key.value), f"{key.value!r} is given twice; remove one of them")
            seen.add(key.value)
            _check_distinct(file, value, (*place, key.value))


def _line(node: yaml.Node, place: Place) -> int:
    """Returns the line of an entry, counted from 1, or of the innermost existing entry around it."""
    line = node.start_mark.line
    for part in place:
        if isinstance(node, yaml.MappingNode):
            entries = {key.value: (key, value) for key, value in node.value}
        elif isinstance(node, yaml.SequenceNode):
            entries = {str(i): (value, value) for i, value in enumerate(node.value)}
        else:
            break
        if str(part) not in entries:
            break
        key, node = entries[str(part)]
        line = key.start_mark.line
    return int(line) + 1
