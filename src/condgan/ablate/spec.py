"""The spec of an ablation: variants x options x data sets x seeds, all with the same budget."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    ValidationError,
)
from pydantic_core import ErrorDetails

from condgan import recipes
from condgan.errors import InputError, did_you_mean
from condgan.files import check_file
from condgan.outputs import Previews
from condgan.seeds import MAX_SEED
from condgan.yaml_files import Place, read_yaml

MAX_CELLS = 1_000
MAX_NAME = 200  # letters of a folder's name; file systems take at most 255 bytes


def _as_text(value: Any) -> str:
    """Formats a value as for `--set NAME=VALUE`: only the recipe validates it."""
    if isinstance(value, list):
        return ",".join(map(_as_text, value))
    if value is None or isinstance(value, dict):
        raise ValueError("expected a number, a text, true, false or a list of these")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _distinct(values: Sequence[Any]) -> Sequence[Any]:
    if len(set(values)) < len(values):
        raise ValueError("expected distinct values")
    return values


def _previews(text: str) -> str:
    Previews.parse(text)
    return text


Text = Annotated[str, BeforeValidator(_as_text)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1), AfterValidator(_distinct)]
Seeds = Annotated[tuple[Annotated[int, Field(ge=0, le=MAX_SEED)], ...], Field(min_length=1), AfterValidator(_distinct)]
# YAML parses a bare `no` as false
Precision = Annotated[Literal["no", "bf16", "auto"], BeforeValidator(lambda p: "no" if p is False else p)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Variant(_Entry):
    """A recipe with options. Those in `small` make its runs shorter; `--full` leaves them out."""

    recipe: str
    options: Mapping[str, Text] = {}
    small: Mapping[str, Text] = {}


@dataclass(frozen=True)
class Cell:
    """One configuration, trained once for each seed. `settings` are its variant, data set and options of the grid."""

    settings: Mapping[str, str]
    recipe: str
    options: Mapping[str, str]
    name: str


class Spec(_Entry):
    """The entries of a spec file. Every variant is trained with every combination of `grid` values and `data` sets.

    Training ends after `minutes` or `kimg`, or without `kimg` all epochs of the recipe, whichever comes first. `data`
    are data sets as in `--data`, `previews` steps as in `--previews`. `judge` is a path relative to the spec.
    `baseline` is a variant or some settings, e.g. `{aux_weight: 100}`: each cell is compared with the cell that differs
    from it in these settings only. By default all are compared with the first cell.
    """

    title: str
    data: Annotated[Texts, BeforeValidator(lambda data: [data] if isinstance(data, str) else data)]
    variants: Annotated[Mapping[str, Variant], Field(min_length=1)]
    grid: Mapping[str, Texts] = {}
    seeds: Seeds = (0,)
    minutes: PositiveFloat = float("inf")
    kimg: PositiveFloat | None = None
    save_minutes: PositiveFloat = 1
    previews: Annotated[str, AfterValidator(_previews)] | None = None
    precision: Precision = "no"
    resolution: PositiveInt | None = None
    draws: PositiveInt = 32
    judge: Path | None = None
    baseline: Annotated[Mapping[str, Text], BeforeValidator(lambda b: {"variant": b} if isinstance(b, str) else b)] = {}

    @property
    def full(self) -> "Spec":
        """The spec at full scale: without `small` options, for all epochs."""
        variants = {name: variant.model_copy(update={"small": {}}) for name, variant in self.variants.items()}
        return self.model_copy(update={"variants": variants, "minutes": float("inf"), "kimg": None})

    @property
    def axes(self) -> dict[str, Sequence[str]]:
        """The settings and their values."""
        return {"variant": list(self.variants), "data": self.data, **self.grid}

    @property
    def cells(self) -> list[Cell]:
        """All cells, in the order of the file."""
        axes = self.axes
        return [self._cell(dict(zip(axes, values, strict=True))) for values in product(*axes.values())]

    def _cell(self, settings: Mapping[str, str]) -> Cell:
        variant = self.variants[settings["variant"]]
        chosen = {name: settings[name] for name in self.grid}
        parts = [settings["variant"]]
        parts += [settings["data"]] if len(self.data) > 1 else []
        parts += [f"{name}={value}" for name, value in chosen.items()]
        name = "".join(letter if letter.isalnum() or letter in "._=,+-" else "_" for letter in "-".join(parts))
        return Cell(settings, variant.recipe, {**variant.small, **variant.options, **chosen}, name)

    def compared_with(self, cell: Cell) -> Cell:
        """Returns the baseline of a cell, which may be the cell itself."""
        fixed = self.baseline or self.cells[0].settings
        return self._cell({**cell.settings, **fixed})


def read(file: Path) -> Spec:
    """Reads a spec from a YAML file. Raises InputError naming file, line, what was found and what was expected."""
    check_file(file, "a spec, e.g. examples/aux_weight.yaml")
    found = read_yaml(file, "among them title, data and variants")
    for place, problem in _problems(found.content):
        raise found.problem(place, problem)
    spec = Spec.model_validate(found.content)
    return spec.model_copy(update={"judge": file.parent / spec.judge}) if spec.judge else spec


def _problems(content: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    """Yields the problems of a file and their places."""
    try:
        spec = Spec.model_validate(content)
    except ValidationError as error:
        # a misspelt entry causes a second error, a missing entry, which says less
        first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
        place = tuple(part for part in first["loc"] if part != "[key]")
        yield place, _explained(place, first)
        return
    for name in spec.grid:
        if name in ("variant", "data"):
            yield (
                ("grid", name),
                f"grid {name}: expected an option of the recipe; all variants and data sets are combined anyway",
            )
        for variant, entry in spec.variants.items():
            if name in {**entry.options, **entry.small}:
                yield ("variants", variant), f"variant {variant} and the grid both set {name}; remove one of them"
    for name, value in spec.baseline.items():
        if name not in spec.axes:
            known = ", ".join(spec.axes)
            yield ("baseline",), f"baseline: unknown setting {name!r}{did_you_mean(name, spec.axes)} (known: {known})"
        elif value not in spec.axes[name]:
            yield ("baseline",), f"baseline {name}: found {value!r}, expected one of {', '.join(spec.axes[name])}"
    num_cells = prod(map(len, spec.axes.values()))
    if num_cells > MAX_CELLS:
        yield (
            (),
            f"found {num_cells:,} combinations of variants, data sets and the grid, expected at most {MAX_CELLS:,}",
        )
        return
    names: set[str] = set()
    for cell in spec.cells:
        place = ("variants", cell.settings["variant"])
        try:
            recipes.build(cell.recipe, cell.options)
        except InputError as error:
            yield place, f"variant {place[1]}: {error}"
        if not cell.name.strip(".") or len(cell.name) > MAX_NAME:
            yield place, f"variant {place[1]}: {cell.name[:40]!r} cannot be the name of a folder; rename it"
        if cell.name.lower() in names:
            yield place, f"two cells have the same folder {cell.name!r}; rename variants or values"
        names.add(cell.name.lower())


def _explained(place: Place, error: ErrorDetails) -> str:
    where = " ".join(map(str, place)) or "spec"
    if error["type"] == "extra_forbidden":
        known = list((Variant if len(place) > 1 else Spec).model_fields)
        return f"unknown entry {place[-1]!r}{did_you_mean(str(place[-1]), known)} (known: {', '.join(known)})"
    if error["type"] == "invalid_key":  # YAML parses a bare date, number or yes
        return f"{where}: found the key {error['input']}, expected a text; write it in quotes"
    if error["type"] == "missing":
        return f"{where}: missing entry"
    found = "" if error["type"] == "value_error" and not place else f"found {error['input']!r}: "
    return f"{where}: {found}{error['msg'].removeprefix('Value error, ')}"
