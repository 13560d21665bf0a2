import os
from pathlib import Path

import pytest

from condgan.data import load_images
from condgan.data.listing import list_folder
from condgan.data.opening import open_folder, text_in
from condgan.errors import InputError
from written import write_images


def test_images_are_found_by_name_and_by_content(tmp_path: Path) -> None:
    write_images(tmp_path, ["a/0.TIF", "a/1.gif", "a/2.jfif", "b/3.png", "b/4.jpg"])
    (tmp_path / "b/3.png").rename(tmp_path / "b/3")
    (tmp_path / "b/4.jpg").rename(tmp_path / "b/4.data")
    assert list_folder(tmp_path).images == ["a/0.TIF", "a/1.gif", "a/2.jfif", "b/3", "b/4.data"]
    assert list(list_folder(tmp_path).notices()) == []


def test_everything_that_is_left_out_is_counted_and_named(tmp_path: Path) -> None:
    write_images(tmp_path, ["cat/0.png", "dog/1.png", "dog/.thumbnails/1.png"])
    for name in ("cat/notes.txt", "cat/film.mp4", "dog/Thumbs.db", "labels.csv", "more.zip"):
        (tmp_path / name).write_bytes(b"\1\2\3")
    (tmp_path / "fox").mkdir()
    (tmp_path / "owl" / "deep").mkdir(parents=True)
    os.mkfifo(tmp_path / "dog" / "pipe.png")
    assert sorted(list_folder(tmp_path).notices(read=["labels.csv"])) == [
        "left out archives inside, which have to be unpacked first: 1 (more.zip)",
        "left out files that are not images: 2 (cat/film.mp4, cat/notes.txt)",
        "left out folders without images: 2 (fox, owl)",
        "left out hidden and system files: 2 (dog/.thumbnails, dog/Thumbs.db)",
        "left out pipes and devices: 1 (dog/pipe.png)",
    ]


def test_only_the_first_names_are_shown(tmp_path: Path) -> None:
    for i in range(9):
        (tmp_path / f"{i}.txt").write_text("text")
    assert list(list_folder(tmp_path).notices()) == [
        "left out files that are not images: 9 (0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 4 more)"
    ]


def test_links_are_followed_once(tmp_path: Path) -> None:
    write_images(tmp_path / "elsewhere", ["0.png", "1.png"])
    write_images(tmp_path / "data", ["dog/2.png"])
    data = tmp_path / "data"
    (data / "cat").symlink_to(tmp_path / "elsewhere")
    (data / "dog" / "loop").symlink_to(data)
    (data / "hound").symlink_to("dog")
    (data / "dog" / "gone.png").symlink_to("nowhere.png")
    (data / "dog" / "itself").symlink_to("itself")
    (data / "dog" / "zero.png").symlink_to("/dev/zero")
    assert list_folder(data).images == ["cat/0.png", "cat/1.png", "dog/2.png"]
    assert sorted(list_folder(data).notices()) == [
        "followed links out of the folder: 1 (cat)",
        "left out links that lead nowhere: 2 (dog/gone.png, dog/itself)",
        "left out links to folders that are read already: 2 (dog/loop, hound)",
        "left out pipes and devices: 1 (dog/zero.png)",
    ]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_names_that_other_systems_read_otherwise_are_refused(tmp_path: Path) -> None:
    for name, reason in (("cat\\0.png", "contains a backslash"), ("a:b/0.png", "begins with a letter and a colon")):
        folder = tmp_path / reason
        write_images(folder, [name, "dog/1.png"])
        with pytest.raises(InputError) as raised:
            load_images(str(folder), 16)
        assert str(raised.value).startswith(f"{folder / name}: the name {reason}")
        assert str(raised.value).endswith("; rename it")
        (folder / name).unlink()
        (folder / "notes\\0.txt").write_text("text")
        assert list_folder(folder).images == ["dog/1.png"]


def test_folders_that_condgan_wrote_are_left_out(tmp_path: Path) -> None:
    images = ["cat/0.png", "dog/1.png", "dog/runs/2.png"]
    written = ["runs/a/samples/0.png", "runs/b/generated/0.png", "gen/0.png", "dog/runs/c/0.png", "study/curves.png"]
    write_images(tmp_path, [*images, *written])
    for folder in ("runs/a", "runs/b", "dog/runs/c"):
        (tmp_path / folder / "run.json").write_text('{"format": 2, "recipe": "acgan"}')
    (tmp_path / "gen" / "generated.json").write_text('{"model": "a"}')
    (tmp_path / "study" / "ablation.json").write_text('{"title": "Width"}')
    (tmp_path / "cat" / "run.json").write_text('{"camera": 3}')  # somebody else's
    os.mkfifo(tmp_path / "dog" / "run.json")
    assert list_folder(tmp_path).images == images
    assert "left out folders that condgan wrote: 4 (dog/runs/c, gen, runs, study)" in list_folder(tmp_path).notices()
    assert list_folder(tmp_path / "gen").images == ["0.png"]


def test_a_folder_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="a pipe or device"):
        open_folder(tmp_path / "pipe")
    write_images(tmp_path, ["0.png"])
    with pytest.raises(InputError, match=rf"0\.png: an image; expected a folder with images, such as {tmp_path}$"):
        open_folder(tmp_path / "0.png")
    with pytest.raises(InputError, match="no such folder"):
        open_folder(tmp_path / "nowhere")
    with pytest.raises(InputError, match="a pipe or device"):
        text_in(tmp_path, "pipe")
