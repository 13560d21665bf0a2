"""The page that `condgan data inspect --html` writes."""

from html.parser import HTMLParser
from pathlib import Path

from commands import Command
from written import write_csv


class _Page(HTMLParser):
    """Collects the texts and the sources of images."""

    def __init__(self, html: str):
        super().__init__()
        self.texts: list[str] = []
        self.sources: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "img":
            self.sources[found["alt"] or ""] = found["src"] or ""
        assert tag != "b"

    def handle_data(self, data: str) -> None:
        self.texts += [data.strip()] if data.strip() else []


def test_the_page_has_counts_examples_and_notices_and_loads_nothing(condgan: Command, tmp_path: Path) -> None:
    write_csv(tmp_path / "data", "kind", [("<b>cat</b>", "dog")[i % 2] for i in range(40)])
    (tmp_path / "data" / "notes.doc").write_text("no image")
    words = ["data", "inspect", tmp_path / "data", "--resolution", "16", "--html", tmp_path / "page.html"]
    assert condgan(*words).out.endswith(f"wrote {tmp_path / 'page.html'}\n")
    page = _Page((tmp_path / "page.html").read_text())
    assert "left out files that are not images: 1 (notes.doc)" in page.texts
    at = page.texts.index("dog")
    assert page.texts[at + 1 : at + 3] == ["19", "1"]
    assert page.sources.keys() == {"Examples of dog", "Examples of <b>cat</b>"}
    assert all(source.startswith("data:image/png;base64,") for source in page.sources.values())
