"""Files depend only on seed, scene and frame; rendering can be continued; other settings are refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("mitsuba", reason="no mitsuba; pip install -e '.[render]'")

from commands import Command
from condgan.errors import InputError
from condgan.rendering.folder import group_scenes, render_dataset, sample_entries
from condgan.rendering.render import render_frame, render_scene, resize
from condgan.rendering.scenes import COLORS, HELD_OUT_TRIPLES, LABELS, SHAPES, Scene, SceneObject

RESOLUTION = 16


def render(folder: Path, entries: dict[str, list[str]], seed: int = 0, processes: int = 1) -> dict[str, bytes]:
    for _ in render_dataset(folder, entries, RESOLUTION, seed, processes):
        pass
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.png"))}


@pytest.mark.slow
def test_the_command_renders_random_scenes(condgan: Command, tmp_path: Path) -> None:
    words = ["data", "render", tmp_path / "out", "--scenes", "1", "--hold-out-triples", "--resolution", "16"]
    result = condgan(*words, "--processes", "1", "--json")
    assert result.code == 0, result.err
    assert json.loads(result.out)["images"] == 3
    labels = json.loads((tmp_path / "out" / "train.json").read_text())
    assert [len(objects) for objects in labels.values()] == [1, 2, 3]
    assert all((tmp_path / "out" / name).is_file() for name in labels)


@pytest.mark.slow
def test_a_folder_has_the_labs_layout(tmp_path: Path) -> None:
    entries = sample_entries(2, seed=0)
    counts = list(render_dataset(tmp_path, entries, RESOLUTION, 0, 1))
    assert counts == [0, 3, 6]
    assert json.loads((tmp_path / "train.json").read_text()) == entries
    assert json.loads((tmp_path / "objects.json").read_text()) == {label: i for i, label in enumerate(LABELS)}
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [*entries, "train.json", "objects.json", "render.json"]
    )
    with Image.open(tmp_path / "CLEVR_train_000001_2.png") as image:
        assert (image.size, image.mode) == ((RESOLUTION, RESOLUTION), "RGB")


@pytest.mark.slow
def test_bytes_depend_only_on_seed_and_scene(tmp_path: Path) -> None:
    entries = sample_entries(3, seed=4)
    whole = render(tmp_path / "whole", entries, seed=4)
    assert render(tmp_path / "two", entries, seed=4, processes=2) == whole
    part = dict(reversed([item for item in entries.items() if "_000002_" in item[0]]))
    assert render(tmp_path / "part", part, seed=4) == {name: whole[name] for name in sorted(part)}
    assert render(tmp_path / "other", entries, seed=5) != whole


@pytest.mark.slow
def test_a_second_call_renders_only_missing_files(tmp_path: Path) -> None:
    entries = sample_entries(3, seed=1)
    whole = render(tmp_path, entries, seed=1)
    kept = tmp_path / "CLEVR_train_000000_0.png"
    before = kept.stat().st_mtime_ns
    (tmp_path / "CLEVR_train_000000_1.png").unlink()
    (tmp_path / "CLEVR_train_000002_0.png").unlink()
    assert list(render_dataset(tmp_path, entries, RESOLUTION, 1, 1)) == [7, 8, 9]
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.png")} == whole
    assert kept.stat().st_mtime_ns == before
    assert not list(tmp_path.glob("*.tmp"))


@pytest.mark.slow
def test_closing_the_iterator_ends_the_workers(tmp_path: Path) -> None:
    from multiprocessing import active_children

    progress = render_dataset(tmp_path, sample_entries(4, seed=0), RESOLUTION, 0, 2)
    next(progress)
    next(progress)
    progress.close()
    assert not active_children()


@pytest.mark.slow
def test_other_settings_are_refused(tmp_path: Path) -> None:
    render(tmp_path, sample_entries(1, seed=0), seed=0)
    with pytest.raises(InputError, match="seed is 0 there, 1 here"):
        render(tmp_path, sample_entries(1, seed=0), seed=1)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "train.json").write_text("{}")
    with pytest.raises(InputError, match="choose an empty folder"):
        render(tmp_path / "other", sample_entries(1, seed=0))


def test_sampled_frames_add_objects_and_avoid_held_out_triples() -> None:
    entries = sample_entries(40, seed=0, min_objects=0, max_objects=5, excluded=HELD_OUT_TRIPLES)
    assert len(entries) == 240
    assert entries["CLEVR_train_000000_0.png"] == []
    held_out = [frozenset(triple) for triple in HELD_OUT_TRIPLES]
    for job in group_scenes(entries):
        assert [num_objects for _, _, num_objects in job.images] == [0, 1, 2, 3, 4, 5]
        assert not any(triple <= set(job.labels) for triple in held_out)
    first = sample_entries(3, seed=0, min_objects=0, max_objects=5, excluded=HELD_OUT_TRIPLES)
    assert first.items() <= entries.items()


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"CLEVR_train_000000_0.png": ["red cub"]}, r"CLEVR_train_000000_0.png'.*did you mean 'red cube'"),
        ({"cat.png": ["red cube"]}, "expected a name like"),
        ({"CLEVR_train_000000_0.png": ["red cube", "red cube"]}, "occurs twice"),
        (
            {"CLEVR_train_000000_0.png": ["red cube"], "CLEVR_train_000000_1.png": ["blue cube", "red cube"]},
            "must add to the one before it",
        ),
    ],
)
def test_invalid_entries_are_reported(entries: dict[str, list[str]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        group_scenes(entries)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_an_object_has_its_color_and_changes_only_pixels_near_it(shape: str) -> None:
    empty = render_scene(Scene(()), 0, 64, 0).astype(float)
    for color in COLORS:
        pixels = render_scene(Scene((SceneObject(f"{color} {shape}", 0.0, 0.0),)), 1, 64, 0).astype(float)
        color_at_centre = pixels[26:29, 31:33].mean((0, 1))
        if color == "gray":
            assert np.ptp(color_at_centre) < 20
        else:
            assert np.corrcoef(color_at_centre, COLORS[color])[0, 1] > 0.85
        assert np.abs(pixels - empty)[:12].mean() < 2
        assert np.abs(pixels - empty)[22:32, 28:36].mean() > 10


@pytest.mark.slow
def test_a_square_image_is_the_resized_frame() -> None:
    scene = Scene((SceneObject("purple sphere", 0.0, 0.0), SceneObject("brown cube", -2.0, 0.5, 0.4)))
    frame = render_frame(scene, 2, noise=False)
    assert np.abs(resize(frame, 64) - render_scene(scene, 2, 64, 1)).mean() < 1.5


@pytest.mark.slow
def test_floor_noise_is_like_that_of_genuine_frames() -> None:
    far_floor = render_frame(Scene(()), 0, seed=3)[:48].mean(-1)
    second = np.diff(np.diff(far_floor, 2, axis=0), 2, axis=1)
    assert 1 < second.std() / 6 < 3


@pytest.mark.parametrize("name", ["cat/0.png", "notes.txt"])
def test_a_folder_with_anything_else_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    with pytest.raises(InputError, match=f"found {name.partition('/')[0]}, which was not rendered"):
        render(tmp_path, sample_entries(1, seed=0))
    assert not (tmp_path / "train.json").exists()
