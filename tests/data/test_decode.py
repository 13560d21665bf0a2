from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageCms

from condgan.data import folder, rgb
from condgan.data.decode import Original, read_original
from condgan.data.inspect import inspect
from decoded import SIDE, decoded, noise, saved


def ramp(high: float, kind: str) -> np.ndarray:
    """Returns values that rise from 0 to `high`."""
    return np.linspace(0, high, SIDE * SIDE).reshape(SIDE, SIDE).astype(kind)


def assert_is_ramp(image: np.ndarray, low: float = 0, high: float = 255) -> None:
    expected = np.linspace(low, high, SIDE * SIDE).reshape(SIDE, SIDE, 1)
    assert np.abs(image - expected).max() <= 1


LOSSLESS = ["png", "bmp", "tif", "tga", "qoi", "pcx", "ppm", "sgi", "dds", "dib", "gif", "ico"]


@pytest.mark.parametrize("suffix", LOSSLESS)
def test_formats_are_read(tmp_path: Path, suffix: str) -> None:
    image = noise().quantize(16).convert("RGB")
    file = saved(tmp_path, image, f"image.{suffix}", **({"sizes": [(SIDE, SIDE)]} if suffix == "ico" else {}))
    assert np.array_equal(decoded(file), np.asarray(image))


@pytest.mark.parametrize("suffix", ["jpg", "jfif", "webp", "jp2", "avif"])
def test_lossy_formats_are_read(tmp_path: Path, suffix: str) -> None:
    file = saved(tmp_path, Image.new("RGB", (40, 30), (200, 100, 50)), f"image.{suffix}")
    assert np.abs(decoded(file).astype(int) - (200, 100, 50)).max() < 8


def test_the_format_is_recognised_by_content(tmp_path: Path) -> None:
    file = saved(tmp_path, noise(), "image.jpg", format="PNG")
    assert np.array_equal(decoded(file), np.asarray(noise()))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("a.png", ramp(65535, "uint16")),
        ("a.tif", ramp(65535, "uint16")),
        ("big.tif", ramp(65535, ">u2")),
        ("a.pgm", ramp(65535, "uint16")),
        ("unit.tif", ramp(1, "float32")),
        ("bytes.tif", ramp(255, "float32")),
        ("large.tif", ramp(1e6, "float32")),
        ("integers.tif", ramp(65535, "int32")),
        ("negative.tif", ramp(1000, "int32") - 500),
    ],
)
def test_grey_values_of_many_bits_are_scaled(tmp_path: Path, name: str, values: np.ndarray) -> None:
    assert_is_ramp(decoded(saved(tmp_path, Image.fromarray(values), name)))


def test_a_dark_16_bit_image_stays_dark(tmp_path: Path) -> None:
    assert_is_ramp(decoded(saved(tmp_path, Image.fromarray(ramp(6553.5, "uint16")))), high=25.5)


def test_values_that_are_not_finite_become_black(tmp_path: Path) -> None:
    values = ramp(1, "float32")
    values[0, :3] = np.nan, np.inf, -np.inf
    image = decoded(saved(tmp_path, Image.fromarray(values), "a.tif"))
    assert (image[0, :3] == 0).all()
    assert image[-1, -1].tolist() == [255, 255, 255]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "P"])
def test_transparency_becomes_white(tmp_path: Path, mode: str) -> None:
    rgba = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 255))
    rgba.paste((0, 0, 0, 0), (0, 0, 8, SIDE))
    suffix = "tif" if mode == "PA" else "png"
    if mode == "P":
        image = Image.new("P", (SIDE, SIDE), 1)
        image.putpalette([9, 9, 9, 0, 0, 0])
        image.paste(0, (0, 0, 8, SIDE))
        file = saved(tmp_path, image, transparency=bytes([0, 255]))
    elif mode == "PA":
        file = saved(tmp_path, rgba, f"image.{suffix}")
    else:
        file = saved(tmp_path, rgba.convert(mode))
    image_on_white = decoded(file)
    assert (image_on_white[:, :8] == 255).all()
    assert (image_on_white[:, 8:] == 0).all()


def test_half_transparent_pixels_are_mixed_with_white(tmp_path: Path) -> None:
    image = decoded(saved(tmp_path, Image.new("RGBA", (SIDE, SIDE), (0, 100, 200, 128))))
    assert np.abs(image.astype(int) - (127, 177, 227)).max() <= 1


