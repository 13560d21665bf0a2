"""The report in a browser."""

from pathlib import Path
from typing import Any

import pytest

from condgan.report import page
from report_runs import evaluate_run, train_run

pytestmark = pytest.mark.slow
DARK, LIGHT = "rgb(22, 24, 28)", "rgb(255, 255, 255)"
CONTRAST = """() => {
  const light = color => {
    const linear = v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
    const [r, g, b] = color.match(/[0-9.]+/g).map(v => linear(v / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const paper = light(getComputedStyle(document.body).backgroundColor);
  const texts = [...document.querySelectorAll('h1, h2, h3, p, td, th, figcaption, a, svg text')];
  return Math.min(...texts.map(e => {
    const style = getComputedStyle(e);
    const ink = light(e instanceof SVGElement ? style.fill : style.color);
    return (Math.max(ink, paper) + .05) / (Math.min(ink, paper) + .05);
  }));
}"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    evaluate_run(folder / "sagan", train_run(folder / "sagan", "sagan", with_scores=True))
    train_run(folder / "infogan", "infogan", "codes")
    (folder / "report.html").write_text(page([folder / "sagan", folder / "infogan"], "Two runs"))
    return folder / "report.html"


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize(("scheme", "paper"), [("light", LIGHT), ("dark", DARK)])
def test_the_page_loads_without_errors_and_is_readable(
    browser: Any, report: Path, scheme: str, paper: str, width: int
) -> None:
    view = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    messages: list[str] = []
    requests: list[str] = []
    view.on("console", lambda message: messages.append(message.text))
    view.on("pageerror", lambda error: messages.append(str(error)))
    view.on("request", lambda request: requests.append(request.url))
    view.goto(report.as_uri())
    assert messages == []
    assert [url for url in requests if not url.startswith("data:")] == [report.as_uri()]
    assert view.evaluate("document.documentElement.scrollWidth") <= width
    assert view.evaluate("getComputedStyle(document.body).backgroundColor") == paper
    assert view.evaluate(CONTRAST) > 4.5  # WCAG 2.2, 1.4.3
    assert view.evaluate("[...document.images].filter(i => !i.complete || !i.naturalWidth).length") == 0
    assert view.evaluate("document.images.length") > 10
    assert view.locator("h1").all_inner_texts() == ["Two runs"]
    assert {"Scores", "Curves", "Over training", "Attention", "Traversals"} <= set(view.locator("h3").all_inner_texts())
    view.close()


def test_plots_and_images_fit_a_phone(browser: Any, report: Path) -> None:
    view = browser.new_page(viewport={"width": 360, "height": 800})
    view.goto(report.as_uri())
    widths = view.evaluate(
        "[...document.querySelectorAll('.plots svg, .rows img')].map(e => e.getBoundingClientRect().width)"
    )
    assert widths
    assert max(widths) <= 360
    smallest = "Math.min(...[...document.querySelectorAll('svg text')].map(e => e.getBoundingClientRect().height))"
    assert view.evaluate(smallest) >= 9  # pixels
    hidden = "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth).length"
    assert view.evaluate(hidden) == 0  # all columns are whole
    view.close()


def test_images_do_not_glare_in_the_dark_and_are_in_the_first_screen(browser: Any, report: Path) -> None:
    view = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    view.goto(report.as_uri())
    assert view.evaluate("document.images[0].getBoundingClientRect().bottom") < 800
    dimmed = "[...document.images].every(e => getComputedStyle(e).filter.startsWith('brightness'))"
    assert view.evaluate(dimmed)
    view.close()


def test_a_section_can_be_folded(browser: Any, report: Path) -> None:
    view = browser.new_page(viewport={"width": 1280, "height": 800})
    view.goto(report.as_uri())
    height = "document.documentElement.scrollHeight"
    before = view.evaluate(height)
    view.locator("summary", has_text="Interpolations").first.click()
    assert view.evaluate(height) < before
    view.close()
