import io
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from condgan.data import Images, folder, load_images, shapes
from condgan.data import copies as module
from condgan.data.copies import exact_copies, mirrored_copies
from condgan.data.inspect import balance, inspect, summary
from written import write_csv, write_folder, write_images, write_mnist


def faces(num: int, side: int = 32, seed: int = 0) -> torch.Tensor:
    """Returns distinct smooth images, (num, 3, side, side) uint8."""
    coarse = torch.randint(0, 256, (num, 3, 4, 4), generator=torch.Generator().manual_seed(seed)).float()
    return torch.nn.functional.interpolate(coarse, (side, side), mode="bicubic").clamp(0, 255).byte()


def through_jpeg(image: torch.Tensor, quality: int) -> torch.Tensor:
    """Returns an image as it is decoded from a JPEG file."""
    file = io.BytesIO()
    Image.fromarray(image.permute(1, 2, 0).numpy()).save(file, "JPEG", quality=quality)
    return torch.frombuffer(bytearray(Image.open(file).tobytes()), dtype=torch.uint8).view(32, 32, 3).permute(2, 0, 1)


def labelled(images: torch.Tensor) -> Images:
    """Returns a labelled data set with these images."""
    return replace(shapes("class", 32, num_images=len(images)), images=images)


def test_exact_copies_are_paired_with_the_first_image() -> None:
    images = faces(10)
    images[4] = images[7] = images[2].clone()
    images[9] = images[0]
    assert exact_copies(images) == [(2, 4), (2, 7), (0, 9)]


def test_mirrored_copies_are_found_after_jpeg_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    images = faces(60)
    for image, copy, quality in ((3, 41, 95), (10, 11, 75), (0, 59, 60)):
        images[copy] = through_jpeg(images[image].flip(2), quality)
    expected = [(0, 59), (3, 41), (10, 11)]
    assert mirrored_copies(images) == expected
    monkeypatch.setattr(module, "CHUNK", 7)
    monkeypatch.setattr(module, "PAIRS", 100)
    assert mirrored_copies(images) == expected


def test_mirrored_copies_are_those_found_by_comparing_all_pixels_of_all_pairs() -> None:
    images = faces(40)
    images[20:] = images[torch.randperm(20, generator=torch.Generator().manual_seed(1))].flip(3)
    slow = [(i, j) for i in range(40) for j in range(i + 1, 40) if torch.equal(images[i], images[j].flip(2))]
    assert mirrored_copies(images) == slow
    assert len(slow) == 20


def test_of_many_images_some_are_compared_and_inspect_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    images = faces(40)
    images[39] = images[0].flip(2)
    images[20] = images[1].flip(2)
    assert mirrored_copies(images) == [(0, 39), (1, 20)]
    monkeypatch.setattr(module, "MOST_COMPARED", 10)
    assert mirrored_copies(images) == [(0, 39)]
    monkeypatch.setattr("condgan.data.inspect.MOST_COMPARED", 10)
    said = "mirrored copies were looked for among 10 of 40 images"
    assert said in inspect(labelled(images)).notices


def test_images_that_differ_in_one_cell_are_not_copies() -> None:
    images = faces(2)
    images[1] = images[0].flip(2)
    images[1, :, 4:8, 4:8] = 255 - images[1, :, 4:8, 4:8]
    assert mirrored_copies(images) == []


def test_nearly_symmetric_images_are_not_mirrored_copies() -> None:
    flat = torch.full((50, 3, 16, 16), 200, dtype=torch.uint8)
    noisy = flat - torch.randint(0, 4, flat.shape, dtype=torch.uint8)
    assert len(exact_copies(flat)) == 49
    assert mirrored_copies(flat) == mirrored_copies(noisy) == []


def test_small_grey_images_are_compared() -> None:
    images = torch.randint(0, 256, (5, 1, 8, 8), dtype=torch.uint8)
    images[4] = images[1].flip(2)
    assert mirrored_copies(images) == [(1, 4)]
    assert mirrored_copies(images, {4}) == []


def test_duplicates_across_the_split_are_reported() -> None:
    images = faces(100)
    images[40], images[41] = images[5], images[6]  # images 40 and 60 are held out
    images[60] = images[7].flip(2)
    found = inspect(labelled(images))
    assert (found.exact, found.mirrored) == ([(5, 40), (6, 41)], [(7, 60)])
    assert "duplicates across the split: 2; scores on held-out images hide memorisation" in found.notices


def test_summary_has_size_split_and_condition(tmp_path: Path) -> None:
    write_folder(tmp_path)
    expected = "40 images of 16 x 16, 4 held out; condition: hair (3 values) x eyes (2 values)"
    assert summary(folder(tmp_path, 16)) == expected


def test_values_and_combinations_are_counted(tmp_path: Path) -> None:
    write_csv(tmp_path, "hair,eyes", ["aqua,blue"] * 6 + ["red,blue"] * 2 + ["red,green"] * 2)
    found = inspect(folder(tmp_path, 16))
    assert found.counts == {"aqua hair": 6, "red hair": 4, "blue eyes": 8, "green eyes": 2}
    assert found.num_combinations == 3
    assert "values with fewer than 5 images: red hair (4), green eyes (2)" in found.notices


@pytest.mark.parametrize("kind", ["multi_label", "class", "attributes", "codes"])
def test_counts_equal_those_of_the_descriptions(kind: str) -> None:
    images = shapes(kind, 16, num_images=40)
    texts = [] if kind == "codes" else [images.condition.describe(c).split(", ") for c in images.labels]
    counts = inspect(images).counts
    assert counts == {value: sum(value in words for words in texts) for value in counts}
    assert len(counts) == (0 if kind == "codes" else len(images.condition.values))


def test_balance_of_many_values_shows_the_most_and_least_frequent() -> None:
    counts = {f"v{i}": i for i in range(10)}
    assert [line.split()[0] for line in balance(counts, 45, 10)] == list(counts)
    assert [line.split()[0] for line in balance(counts, 45, 4)] == ["v9", "v8", "...", "v1", "v0"]
    assert list(balance({"cat": 3}, 4, 4)) == ["cat       3   75.0%"]


def test_originals_that_are_converted_are_reported(tmp_path: Path) -> None:
    write_folder(tmp_path)
    write_images(tmp_path, ["0.png"], size=(40, 20))
    write_images(tmp_path, ["1.png"], size=(8, 8))
    for name, mode in (("2.png", "L"), ("3.png", "P"), ("4.png", "RGBA"), ("5.png", "RGBA")):
        Image.new("RGB", (16, 16)).convert(mode).save(tmp_path / name)
    found = inspect(folder(tmp_path, 16))
    assert set(found.notices) >= {
        "originals of 3 sizes, 8 x 8 to 40 x 20: stretched to squares",
        "originals that are not square: 1 of 40; stretched to squares",
        "originals that are smaller than 16 pixels: 1 of 40; enlarged",
        "originals that are grey: 1 of 40; read as RGB",
        "originals that are palette: 1 of 40; read as RGB",
        "originals that are transparent: 2 of 40; read as RGB, on white",
        "training images: 36, few enough for a generator to memorise",
    }


def test_a_data_set_without_problems_has_no_notices(tmp_path: Path) -> None:
    assert list(inspect(labelled(faces(1100))).notices) == []
    write_mnist(tmp_path)
    found = inspect(load_images(str(tmp_path)))
    assert (found.exact, found.mirrored, found.name(3)) == ([], [], "image 3")
    assert [notice.split()[0] for notice in found.notices] == ["training"]
