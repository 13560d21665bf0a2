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
  reading:
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


def test_every_variant_is_crossed_with_every_value(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, SPEC)
    assert [cell.name for cell in spec.cells] == [
        "plain-latent_dim=8",
        "plain-latent_dim=16",
        "reading-latent_dim=8",
        "reading-latent_dim=16",
    ]
    assert spec.cells[1].options == {"width": "4", "learning_rate": "2e-4", "latent_dim": "16"}


def test_data_are_crossed_too_and_then_stand_in_the_name(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, SPEC.replace("data: shapes", 'data: [shapes, "shapes:class"]'))
    assert [cell.name for cell in spec.cells][:3] == [
        "plain-shapes-latent_dim=8",
        "plain-shapes-latent_dim=16",
        "plain-shapes_class-latent_dim=8",
    ]
    assert {cell.settings["data"] for cell in spec.cells} == {"shapes", "shapes:class"}


def test_a_variant_alone_names_its_cell(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, "title: t\ndata: shapes\nvariants: {a: {recipe: dcgan}}\nkimg: 1\n")
    assert [cell.name for cell in spec.cells] == ["a"]
    assert spec.seeds == (0,)


def test_values_reach_the_recipe_as_set_gives_them(tmp_path: Path) -> None:
    plain, *_, reading = spec_of(tmp_path, SPEC).cells
    assert plain.options["learning_rate"] == "2e-4"  # which YAML reads as a text
    assert (reading.options["classify_fakes"], reading.options["real_target"]) == ("false", "0.7,1")


def test_a_bare_no_is_a_precision(tmp_path: Path) -> None:
    assert spec_of(tmp_path, SPEC).precision == "no"  # which YAML reads as false


def test_a_text_is_a_number_where_one_is_expected(tmp_path: Path) -> None:
    assert spec_of(tmp_path, SPEC.replace("minutes: 5", "minutes: 5e-1")).minutes == 0.5


def test_a_judge_is_looked_for_beside_the_spec(tmp_path: Path) -> None:
    assert spec_of(tmp_path, SPEC + "judge: judges/mine.safetensors\n").judge == tmp_path / "judges/mine.safetensors"


def test_a_cell_is_compared_with_the_one_that_differs_in_the_baseline_alone(tmp_path: Path) -> None:
    def compared(text: str) -> list[str]:
        spec = spec_of(tmp_path, text)
        return [spec.compared_with(cell).name for cell in spec.cells]

    by_variant = ["plain-latent_dim=8", "plain-latent_dim=16"] * 2
    assert compared(SPEC) == by_variant
    assert compared(SPEC.replace("{variant: plain}", "plain")) == by_variant
    by_value = ["plain-latent_dim=16"] * 2 + ["reading-latent_dim=16"] * 2
    assert compared(SPEC.replace("{variant: plain}", "{latent_dim: 16}")) == by_value
    assert compared(SPEC.replace("baseline: {variant: plain}\n", "")) == ["plain-latent_dim=8"] * 4


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("title: two widths", "", ["title: is missing"]),
        ("minutes: 5", "minuts: 5", ["line 11", "unknown entry 'minuts'; did you mean 'minutes'"]),
        ("recipe: acgan", "recip: acgan", ["line 6", "did you mean 'recipe'"]),
        ("recipe: acgan", "recipe: acgann", ["line 5", "variant reading", "unknown recipe", "did you mean 'acgan'"]),
        ("{width: 4, learning", "{widht: 4, learning", ["line 4", "no option 'widht'; did you mean 'width'"]),
        ("{width: 4, learning", "{width: four, learning", ["line 4", "cdcgan option width: found 'four'"]),
        ("{width: 4, learning", "{width: null, learning", ["line 4", "found None", "expected a number"]),
        ("latent_dim: [8, 16]", "latent_dim: []", ["line 9", "grid latent_dim"]),
        ("latent_dim: [8, 16]", "latent_dim: [8, 8]", ["line 9", "no value twice"]),
        ("latent_dim: [8, 16]", "width: [8, 16]", ["line 4", "variant plain sets width, and so does the grid"]),
        ("latent_dim: [8, 16]", "data: [8, 16]", ["line 9", "grid data"]),
        ("latent_dim: [8, 16]", "aux_weight: [8, 16]", ["line 4", "variant plain", "no option 'aux_weight'"]),
        ("seeds: [0, 3]", "seeds: [0, -3]", ["line 10", "seeds 1", "found -3"]),
        ("seeds: [0, 3]", "seeds: [0, 0]", ["line 10", "no value twice"]),
        ("minutes: 5", "minutes: 0", ["line 11", "greater than 0"]),
        ("precision: no", "precision: fp8", ["line 12", "'fp8'", "bf16"]),
        ("{variant: plain}", "{variant: plane}", ["line 13", "found 'plane', expected one of plain, reading"]),
        ("{variant: plain}", "{latent: 8}", ["line 13", "unknown setting 'latent'; did you mean 'latent_dim'"]),
        ("seeds: [0, 3]", "seeds: [0, 3", ["line 11", "expected valid YAML"]),
        ("seeds: [0, 3]", "seeds: [0]\nseeds: [1]", ["line 11", "'seeds' stands twice"]),
        ("{width: 4, classify", "{width: 4, width: 8, classify", ["line 7", "'width' stands twice"]),
        ("  plain:", "  a b: {recipe: acgan}\n  a?b: {recipe: acgan}\n  plain:", ["share the folder 'a_b"]),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, old: str, new: str, parts: list[str]) -> None:
    assert old in SPEC
    with pytest.raises(InputError) as error:
        spec_of(tmp_path, SPEC.replace(old, new, 1))
    message = str(error.value)
    assert message.startswith(f"{tmp_path / 'spec.yaml'}, line ")
    for part in parts:
        assert part in message


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words\n"])
def test_what_is_no_spec_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"spec\.yaml: expected `name: value` lines"):
        spec_of(tmp_path, text)


def test_a_missing_spec_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.yaml: no such file"):
        read(tmp_path / "nowhere.yaml")


def test_code_in_a_spec_is_not_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"spec\.yaml, line 1: .*expected valid YAML"):
        spec_of(tmp_path, f"title: !!python/object/apply:os.mkdir ['{tmp_path / 'pwned'}']\n")
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_examples_are_specs(file: Path) -> None:
    spec = read(file)
    for cell in spec.cells:
        recipes.build(cell.recipe, cell.arguments)
        assert spec.compared_with(cell) in spec.cells
