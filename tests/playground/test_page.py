"""The page of `condgan play` in a browser, and the app of a Space."""

import signal
import socket
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browsers import PATIENCE, served
from commands import words_of
from condgan import load
from condgan.playground.downloads import images_png, interpolation_gif
from condgan.playground.settings import ImageSettings, InterpolationSettings
from condgan.sharing.space import add_space

pytest.importorskip("gradio", reason="no gradio; pip install -e '.[dev]'")
pytestmark = pytest.mark.slow
PAIR = "red cube, blue cylinder"
COMMAND = "document.querySelector('.command textarea').value"
LIGHT, DARK = "rgb(255, 255, 255)", "rgb(15, 15, 17)"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    words = words_of("play", "--condition", PAIR, "--port", str(free_port()))
    with served(words, tmp_path_factory.mktemp("play")) as (address, process):
        yield address
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=PATIENCE / 1000)
        assert process.returncode == 0, out  # Ctrl-C ends it cleanly
        assert "Traceback" not in out


def opened(browser: Any, address: str, width: int = 1280, scheme: str = "light") -> tuple[Any, list[str], list[str]]:
    """Returns the page, its messages and errors, and the addresses that it asked for."""
    view = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    view.set_default_timeout(PATIENCE)
    messages: list[str] = []
    requests: list[str] = []
    view.on("console", lambda message: messages.append(message.text))
    view.on("pageerror", lambda error: messages.append(str(error)))
    view.on("request", lambda request: requests.append(request.url))
    view.goto(address)
    view.wait_for_selector(".place")
    return view, messages, requests


def wait_for_command(view: Any, *parts: str) -> None:
    """Waits until the command line of the page contains all the parts."""
    view.wait_for_function(f"parts => parts.every(part => {COMMAND}.includes(part))", arg=list(parts))


def check_loaded(view: Any, messages: list[str], requests: list[str], address: str, paper: str) -> None:
    assert messages == []
    assert [url for url in requests if not url.startswith((address, "data:", "blob:"))] == []
    assert view.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert view.evaluate("getComputedStyle(document.body).backgroundColor") == paper
    assert view.evaluate("[...document.images].filter(i => !i.complete || !i.naturalWidth).length") == 0
    assert view.locator(".picture img").count() == 4
    assert view.locator("h1").inner_text() == "iclevr"
    checked = "[...document.querySelectorAll('input[type=checkbox]:checked')].map(e => e.name)"
    assert {"red cube", "blue cylinder"} <= set(view.evaluate(checked))


def test_the_page_fits_a_phone_and_loads_nothing_from_a_network(browser: Any, address: str) -> None:
    view, messages, requests = opened(browser, address, 360, "dark")
    check_loaded(view, messages, requests, address, DARK)
    view.close()


def test_a_visit(browser: Any, address: str) -> None:
    """Labels are chosen, an object is dragged, images and an interpolation are downloaded."""
    generator = load("iclevr")
    view, messages, requests = opened(browser, address)
    check_loaded(view, messages, requests, address, LIGHT)
    view.get_by_label("green sphere").first.check()
    wait_for_command(view, "'red cube, green sphere, blue cylinder'")
    view.get_by_label("blue cylinder").first.uncheck()
    wait_for_command(view, "'red cube, green sphere'")
    assert view.locator("figure").first.locator(".label").first.inner_text().startswith("1 red cube")

    before = view.locator("figure img").first.get_attribute("src")
    picture, place = view.locator(".picture").first.bounding_box(), view.locator(".place").first.bounding_box()
    view.mouse.move(place["x"] + 10, place["y"] + 10)
    view.mouse.down()
    view.mouse.move(picture["x"] + 0.25 * picture["width"], picture["y"] + 0.75 * picture["height"], steps=5)
    view.mouse.up()
    wait_for_command(view, "--place 'red cube=-0.5,0.5'")
    assert view.locator(".place.moved").count() == 4
    assert view.locator(".place.moved").nth(3).get_attribute("style") == "left: 25.0%; top: 75.0%"
    assert view.locator("figure img").first.get_attribute("src") != before
    view.locator(".place").first.press("ArrowRight")
    wait_for_command(view, "--place 'red cube=-0.45,0.5'")

    with view.expect_download() as download:
        view.get_by_role("button", name="Download PNG").click()
    settings = ImageSettings("red cube, green sphere", places={"red cube": (-0.45, 0.5)})
    assert download.value.suggested_filename == "images.png"
    assert Path(download.value.path()).read_bytes() == images_png(settings, generator, "iclevr")
    view.get_by_role("button", name="Reset places").click()
    view.wait_for_function(f"!{COMMAND}.includes('--place')")
    assert view.locator(".place.moved").count() == 0

    view.get_by_label("Interpolation").check()
    wait_for_command(view, "--seed 0,1", "--frames 8")
    with view.expect_download() as download:
        view.get_by_role("button", name="Download GIF").click()
    pair = InterpolationSettings("red cube, green sphere", "red cube, green sphere", 0, 1)
    assert Path(download.value.path()).read_bytes() == interpolation_gif(pair, generator, "iclevr")
    view.get_by_label("Another condition").check()
    wait_for_command(view, "--condition 'red cube, green sphere' --condition 'red cube, blue sphere, green cylinder'")
    assert view.locator("figure").count() == 9
    assert messages == []
    view.close()


def test_the_app_of_a_space_serves_the_same_page(tmp_path: Path) -> None:
    load("iclevr").save_pretrained(tmp_path / "scenes", license="mit")
    add_space(tmp_path / "scenes")
    with (
        served([sys.executable, "app.py"], tmp_path / "scenes") as (address, _),
        urllib.request.urlopen(address) as page,
    ):
        assert page.status == 200
        assert "scenes · condgan" in page.read().decode()
