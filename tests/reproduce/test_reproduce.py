from pathlib import Path
from typing import Any

import pytest

from commands import Command, assert_refused
from condgan import reproduce
from condgan.errors import InputError
from condgan.reproduce import REPORTS, Claim, Report, Reproduction
from condgan.reproduce.evidence import HERE, NOT_COMPARABLE, Evidence, value

TINY = """
title: tiny
data: sample
resolution: 16
variants: {tiny: {recipe: cdcgan, options: {latent_dim: 8}, small: {width: 4, batch_size: 4}}}
minutes: 9
draws: 1
"""
reports = pytest.mark.parametrize("number", REPORTS)


class Asked(Evidence):
    """No run at all, and a list of the cells that were asked for."""

    def __init__(self) -> None:
        super().__init__([])
        object.__setattr__(self, "cells", [])

    def folders(self, cell: str) -> dict[int, Path]:
        self.cells.append(cell)  # type: ignore[attr-defined]
        return {}


@reports
def test_every_claim_speaks_of_cells_that_its_specs_have(number: str, tmp_path: Path) -> None:
    report = REPORTS[number]
    specs = Reproduction(number, tmp_path, data="sample").specs
    cells = {cell.name for spec in specs for cell in spec.cells}
    for claim in report.claims:
        asked: Any = Asked()
        assert claim.check(asked).word == NOT_COMPARABLE
        assert asked.cells
        assert set(asked.cells) <= cells
    for spec in specs:
        assert {spec.compared_with(cell).name for cell in spec.cells} <= cells


@reports
def test_without_a_budget_the_recipes_play_as_reported(number: str, tmp_path: Path) -> None:
    for spec in Reproduction(number, tmp_path, data="sample").specs:
        assert (spec.minutes, spec.kimg) == (float("inf"), None)
        for cell in spec.cells:
            assert not {"width", "batch_size", "ema_half_life_kimg"} & cell.options.keys()


@reports
def test_a_budget_is_shared_by_all_runs(number: str, tmp_path: Path) -> None:
    specs = Reproduction(number, tmp_path, data="sample", minutes=30).specs
    assert sum(spec.minutes * len(spec.cells) * len(spec.seeds) for spec in specs) == pytest.approx(30)


def test_an_unknown_report_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"report '01': unknown; did you mean '001'.*known: 000, 001, 002, 003, 004"):
        Reproduction("01", tmp_path)


def test_a_report_on_data_that_nobody_may_share_wants_some(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="name yours with --data"):
        Reproduction("002", tmp_path)


def test_a_reproduction_ends_in_verdicts_and_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiny.yaml").write_text(TINY)
    report = Report("tiny", {"tiny.yaml": ()}, "sample", [Claim("accuracy", "1", value("tiny", HERE))])
    monkeypatch.setattr(reproduce, "REPORTS", {"999": report})
    monkeypatch.setattr(reproduce, "example", lambda name: tmp_path / name)
    again = [Reproduction("999", tmp_path / "out", minutes=0.02) for _ in range(2)]
    assert [turn.state for turn in again[0].run()] == ["starts", "done"]
    assert [turn.state for turn in again[1].run()] == ["done before"]
    verdicts = again[1].verdicts()
    assert (tmp_path / "out" / "verdicts.md").read_text() == verdicts.markdown
    ((says, reported, measured, word, _),) = verdicts.rows
    assert (says, reported, word) == ("accuracy", "1", NOT_COMPARABLE)
    assert 0 <= float(measured) <= 1


@pytest.mark.parametrize("budget", ["30", "m", "-5m", "0h", "1d", "nanm", "infh"])
def test_a_budget_without_a_unit_or_a_length_is_refused(condgan: Command, tmp_path: Path, budget: str) -> None:
    done = condgan("reproduce", "001", f"--budget={budget}", "--runs", tmp_path / "runs")
    assert_refused(done, f"--budget: found {budget!r}, expected a number with its unit")
    assert not (tmp_path / "runs").exists()
