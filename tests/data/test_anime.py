import shutil
from pathlib import Path

import pytest

from condgan.conditions import Attributes, MultiLabel
from condgan.data import anime, load_images
from condgan.errors import InputError
from written import EYES, HAIR, write_anime, write_csv, write_images


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    write_anime(tmp_path / "faces")
    return tmp_path / "faces"


def test_tags_are_attributes(faces: Path) -> None:
    images = anime(faces, 16)
    assert images.condition == Attributes({"hair": HAIR, "eyes": EYES})
    assert images.condition.describe(images.labels[1]) == "dark red hair, green eyes"
    assert images.images.shape == (40, 3, 16, 16)
    assert images.symmetric
    assert set(images.condition.describe_all(images.part(held_out=True).labels)) < set(
        images.condition.describe_all(images.part(held_out=False).labels)
    )


def test_the_order_of_tags_and_rows_does_not_matter(faces: Path) -> None:
    before = anime(faces, 16).content_hash
    rows = (faces / "tags.csv").read_text().splitlines()
    reordered = [
        f"{row.split(',')[0]},{row.split('hair ')[1]} {row.split(',')[1].split('hair')[0]}hair" for row in rows
    ]
    (faces / "tags.csv").write_text("\n".join(reversed(reordered)))
    assert anime(faces, 16).content_hash == before


def test_images_may_be_beside_the_tags_or_in_a_zip_file(faces: Path) -> None:
    before = load_images(str(faces), 16).content_hash
    archive = shutil.make_archive(str(faces), "zip", faces)
    assert load_images(archive, 16).content_hash == before
    for file in (faces / "images").iterdir():
        file.rename(faces / file.name)
    assert load_images(f"anime:{faces}", 16).content_hash == before


def test_tags_may_be_columns_of_zeros_and_ones(faces: Path) -> None:
    before = anime(faces, 16)
    values = before.condition.values
    hot = before.condition.encode(before.labels).int().tolist()
    rows = [f"{i}.jpg,{','.join(map(str, row))}" for i, row in enumerate(hot)]
    (faces / "tags.csv").write_text("\n".join([f"file,{','.join(values)}", *rows]))
    assert anime(faces, 16).content_hash == before.content_hash


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("40,aqua hair", "found 'aqua hair', expected hair and eye colour"),
        ("40,hair blue eyes", "found 'hair blue eyes', expected hair and eye colour"),
        ("40,aqua hair blue eyes smile", "found 'aqua hair blue eyes smile', expected hair and eye colour"),
        ("40,aqua hair blue hair", "found 'aqua hair blue hair', expected hair and eye colour"),
        ("40", "found 1 cells, expected 2"),
        ("40,aqua hair,blue eyes", "found 3 cells, expected 2"),
        ("7,white hair blue eyes", "'images/7.jpg' occurs again, first in line 8"),
    ],
)
def test_an_invalid_row_is_reported_with_its_line(faces: Path, row: str, message: str) -> None:
    with (faces / "tags.csv").open("a") as file:
        file.write(row)
    with pytest.raises(InputError) as raised:
        anime(faces, 16)
    assert f"{faces / 'tags.csv'}, line 41: {message}" in str(raised.value)


def test_images_without_tags_and_tags_without_an_image_are_left_out_and_named(faces: Path) -> None:
    write_images(faces, ["images/41.jpg", "images/42.jpg"])
    with (faces / "tags.csv").open("a") as file:
        file.write("40,aqua hair blue eyes")
    images = load_images(str(faces), 16)
    assert len(images) == 40
    assert set(images.notices) >= {
        "left out, images without a label: 2 (images/41.jpg, images/42.jpg)",
        "left out, rows without an image: 1 (40)",
    }


def test_a_file_of_tags_with_a_header_is_not_taken_for_this_layout(tmp_path: Path) -> None:
    write_csv(tmp_path, "tags", ["long_hair blue_eyes", "blue_eyes", "long_hair"], name="tags.csv")
    images = load_images(str(tmp_path), 16)
    assert images.condition == MultiLabel(("blue_eyes", "long_hair"))
    assert not images.symmetric
    assert "the labels in 'tags' are separated by spaces" in images.notices


def test_an_error_of_a_recognised_layout_says_how_to_force_another(faces: Path) -> None:
    with (faces / "tags.csv").open("a") as file:
        file.write("40,aqua hair")
    with pytest.raises(InputError, match=rf"; read as anime because of tags\.csv, use folder:{faces} to ignore that"):
        load_images(str(faces), 16)


def test_a_missing_tags_file_is_reported(faces: Path) -> None:
    (faces / "tags.csv").unlink()
    with pytest.raises(InputError, match=r"tags\.csv: no such file"):
        anime(faces, 16)
