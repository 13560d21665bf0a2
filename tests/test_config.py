import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condgan.conditions import from_json
from condgan.config import FORMAT, MIGRATIONS, Config, data_name
from condgan.data import Images
from condgan.errors import InputError
from condgan.recipes import RECIPES, build, resolve
from contracts import tiny_images

RESULTS = Path(__file__).parents[1] / "docs" / "results"
PUBLISHED = sorted(RESULTS.rglob("*run.json"))
published = pytest.mark.parametrize("file", PUBLISHED, ids=lambda file: str(file.relative_to(RESULTS)))
ABSOLUTE = re.compile(r"^(/|~|[A-Za-z]:[\\/])|:/")


@pytest.fixture(scope="module")
def images() -> Images:
    return tiny_images("class")


def config_of(images: Images, recipe: str = "cdcgan", data: str = "shapes:class", **options: Any) -> Config:
    return Config.of(recipe, options, data, images, seed=0, precision="no")


def texts_in(tree: Any) -> list[str]:
    """All texts in plain data."""
    if isinstance(tree, str):
        return [tree]
    items = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return [text for item in items for text in texts_in(item)]


def without(content: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key != name}


@published
def test_published_configurations_migrate(file: Path) -> None:
    before = json.loads(file.read_text())
    config = Config.parse(file.read_text(), str(file))
    assert config.format == FORMAT
    assert config.options.keys() == resolve(config.recipe, {}).keys()
    assert config.options == resolve(config.recipe, before["options"])
    assert not any(isinstance(value, str) and value[:1].isdigit() for value in config.options.values())
    assert config.data == Path(before["data"]).name
    assert (config.data_hash, config.seed, config.resolution) == tuple(
        before[name] for name in ("data_hash", "seed", "resolution")
    )
    build(config.recipe, config.options)


@published
def test_migrated_configurations_are_parsed_again(file: Path) -> None:
    config = Config.parse(file.read_text(), str(file))
    assert Config.parse(json.dumps(config.to_json()), "run.json") == config


def test_there_are_published_configurations() -> None:
    assert len(PUBLISHED) >= 20


def test_every_format_has_a_migration_to_the_next() -> None:
    assert list(MIGRATIONS) == list(range(1, FORMAT))


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_configuration_holds_all_options_with_their_types(recipe: str, images: Images) -> None:
    config = config_of(images, recipe, batch_size="4")
    assert config.options.keys() == resolve(recipe, {}).keys()
    assert config.options["batch_size"] == 4
    assert type(config.options["batch_size"]) is int


@pytest.mark.parametrize("recipe", RECIPES)
def test_run_json_is_parsed_back(recipe: str, images: Images) -> None:
    config = replace(config_of(images, recipe, learning_rate="cosine:1e-3:0"), minutes=2.5, planned_kimg=10.5)
    parsed = Config.parse(json.dumps(config.to_json()), "run.json")
    assert parsed.to_json() == json.loads(json.dumps(config.to_json()))
    assert from_json(parsed.condition) == from_json(config.condition)
    parsed.check_same(config)


def test_a_configuration_describes_the_data(images: Images) -> None:
    config = config_of(images)
    assert (config.format, config.data, config.data_hash) == (2, "shapes:class", images.content_hash)
    assert (config.num_training, config.resolution, config.channels) == (38, 16, 3)
    assert config.condition["kind"] == "Class"
    assert {"condgan", "torch", "accelerate", "commit"} <= config.versions.keys()
    assert config.machine["cores"] >= 1
    assert str(config.machine["cores"]) in config.machine_name


def test_the_condition_is_that_of_the_recipe(images: Images) -> None:
    config = config_of(images, "infogan", categorical="3", continuous="1")
    assert config.condition["kind"] == "Codes"
    assert config.condition["categorical"] == {"class": 3}


@pytest.mark.parametrize("prefix", ["", "mnist:", "folder:"])
def test_no_path_of_the_data_is_recorded(tmp_path: Path, images: Images, prefix: str) -> None:
    config = config_of(images, data=f"{prefix}{tmp_path / 'faces'}")
    assert config.data == f"{prefix}faces"
    assert not [text for text in texts_in(config.to_json()) if ABSOLUTE.search(text)]


folder_name = st.text("abc .-_", min_size=1, max_size=6).filter(lambda name: name.strip(" ./"))


@given(st.sampled_from(["", "mnist:", "iclevr:"]), st.lists(folder_name, min_size=1, max_size=4), st.booleans())
def test_the_name_of_data_is_the_last_part_of_its_path(prefix: str, parts: list[str], slash: bool) -> None:
    path = "/" + "/".join(parts) + "/" * slash
    assert data_name(f"{prefix}{path}") == f"{prefix}{parts[-1]}"
    assert data_name(data_name(f"{prefix}{path}")) == data_name(f"{prefix}{path}")


def test_the_name_of_data_in_this_folder_is_that_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "faces" / "train").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "faces")
    assert (data_name("."), data_name("folder:.")) == ("faces", "folder:faces")
    assert data_name("train/..") == "faces"


@pytest.mark.parametrize("path", ["/home/ann/a:b", "mnist:/home/ann/a:b", "/home/a:b/c", "mnist:/home/a:b/c"])
def test_the_name_of_data_has_no_folder_even_if_one_has_a_colon(path: str) -> None:
    assert "home" not in data_name(path)


