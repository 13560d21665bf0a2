"""Pictures and plots of a report."""

import io
import re
import shutil
from base64 import b64decode
from pathlib import Path

import pytest
import torch
from PIL import Image

from condgan.generate import LoadedGenerator, load
from condgan.plots import Line, plot, smoothed, svg
from condgan.report.attention_maps import attention_of, heatmap, most_unlike
from condgan.report.folder import RunFolder
from condgan.report.pictures import file_uri, over_time


def test_pictures_keep_every_pixel(trained_runs: dict[str, Path]) -> None:
    file = trained_runs["acgan"] / "pairs.png"
    with Image.open(file) as picture, Image.open(io.BytesIO(b64decode(file_uri(file).partition(",")[2]))) as shown:
        assert shown.format == "WEBP"
        assert shown.tobytes() == picture.convert("RGB").tobytes()


def test_previews_of_traversals_are_not_cropped(trained_runs: dict[str, Path]) -> None:
    for recipe, rows in (("infogan", 2 * 3), ("acgan", 1)):
        run = RunFolder(trained_runs[recipe])
        for picture in over_time(run).pictures:
            with Image.open(io.BytesIO(b64decode(picture.src.partition(",")[2]))) as shown:
                side = shown.width / (8 * (16 + 2) + 2) * (16 + 2)
                assert round(shown.height / side) == rows


def test_previews_at_regular_steps_from_the_start_are_all_shown(trained_runs: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(trained_runs["infogan"], tmp_path / "run")
    samples = tmp_path / "run" / "samples"
    first = sorted(samples.glob("*.png"))[0]
    for step in [*range(100, 1300, 100), *range(1537, 9000, 137)]:
        shutil.copy(first, samples / f"{step:09d}.png")
    for file in samples.glob("00000000[1-9].png"):
        file.unlink()
    shown = [int(picture.caption.split()[1].rstrip(",")) for picture in over_time(RunFolder(tmp_path / "run")).pictures]
    assert shown[:13] == list(range(0, 1300, 100))
    assert len(shown) == 13 + 10
    assert shown == sorted(shown)


def test_the_curves_of_many_cells_can_be_told_apart() -> None:
    drawn = plot({"accuracy": [Line(str(i), [0, 1], [0, i], color=i) for i in range(32)]}).axes[0].lines
    looks = {(line.get_color(), line.get_linestyle(), line.get_marker()) for line in drawn}
    assert len(looks) == 32


@pytest.fixture
def sagan(trained_runs: dict[str, Path]) -> LoadedGenerator:
    return load(trained_runs["sagan"])


def test_attention_maps_sum_to_1_and_do_not_change_the_images(sagan: LoadedGenerator) -> None:
    c = sagan.condition.parse_all(["red square", "blue circle"])
    before = sagan.generate(c)
    images, maps = attention_of(sagan, c)
    assert torch.equal(images, before)
    for weights in maps:
        assert weights.shape[0] == 2
        assert weights.shape[1:3] == weights.shape[3:5]
        torch.testing.assert_close(weights.sum((3, 4)), torch.ones(weights.shape[:3]))
    assert not any(module._forward_hooks for module in sagan.network.modules())


def test_an_object_is_found_where_the_image_differs_from_its_background() -> None:
    images = torch.full((1, 3, 16, 16), 160, dtype=torch.uint8)
    images[0, 0, 9:12, 4:7] = 255
    assert [place.item() for place in most_unlike(images, 8, 8)] == [5, 2]


def test_only_attention_above_uniform_is_red() -> None:
    images, at = torch.full((1, 3, 128, 128), 100, dtype=torch.uint8), torch.tensor([0])
    even = heatmap(images, torch.full((1, 4, 4), 1 / 16), at, at)
    assert (even[0, 0, 40:] == even[0, 2, 40:]).all()
    one = torch.zeros(1, 4, 4)
    one[0, 3, 3] = 1
    alone = heatmap(images, one, at, at)[0]
    assert alone[0, 120, 120] > 200
    assert alone[2, 120, 120] < 50
    assert alone[0, 60, 60] == alone[2, 60, 60]


def test_smoothing_keeps_straight_lines_and_skips_nan() -> None:
    assert smoothed([2.0, 2.0, 2.0, 2.0], 3) == [2.0] * 4
    assert smoothed([1.0, 2.0, 3.0, 4.0, 5.0], 3)[1:-1] == [2.0, 3.0, 4.0]
    assert smoothed([1.0, float("nan"), 3.0], 3) == [1.0, 2.0, 3.0]
    assert smoothed([1.0, 5.0], 1) == [1.0, 5.0]
    assert smoothed([], 3) == []


def test_svg_takes_the_colour_of_the_page_and_escapes_text() -> None:
    element = svg(plot({"a <title>": [Line("one", [0, 1], [1, 2])]}), 'says "so"')
    assert element.startswith('<svg role="img" aria-label="says &quot;so&quot;"')
    assert "currentColor" in element
    assert "#000000" not in element
    assert "http" not in re.sub(r'xmlns(:xlink)?="[^"]*"', "", element)
    assert ">a &lt;title&gt;</text>" in element
