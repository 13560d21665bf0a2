from pathlib import Path

import pytest

from condgan import recipes
from condgan.ablate import Spec, read
from condgan.errors import InputError

EXAMPLES = Path(__file__).parents[2] / "examples"
SPEC = """\
title: two widths
data: shapes
variants:
  plain: {recipe: cdcgan, options: {width: 4, learning_rate: 2e-4}}
  second:
    recipe: acgan
    options: {width: 4, classify_fakes: false, real_target: [0.7, 1]}
grid:
  latent_dim: [8, 16]
seeds: [0, 3]
minutes: 5
precision: no
baseline: {variant: plain}
"""


def spec_of(folder: Path, text: str) -> Spec:
    (folder / "spec.yaml").write_text(text)
    return read(folder / "spec.yaml")


def test_every_variant_is_combined_with_every_value(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, SPEC)
    assert [cell.name for cell in spec.cells] == [
        "plain-latent_dim=8",
        "plain-latent_dim=16",
        "second-latent_dim=8",
        "second-latent_dim=16",
    ]
    assert spec.cells[1].options == {"width": "4", "learning_rate": "2e-4", "latent_dim": "16"}


def test_several_data_sets_are_combined_too_and_part_of_the_names(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, SPEC.replace("data: shapes", 'data: [shapes, "shapes:class"]'))
    assert [cell.name for cell in spec.cells][:3] == [
        "plain-shapes-latent_dim=8",
        "plain-shapes-latent_dim=16",
        "plain-shapes_class-latent_dim=8",
    ]
    assert {cell.settings["data"] for cell in spec.cells} == {"shapes", "shapes:class"}


def test_a_single_variant_names_its_cell(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, "title: t\ndata: shapes\nvariants: {a: {recipe: dcgan}}\nkimg: 1\n")
    assert [cell.name for cell in spec.cells] == ["a"]
    assert spec.seeds == (0,)


def test_values_are_formatted_as_for_set(tmp_path: Path) -> None:
    plain, *_, second = spec_of(tmp_path, SPEC).cells
    assert plain.options["learning_rate"] == "2e-4"  # YAML parses it as text
    assert (second.options["classify_fakes"], second.options["real_target"]) == ("false", "0.7,1")


def test_a_bare_no_is_a_precision(tmp_path: Path) -> None:
    assert spec_of(tmp_path, SPEC).precision == "no"  # YAML parses it as false


def test_numbers_that_yaml_parses_as_text_are_accepted(tmp_path: Path) -> None:
    assert spec_of(tmp_path, SPEC.replace("minutes: 5", "minutes: 5e-1")).minutes == 0.5


def test_the_path_of_a_judge_is_relative_to_the_spec(tmp_path: Path) -> None:
    assert spec_of(tmp_path, SPEC + "judge: judges/mine.safetensors\n").judge == tmp_path / "judges/mine.safetensors"