def test_a_transparent_16_bit_value_becomes_white(tmp_path: Path) -> None:
    values = np.full((SIDE, SIDE), 30000, np.uint16)
    values[:, :8] = 77
    image = decoded(saved(tmp_path, Image.fromarray(values), transparency=77))
    assert (image[:, :8] == 255).all()
    assert (image[:, 8:] == round(30000 / 257)).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    upright = Image.new("RGB", (SIDE, SIDE), "white")
    upright.paste("red", (0, 0, 8, 8))
    upright.paste("blue", (8, 0, SIDE, 8))
    inverse: dict[int, Callable[[np.ndarray], np.ndarray]] = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }
    stored = Image.fromarray(np.ascontiguousarray(inverse[orientation](np.asarray(upright))))
    exif = Image.Exif()
    exif[0x0112] = orientation
    for name in ("image.png", "image.tif"):
        file = saved(tmp_path, stored, name, exif=exif)
        assert np.array_equal(decoded(file), np.asarray(upright)), name


def test_broken_metadata_is_ignored(tmp_path: Path) -> None:
    file = saved(tmp_path, noise(), exif=b"Exif\0\0II*\0\xff\xff\xff\xff", icc_profile=b"no profile")
    assert np.array_equal(decoded(file), np.asarray(noise()))
    assert read_original(file) == Original(SIDE, SIDE, "RGB")


def test_cmyk_is_converted_whether_or_not_adobe_inverted_it(tmp_path: Path) -> None:
    orange = Image.new("CMYK", (SIDE, SIDE), (0, 128, 255, 0))
    file = saved(tmp_path, orange, "inverted.jpg", quality=100)
    assert np.abs(decoded(file).astype(int) - (255, 127, 0)).max() < 6
    assert np.abs(decoded(saved(tmp_path, orange, "a.tif")).astype(int) - (255, 127, 0)).max() < 6
    content = saved(tmp_path, ImageChops.invert(orange), "plain.jpg", quality=100).read_bytes()
    start = content.index(b"\xff\xee")  # the mark of Adobe's programs
    unmarked = content[:start] + content[start + 2 + int.from_bytes(content[start + 2 : start + 4]) :]
    (tmp_path / "unmarked.jpg").write_bytes(unmarked)
    assert np.abs(decoded(tmp_path / "unmarked.jpg").astype(int) - (255, 127, 0)).max() < 6


def test_colour_profiles_are_converted_to_srgb(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    grey = Image.merge("LAB", [Image.new("L", (SIDE, SIDE), value) for value in (137, 128, 128)])
    file = saved(tmp_path, grey, "lab.tif", icc_profile=lab)
    image = decoded(file).astype(int)
    assert np.ptp(image) <= 3  # grey, L* = 137 / 255 = 53.7 %
    assert abs(image.mean() - 128) < 3
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(decoded(saved(tmp_path, noise(), icc_profile=srgb)), np.asarray(noise()))


@pytest.mark.parametrize("suffix", ["gif", "png", "webp", "tif"])
def test_the_first_frame_of_an_animation_is_read(tmp_path: Path, suffix: str) -> None:
    first, second = Image.new("RGB", (SIDE, SIDE), (255, 0, 0)), Image.new("RGB", (SIDE, SIDE), (0, 0, 255))
    lossless = {"lossless": True} if suffix == "webp" else {}
    file = saved(tmp_path, first, f"image.{suffix}", save_all=True, append_images=[second], **lossless)
    assert (decoded(file) == (255, 0, 0)).all()
    assert read_original(file).animated
    assert not read_original(saved(tmp_path, first, f"still.{suffix}")).animated


def test_originals_are_described(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert read_original(saved(tmp_path, Image.new("RGB", (30, 20)), "a.jpg", exif=exif)) == Original(20, 30, "RGB")
    assert read_original(saved(tmp_path, Image.fromarray(ramp(9, "uint16")))).colors == "16-bit grey"
    assert read_original(saved(tmp_path, Image.new("CMYK", (9, 9)), "b.jpg")).colors == "CMYK"


LARGE_IMAGES = [
    *(("tif", mode) for mode in ("RGB", "L", "RGBA", "P", "CMYK", "1", "LA")),
    *(("jpg", mode) for mode in ("RGB", "L", "CMYK")),
]


@pytest.mark.parametrize(("suffix", "mode"), LARGE_IMAGES)
def test_shrinking_a_large_image_first_changes_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, mode: str
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    image = noise().convert(mode).resize((320, 240), 0)
    file = saved(tmp_path, image, f"a.{suffix}", exif=exif)
    at_once = decoded(file).astype(int)
    monkeypatch.setattr(rgb, "LARGE", 320 * 240)
    shrunk = decoded(file).astype(int)
    assert 0 < np.abs(shrunk - at_once).max() < 40
    assert np.abs(shrunk - at_once).mean() < 4


def test_animations_are_noticed_by_inspect(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (SIDE, SIDE), color) for color in ("red", "blue")]
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        saved(tmp_path / name, frames[0], "a.gif", save_all=True, append_images=frames[1:])
    notices = list(inspect(folder(tmp_path, SIDE)).notices)
    assert "originals that are animated or of several pages: 2 of 2; only the first is read" in notices
