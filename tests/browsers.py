"""A browser for tests of pages, and commands that serve one."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 300_000  # milliseconds, on a machine that does other things too


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium. Tests are skipped where it is not installed."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright; pip install -e '.[dev]'")
    if CHROMIUM is None:
        pytest.skip("no chromium on the PATH; apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def served(words: Sequence[str], folder: Path) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Starts a command that serves a page. Yields the address that it prints, and the process, which is then ended."""
    process = subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout
        line = process.stdout.readline()
        address = re.search(r"open (http://\S+) in a browser", line)
        assert address, line + process.stdout.read()
        yield address[1], process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=PATIENCE / 1000)