def test_the_baseline_of_a_cell_differs_from_it_only_in_the_settings_of_the_baseline(tmp_path: Path) -> None:
    def compared(text: str) -> list[str]:
        spec = spec_of(tmp_path, text)
        return [spec.compared_with(cell).name for cell in spec.cells]

    by_variant = ["plain-latent_dim=8", "plain-latent_dim=16"] * 2
    assert compared(SPEC) == by_variant
    assert compared(SPEC.replace("{variant: plain}", "plain")) == by_variant
    by_value = ["plain-latent_dim=16"] * 2 + ["second-latent_dim=16"] * 2
    assert compared(SPEC.replace("{variant: plain}", "{latent_dim: 16}")) == by_value
    assert compared(SPEC.replace("baseline: {variant: plain}\n", "")) == ["plain-latent_dim=8"] * 4


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("title: two widths", "", ["title: missing entry"]),
        ("minutes: 5", "minuts: 5", ["line 11", "unknown entry 'minuts'; did you mean 'minutes'"]),
        ("recipe: acgan", "recip: acgan", ["line 6", "did you mean 'recipe'"]),
        ("recipe: acgan", "recipe: acgann", ["line 5", "variant second", "unknown recipe", "did you mean 'acgan'"]),
        ("{width: 4, learning", "{widht: 4, learning", ["line 4", "no option 'widht'; did you mean 'width'"]),
        ("{width: 4, learning", "{width: four, learning", ["line 4", "cdcgan option width: found 'four'"]),
        ("{width: 4, learning", "{width: null, learning", ["line 4", "found None", "expected a number"]),
        ("latent_dim: [8, 16]", "latent_dim: []", ["line 9", "grid latent_dim"]),
        ("latent_dim: [8, 16]", "latent_dim: [8, 8]", ["line 9", "expected distinct values"]),
        ("latent_dim: [8, 16]", "width: [8, 16]", ["line 4", "variant plain and the grid both set width"]),
        ("latent_dim: [8, 16]", "data: [8, 16]", ["line 9", "grid data"]),
        ("latent_dim: [8, 16]", "aux_weight: [8, 16]", ["line 4", "variant plain", "no option 'aux_weight'"]),
        ("seeds: [0, 3]", "seeds: [0, -3]", ["line 10", "seeds 1", "found -3"]),
        ("seeds: [0, 3]", "seeds: [0, 0]", ["line 10", "expected distinct values"]),
        ("minutes: 5", "minutes: 0", ["line 11", "greater than 0"]),
        ("precision: no", "precision: fp8", ["line 12", "'fp8'", "bf16"]),
        ("precision: no", "previews: 100", ["line 12", "previews: found 100"]),
        ("precision: no", 'previews: "200:100"', ["line 12", "found '200:100', expected EVERY:UNTIL in steps"]),
        ("{variant: plain}", "{variant: plane}", ["line 13", "found 'plane', expected one of plain, second"]),
        ("{variant: plain}", "{latent: 8}", ["line 13", "unknown setting 'latent'; did you mean 'latent_dim'"]),
        ("seeds: [0, 3]", "seeds: [0, 3", ["line 11", "expected valid YAML"]),
        ("seeds: [0, 3]", "seeds: [0]\nseeds: [1]", ["line 11", "'seeds' is given twice"]),
        ("{width: 4, classify", "{width: 4, width: 8, classify", ["line 7", "'width' is given twice"]),
        ("  plain:", "  a b: {recipe: acgan}\n  a?b: {recipe: acgan}\n  plain:", ["have the same folder 'a_b"]),
    ],
)
def test_mistakes_are_reported_with_their_line(tmp_path: Path, old: str, new: str, parts: list[str]) -> None:
    assert old in SPEC
    with pytest.raises(InputError) as error:
        spec_of(tmp_path, SPEC.replace(old, new, 1))
    message = str(error.value)
    assert message.startswith(f"{tmp_path / 'spec.yaml'}, line ")
    for part in parts:
        assert part in message


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words\n"])
def test_files_without_entries_are_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"spec\.yaml: expected `name: value` entries"):
        spec_of(tmp_path, text)


def test_a_missing_spec_is_reported_by_path(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.yaml: no such file"):
        read(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("title: &a [*a]", r"found an alias \(\*name\), expected none"),
        ("title: " + "[" * 5_000, "expected valid YAML"),
        ("title: 2024-13-45", "expected valid YAML"),
        ("title: !!timestamp x", "expected valid YAML"),
        ("title: t\n2024-01-01: x", "found the key 2024-01-01, expected a text; write it in quotes"),
        ("title: t\ndata: [" + ", ".join(f"d{i}" for i in range(40_000)) + "]", "combinations .*expected at most"),
    ],
    ids=["itself", "depth", "date", "timestamp", "key", "cells"],
)
def test_texts_beyond_all_measure_are_refused_at_once(tmp_path: Path, change: str, message: str) -> None:
    with pytest.raises(InputError, match=rf"spec\.yaml.*{message}"):
        spec_of(
            tmp_path, change + "\nvariants: {a: {recipe: cdcgan}}\n" + ("" if "data" in change else "data: shapes\n")
        )


@pytest.mark.parametrize("name", ["..", ".", "a" * 300])
def test_a_variant_that_cannot_be_a_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"spec\.yaml, line 2: variant .* cannot be the name of a folder"):
        spec_of(tmp_path, f"title: t\nvariants: {{{name}: {{recipe: cdcgan}}}}\ndata: shapes\n")


def test_code_in_a_spec_is_not_executed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"spec\.yaml, line 1: .*expected valid YAML"):
        spec_of(tmp_path, f"title: !!python/object/apply:os.mkdir ['{tmp_path / 'pwned'}']\n")
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_examples_are_valid_specs(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(EXAMPLES.parent)  # recipes of examples/ are run from its folder
    for name in ("acgan", "dcgan", "projection"):
        recipes.use(f"examples.readers:{name}")
    for name in ("concatenated", "cross_attention", "r1_of_scores", "finite_difference"):
        recipes.use(f"examples.layout_parts:{name}")
    spec = read(file)
    for cell in spec.cells:
        recipes.build(cell.recipe, cell.options)
        assert spec.compared_with(cell) in spec.cells
    trainings = [
        (cell.recipe, cell.settings["data"], recipes.resolve(cell.recipe, cell.options)) for cell in spec.cells
    ]
    assert all(training not in trainings[:i] for i, training in enumerate(trainings))