@pytest.mark.parametrize("newer", [FORMAT + 1, 99, "next"])
def test_a_newer_format_is_refused(images: Images, newer: Any) -> None:
    content = config_of(images).to_json() | {"format": newer}
    with pytest.raises(InputError, match=rf"run\.json: found format {newer!r}, expected at most 2.*newer version"):
        Config.parse(json.dumps(content), "run.json")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "3", '"text"', "{}", '{"format": 2}', '{"recipe": "cdcgan"}'], ids=str
)
def test_a_broken_file_is_named(text: str) -> None:
    with pytest.raises(InputError, match=r"^model\.safetensors"):
        Config.parse(text, "model.safetensors")


def test_a_missing_or_an_unknown_field_is_refused(images: Images) -> None:
    content = config_of(images).to_json()
    assert Config.parse(json.dumps(without(content, "reading")), "run.json").reading == {"split": "every-20th"}
    for name in set(content) - {"format", "reading"}:
        with pytest.raises(InputError, match=rf"run\.json: ({name}: missing entry|.*'{name}')"):
            Config.parse(json.dumps(without(content, name)), "run.json")
    with pytest.raises(InputError, match=r"run\.json: .*unexpected keyword argument 'surprise'"):
        Config.parse(json.dumps(content | {"surprise": 1}), "run.json")


@pytest.mark.parametrize(
    "change",
    [
        {"recipe": "nope"},
        {"recipe": 5},
        {"options": {"wdth": "4"}},
        {"options": {"width": "wide"}},
        {"options": None},
        {"data": 5},
    ],
    ids=str,
)
def test_a_broken_file_of_format_1_is_named(images: Images, change: dict[str, Any]) -> None:
    old = {"recipe": "cdcgan", "options": {"width": "4"}, "data": "/home/ann/faces"}
    rest = {name: value for name, value in config_of(images).to_json().items() if name not in (*old, "format")}
    content = without(without(rest, "minutes"), "planned_kimg") | old
    assert Config.parse(json.dumps(content), "run.json").options["width"] == 4
    with pytest.raises(InputError, match=r"run\.json"):
        Config.parse(json.dumps(content | change), "run.json")


@pytest.mark.parametrize(("before", "now"), [("2", 2), (2, "2.0"), (2.0, 2), ("2e-3", 0.002), ("0.50", ".5")])
def test_the_same_option_in_another_notation_is_the_same_training(images: Images, before: Any, now: Any) -> None:
    config_of(images, ema_half_life_kimg=before).check_same(config_of(images, ema_half_life_kimg=now))


def test_a_default_that_is_given_is_the_same_training(images: Images) -> None:
    default = resolve("cdcgan", {})["latent_dim"]
    config_of(images).check_same(config_of(images, latent_dim=default))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"recipe": "acgan"}, "recipe 'cdcgan', found 'acgan'"),
        ({"seed": 1}, "seed 0, found 1"),
        ({"precision": "bf16"}, "precision 'no', found 'bf16'"),
        ({"resolution": 32}, "resolution 16, found 32"),
    ],
)
def test_another_training_is_refused_naming_the_difference(images: Images, change: dict[str, Any], named: str) -> None:
    config = config_of(images)
    with pytest.raises(InputError, match=f"this run was started with {named}; use another --name"):
        config.check_same(replace(config, **change))


@pytest.mark.parametrize(
    ("change", "different"),
    [
        ({}, "images, labels or split"),
        ({"num_training": 3}, "numbers of images"),
        ({"condition": {"kind": "Class"}, "reading": {"split": "every-20th"}}, "labels and ways of reading"),
    ],
)
def test_another_data_set_is_refused_naming_what_differs(
    images: Images, change: dict[str, Any], different: str
) -> None:
    config = config_of(images)
    expected = f"^runs/a was started with .* training images of .*, found .* and their {different} differ; use the data"
    with pytest.raises(InputError, match=expected):
        config.check_same(replace(config, data_hash="0", **change), "runs/a")


def test_another_option_is_refused_naming_it(images: Images) -> None:
    config = config_of(images, width="8")
    with pytest.raises(InputError, match="started with width 8, found 4"):
        config.check_same(config_of(images, width=4))
    with pytest.raises(InputError, match="started with width 8, found 64"):
        config.check_same(config_of(images))


@pytest.mark.parametrize(
    "change",
    [{"machine": {"cores": 64}}, {"versions": {}}, {"minutes": 3.0}, {"planned_kimg": 1.0}, {"data": "moved"}],
    ids=lambda change: next(iter(change)),
)
def test_machine_length_and_place_of_the_data_may_differ(images: Images, change: dict[str, Any]) -> None:
    config = config_of(images)
    config.check_same(replace(config, **change))


@pytest.mark.parametrize(("options", "named"), [({"wdth": 4}, "no option 'wdth'.*'width'"), ({"width": 0}, "width")])
def test_wrong_options_are_refused(images: Images, options: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=named):
        config_of(images, **options)


@pytest.mark.parametrize(
    ("machine", "name"),
    [
        ({"cores": 2, "processor": "Xeon", "platform": "Linux"}, "2 cores, Xeon"),
        ({"cores": 2, "processor": "", "platform": "Linux"}, "2 cores, Linux"),
        ({"cores": 2, "platform": "Linux"}, "2 cores, Linux"),
        ({"cores": 16, "processor": "Xeon", "accelerator": "H100"}, "H100, 16 cores, Xeon"),
    ],
)
def test_a_machine_is_called_by_its_processor_if_it_is_known(
    images: Images, machine: dict[str, Any], name: str
) -> None:
    assert replace(config_of(images), machine=machine).machine_name == name
