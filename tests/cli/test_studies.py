"""The lines that `condgan ablate` and `condgan reproduce` print."""

import pytest

from condgan.ablate import TrialEvent
from condgan.ablate.study import ALREADY_DONE
from condgan.cli.studies import as_line


@pytest.mark.parametrize(
    ("state", "seconds_left", "line"),
    [
        ("started", 300.0, "[1/2] a/seed-0: started; about 5 min left"),
        ("failed: no data", 60.0, "[1/2] a/seed-0: failed: no data; about 1 min left"),
        ("started", float("inf"), "[1/2] a/seed-0: started"),
        (ALREADY_DONE, 300.0, "[1/2] a/seed-0: already done"),
    ],
)
def test_time_left_is_printed_if_it_is_known(state: str, seconds_left: float, line: str) -> None:
    assert as_line(TrialEvent(1, 2, "a/seed-0", state, seconds_left)) == line
