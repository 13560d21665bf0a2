"""Held-out images: stratified by label, in whole groups, or as the files say."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from condgan.data import Images, Reading, folder
from condgan.data.split import Part, numbered, parts_of, stratified
from condgan.errors import InputError
from written import write_csv, write_images


@given(st.integers(0, 60), st.integers(1, 8), st.integers(0, 3), st.integers(0, 10))
def test_every_value_is_in_both_parts_if_two_images_show_it(num: int, num_values: int, rarity: int, seed: int) -> None:
    random = torch.Generator().manual_seed(seed)
    values = torch.rand(num, num_values, generator=random) < 2.0**-rarity
    held_out = stratified(values, torch.arange(num), seed=seed)
    recurs = values.sum(0) > 1
    trained = values[~held_out].any(0)
    assert (trained[values.any(0)]).all()
    if num_values == 1:
        assert values[held_out].any(0)[recurs].all()
    classes = torch.randint(num_values, (num,), generator=random)
    one_hot = torch.nn.functional.one_hot(classes, num_values).bool()
    held_out = stratified(one_hot, torch.arange(num), seed=seed)
    for part in (held_out, ~held_out):
        assert one_hot[part].any(0)[one_hot.sum(0) > 1].all()


def test_a_twentieth_of_every_value_is_held_out() -> None:
    classes = torch.arange(2000) % 4
    held_out = stratified(torch.nn.functional.one_hot(classes).bool(), torch.arange(2000))
    assert torch.bincount(classes[held_out]).tolist() == [25] * 4
    unlabelled = stratified(torch.zeros(2000, 0, dtype=torch.bool), torch.arange(2000))
    assert int(unlabelled.sum()) == 100


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 4), st.integers(0, 10))
def test_images_without_values_do_not_change_what_is_held_out_of_the_others(
    num: int, num_groups: int, num_values: int, seed: int
) -> None:
    random = torch.Generator().manual_seed(seed)
    values = torch.rand(num, num_values, generator=random) < 0.4
    groups = torch.randint(num_groups, (num,), generator=random)
    labelled = values.any(1)
    held_out = stratified(values, groups, seed=seed)
    of_labelled = numbered(groups[labelled].tolist())
    assert torch.equal(held_out[labelled], stratified(values[labelled], of_labelled, seed=seed))
    assert not set(groups[held_out].tolist()) & set(groups[~held_out].tolist())


def test_a_judge_that_reads_unlabelled_images_holds_out_what_a_gan_holds_out(tmp_path: Path) -> None:
    write_csv(tmp_path, "kind", [("red;blue", "red", "", "blue")[i % 4] for i in range(400)])
    of_gan, of_judge = folder(tmp_path, 16), folder(tmp_path, 16, reading=Reading(min_objects=0))
    assert (len(of_gan), len(of_judge)) == (300, 400)
    labelled = of_judge.labels.bool().any(1)
    assert torch.equal(of_gan.part(held_out=True).images, of_judge.images[of_judge.held_out & labelled])
    assert int(of_judge.held_out[~labelled].sum()) == 5


def test_groups_are_on_one_side_of_the_split() -> None:
    groups = torch.arange(400) // 8
    held_out = stratified(torch.nn.functional.one_hot(torch.arange(400) % 2).bool(), groups)
    assert 0 < len(groups[held_out].unique()) < 10
    assert not set(groups[held_out].tolist()) & set(groups[~held_out].tolist())


def test_a_single_group_is_trained_on() -> None:
    held_out = stratified(torch.ones(10, 1, dtype=torch.bool), torch.zeros(10, dtype=torch.int64))
    assert not held_out.any()


def test_parts_are_told_from_other_names() -> None:
    assert parts_of(["Training", "hold out", "dev"]) == {"Training": Part.TRAINING, "dev": Part.HELD_OUT}
    assert parts_of(["train_images", "test_images", "test"]).keys() == {"train_images", "test_images"}
    assert parts_of(["training_day", "bus"]) == {}


def views(path: Path, reading: Reading = Reading()) -> Images:  # noqa: B008
    """Reads sixty subjects in four views, a table with the columns subject, view and split."""
    cells = [f"s{i // 4},{'abcd'[i % 4]},{('train', 'train', 'Test')[i // 4 % 3]}" for i in range(240)]
    write_csv(path, "subject,view,split", cells)
    return folder(path, 16, reading=reading)


def test_a_split_column_is_obeyed_and_said(tmp_path: Path) -> None:
    images = views(tmp_path, Reading(group_by="subject"))
    assert images.scenes.tolist() == [i // 4 for i in range(240)]
    assert images.held_out.tolist() == [i // 4 % 3 == 2 for i in range(240)]
    assert images.condition.values == ("a", "b", "c", "d")
    assert "the column 'split' is read as the split: 160 trained on, 80 held out" in images.notices


def test_subjects_are_kept_together_and_every_view_is_in_both_parts(tmp_path: Path) -> None:
    images = views(tmp_path, Reading(group_by="subject", split="stratified"))
    assert int(images.held_out.sum()) == 12
    assert torch.equal(images.held_out.view(60, 4).any(1), images.held_out.view(60, 4).all(1))
    assert len(images.part(held_out=True).labels.unique()) == 4


def test_a_split_through_subjects_is_reported(tmp_path: Path) -> None:
    write_csv(
        tmp_path, "who,kind,split", [f"p{i // 2},{'ab'[i % 3 % 2]},{'train' if i % 4 else 'val'}" for i in range(24)]
    )
    notices = folder(tmp_path, 16, reading=Reading(group_by="who")).notices
    assert "6 values of 'who' are in both parts of the given split" in notices


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("is_valid", ("False", "True")),
        ("is_valid", ("0.0", "1.0")),
        ("partition", ("0", "2")),
        ("partition", ("0.0", "2.0")),
    ],
)
def test_other_spellings_of_a_split_column_are_obeyed(tmp_path: Path, name: str, cells: tuple[str, str]) -> None:
    write_csv(tmp_path, f"kind,{name}", [f"{'ab'[i % 2]},{cells[i % 5 == 0]}" for i in range(20)])
    assert folder(tmp_path, 16).held_out.tolist() == [i % 5 == 0 for i in range(20)]


def test_a_label_called_split_is_a_label(tmp_path: Path) -> None:
    write_csv(tmp_path, "split", ["banana", "whole", "banana", "whole"])
    assert folder(tmp_path, 16).condition.values == ("banana", "whole")


def test_the_split_by_name_of_earlier_versions_can_be_chosen(tmp_path: Path) -> None:
    write_csv(tmp_path, "kind", ["ab"[i % 2] for i in range(40)])
    held_out = folder(tmp_path, 16, reading=Reading(split="every-20th")).held_out
    assert torch.nonzero(held_out).flatten().tolist() == [0, 20]


def test_folders_of_a_table_are_parts_of_a_split(tmp_path: Path) -> None:
    names = [f"{part}/{i}.png" for part in ("train", "valid") for i in range(6)]
    write_images(tmp_path, names)
    (tmp_path / "all.csv").write_text(
        "file,kind\n" + "".join(f"{name},{'ab'[i % 2]}\n" for i, name in enumerate(names))
    )
    assert folder(tmp_path, 16).held_out.tolist() == [False] * 6 + [True] * 6


def test_groups_need_a_column(tmp_path: Path) -> None:
    write_csv(tmp_path, "kind,patient", ["a,1", "b,1", "a,2", "b,2"])
    with pytest.raises(InputError, match=r"no column 'patients'; did you mean 'patient'\? \(found: kind, patient\)"):
        folder(tmp_path, 16, reading=Reading(group_by="patients"))
    write_images(tmp_path / "classes", ["a/0.png", "b/0.png"])
    with pytest.raises(InputError, match="--group-by has no effect on labels of this kind; leave it out"):
        folder(tmp_path / "classes", 16, reading=Reading(group_by="who"))
