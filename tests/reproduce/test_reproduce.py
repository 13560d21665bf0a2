import json
from functools import partial
from pathlib import Path

import pytest

from commands import Command, assert_input_error
from condgan import reproduce
from condgan.errors import InputError
from condgan.reproduce import REPORTS, Claim, Report, Reproduction
from condgan.reproduce.evidence import NOT_COMPARABLE, TEST, Evidence, value
from condgan.reproduce.over_training import grows
from evidence_runs import not_comparable

TINY = """
title: tiny
data: sample
resolution: 16
variants: {tiny: {recipe: cdcgan, options: {latent_dim: 8}, small: {width: 4, batch_size: 4}}}
minutes: 9
draws: 1
"""
reports = pytest.mark.parametrize("number", REPORTS)


class NoRuns(Evidence):
    """Evidence without runs that records the cells it is asked for."""

    def __init__(self) -> None:
        super().__init__([])
        self.cells: list[str]
        object.__setattr__(self, "cells", [])

    def folders(self, cell: str) -> dict[int, Path]:
        self.cells.append(cell)
        return super().folders(cell)


@reports
def test_every_claim_is_about_cells_of_its_specs(number: str, tmp_path: Path) -> None:
    report = REPORTS[number]
    specs = Reproduction(number, tmp_path, data="sample").specs
    cells = {cell.name for spec in specs for cell in spec.cells}
    for claim in report.claims:
        evidence = NoRuns()
        measured, why = not_comparable(partial(claim.check, evidence))
        assert (measured, why) == ("", f"no finished run of {evidence.cells[0]}")
        assert set(evidence.cells) <= cells
    for spec in specs:
        assert {spec.compared_with(cell).name for cell in spec.cells} <= cells


@reports
def test_without_a_budget_recipes_run_at_full_scale(number: str, tmp_path: Path) -> None:
    for spec in Reproduction(number, tmp_path, data="sample").specs:
        assert (spec.minutes, spec.kimg) == (float("inf"), None)
        for cell in spec.cells:
            assert not {"width", "batch_size", "ema_half_life_kimg"} & cell.options.keys()


@reports
def test_a_budget_is_divided_among_all_runs(number: str, tmp_path: Path) -> None:
    specs = Reproduction(number, tmp_path, data="sample", minutes=30).specs
    assert sum(spec.minutes * len(spec.cells) * len(spec.seeds) for spec in specs) == pytest.approx(30)


def test_unknown_reports_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"unknown report '01'; did you mean '001'.*known: 000, 001, 002, 003, 004"):
        Reproduction("01", tmp_path)


def test_a_report_without_public_data_needs_data(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="provide one with --data"):
        Reproduction("002", tmp_path)


@pytest.mark.slow
def test_a_reproduction_writes_verdicts_and_continues(
    condgan: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiny.yaml").write_text(TINY)
    claims = [
        Claim("accuracy", "1", lambda e: value(e, "tiny", TEST)),
        Claim("growth", "none", lambda e: grows(e, "other")),
    ]
    report = Report("tiny", {"tiny.yaml": ()}, "sample", claims)
    monkeypatch.setattr(reproduce, "REPORTS", {"999": report})
    monkeypatch.setattr(reproduce, "example", lambda name: tmp_path / name)
    first, again = (Reproduction("999", tmp_path / "out", minutes=0.02) for _ in range(2))
    assert [event.state for event in first.run()] == ["started", "done"]
    assert [event.state for event in again.run()] == ["already done"]
    verdicts = again.verdicts()
    assert (tmp_path / "out" / "verdicts.md").read_text() == verdicts.markdown
    (says, reported, measured, word, _), missing = verdicts.rows
    assert (says, reported, word) == ("accuracy", "1", NOT_COMPARABLE)
    assert 0 <= float(measured) <= 1
    assert missing == ["growth", "none", "", NOT_COMPARABLE, "no finished run of other"]
    result = condgan("reproduce", "999", "--budget", "2s", "--runs", tmp_path / "runs", "--json")
    assert result.code == 0, result.err
    assert Path(json.loads(result.out)["files"][0]).is_file()


@pytest.mark.parametrize("budget", ["30", "m", "-5m", "0h", "1d", "nanm", "infh"])
def test_wrong_budgets_are_an_error(condgan: Command, tmp_path: Path, budget: str) -> None:
    result = condgan("reproduce", "001", f"--budget={budget}", "--runs", tmp_path / "runs")
    assert_input_error(result, f"--budget: found {budget!r}, expected a number and a unit")
    assert not (tmp_path / "runs").exists()
