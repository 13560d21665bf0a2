"""A wheel of this tree works in an environment that has nothing else of it."""

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_wheel_works_without_the_source_tree(tmp_path: Path) -> None:
    words = [sys.executable, str(ROOT / "scripts" / "release-check"), "--out", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "works" in done.stdout
    (wheel,), (sdist,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"README.md", "tests/test_public.py", "docs/data.md", "scripts/setup", "examples/layout.yaml"} <= names
    assert wheel.stat().st_size < 20e6


def test_the_conda_environment_has_the_bounds_of_the_package() -> None:
    package = (ROOT / "pyproject.toml").read_text().partition("dependencies = [")[2].partition("]")[0]
    conda = (ROOT / "environment.yml").read_text()
    names = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
    for line in package.split('"')[1::2]:
        name, bounds = line.split(">=")
        assert f"- {names.get(name, name)}>={bounds}\n" in conda
