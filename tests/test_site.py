"""The documentation site is built without warnings and loads nothing from a network."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("zensical", reason="no zensical; pip install -e '.[dev]'")

ROOT = Path(__file__).parents[1]
LOADED = re.compile(r"""<(?:script|link|img|iframe)\b[^>]*?\s(?:src|href)=["']?([^"'\s>]+)""")
pytestmark = pytest.mark.slow


def build(out: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, str(ROOT / "scripts" / "docs"), "--out", str(out)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("docs")
    done = build(out)
    assert done.returncode == 0, done.stdout + done.stderr
    return out / "site"


def test_every_page_is_built_and_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = [page.relative_to(ROOT / "docs") for page in (ROOT / "docs").rglob("*.md")]
    sources = {page.with_suffix(".html") for page in pages if page.parts[0] != "results"}
    assert {str(page) for page in sources} <= {str(page.relative_to(site)) for page in site.rglob("*.html")}
    for page in site.rglob("*.html"):
        loaded = LOADED.findall(page.read_text())
        assert len(loaded) > 2
        assert [address for address in loaded if re.match("(https?:)?//", address)] == [], page


def test_the_api_has_docstrings_examples_and_constants(site: Path) -> None:
    page = (site / "reference" / "condgan.html").read_text()
    assert 'id="condgan.LoadedGenerator"' in page
    assert "<code>&gt;&gt;&gt;" in page or '<span class="gp">&gt;&gt;&gt; </span>' in page
    assert "<blockquote>" not in page
    objectives = (site / "reference" / "condgan.objectives.html").read_text()
    assert "Mescheder et al. 2018, eqs. 9 and 10" in objectives  # a comment above a constant
    assert 'id="condgan.recipes.acgan.acgan"' in (site / "reference" / "condgan.recipes.html").read_text()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[a link](missing.md)", "docs/faq.md: link to missing.md, which is no file of the repository"),
        ("[a part](data.md#no-such-part)", "anchor"),
    ],
)
def test_a_broken_link_stops_the_build(tmp_path: Path, text: str, problem: str) -> None:
    for name in ("docs", "scripts", "src", "notebooks", "examples", "tests"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "docs").unlink()
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    (tmp_path / "scripts").unlink()
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    for file in ("mkdocs.yml", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"):
        shutil.copy(ROOT / file, tmp_path)
    with (tmp_path / "docs" / "faq.md").open("a") as page:
        page.write(f"\n{text}\n")
    words = [sys.executable, str(tmp_path / "scripts" / "docs"), "--out", str(tmp_path / "out")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert problem in done.stdout + done.stderr
