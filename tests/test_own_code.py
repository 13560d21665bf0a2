"""Functions of one's own are checked alike, whether they are recipes or data sets."""

from collections.abc import Callable

import pytest

from condgan import data, recipes
from condgan.errors import InputError

NO_FUNCTIONS = {
    "os:sep": "found '/', expected a",
    "os:nothing": "no attribute 'nothing'; expected a",
    "nowhere:function": "No module named 'nowhere'; expected a",
    ".os:path": "relative import",
    ":function": "Empty module name",
}


@pytest.mark.parametrize("use", [recipes.use, data.use])
@pytest.mark.parametrize(("name", "problem"), NO_FUNCTIONS.items())
def test_what_is_no_function_is_refused(use: Callable[[str], None], name: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as raised:
        use(name)
    assert repr(name) in str(raised.value)
