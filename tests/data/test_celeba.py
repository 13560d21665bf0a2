"""Labels in the lists of CelebA."""

from pathlib import Path

import pytest

from condgan.conditions import MultiLabel
from condgan.data import Images, load_images
from condgan.errors import InputError
from written import write_images


def described(images: Images) -> list[str]:
    return images.condition.describe_all(images.labels)


def write_celeba(path: Path, announced: int = 6) -> None:
    names = [f"{i:06d}.jpg" for i in range(1, 7)]
    write_images(path / "Img" / "img_align_celeba", names)
    for folder_name in ("Anno", "Eval"):
        (path / folder_name).mkdir()
    bits = [" 1 -1", "-1  1", " 1  1", "-1 -1", " 1 -1", "-1  1"]
    rows = [f"{name}  {row}" for name, row in zip(names, bits, strict=True)]
    (path / "Anno" / "list_attr_celeba.txt").write_text("\n".join([str(announced), "Male Smiling", *rows]) + "\n")
    (path / "Eval" / "list_eval_partition.txt").write_text(
        "".join(f"{name} {i // 2}\n" for i, name in enumerate(names))
    )


def test_celeba_is_read_as_downloaded(tmp_path: Path) -> None:
    write_celeba(tmp_path)
    images = load_images(str(tmp_path), 16, min_objects=0)
    assert images.condition == MultiLabel(("Male", "Smiling"))
    assert described(images) == ["Male", "Smiling", "Male, Smiling", "nothing", "Male", "Smiling"]
    assert images.held_out.tolist() == [False, False, True, True, True, True]


def test_a_truncated_list_of_celeba_is_refused(tmp_path: Path) -> None:
    write_celeba(tmp_path, announced=202599)
    with pytest.raises(InputError, match=r"list_attr_celeba\.txt: found 6 rows, expected 202599 as in line 1"):
        load_images(str(tmp_path), 16)


@pytest.mark.parametrize("first", ["9" * 5000, "six", "6 7"])
def test_a_first_line_that_is_no_number_of_rows_is_refused(tmp_path: Path, first: str) -> None:
    write_celeba(tmp_path)
    file = tmp_path / "Anno" / "list_attr_celeba.txt"
    file.write_text(file.read_text().replace("6\n", f"{first}\n", 1))
    with pytest.raises(InputError, match=r"list_attr_celeba\.txt, line"):
        load_images(str(tmp_path), 16)


def test_celeba_as_kaggle_has_it_is_read(tmp_path: Path) -> None:
    names = [f"{i:06d}.jpg" for i in range(1, 7)]
    write_images(tmp_path / "img_align_celeba" / "img_align_celeba", names)
    for table, header, cell in (
        ("list_attr_celeba", "image_id,Male,Smiling", "{},1,-1"),
        ("list_eval_partition", "image_id,partition", "{},0"),
        ("list_bbox_celeba", "image_id,x_1,y_1", "{},95,71"),
    ):
        rows = [cell.format(name) for name in names]
        if table == "list_attr_celeba":
            rows = [row if i % 2 else row.replace("1,-1", "-1,1") for i, row in enumerate(rows)]
        rows[-1] = rows[-1].replace(",0", ",2")
        (tmp_path / f"{table}.csv").write_text("\n".join([header, *rows]))
    images = load_images(str(tmp_path), 16)
    assert images.held_out.tolist() == [False] * 5 + [True]
    assert described(images) == ["Smiling", "Male"] * 3
    assert "left out files that are not images: 1 (list_bbox_celeba.csv)" in images.notices
