"""The page of docs/export.md runs an exported generator in a browser."""

import json
import math
import re
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from browsers import PATIENCE
from condgan import LoadedGenerator
from condgan.export import columns

ROOT = Path(__file__).parents[1]
DIST = ROOT / "build" / "npm" / "node_modules" / "onnxruntime-web" / "dist"
INSTALL = "npm install --prefix build/npm --ignore-scripts onnxruntime-web"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DIST.is_dir(), reason=f"no onnxruntime-web; {INSTALL}"),
]
RANDOM = "{ let s = 1; Math.random = () => (s = s * 16807 % 2147483647) / 2147483647; }"  # known numbers


def random_numbers() -> Iterator[float]:
    """What RANDOM returns."""
    s = 1
    while True:
        s = s * 16807 % 2147483647
        yield s / 2147483647


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Serves the folder of the test on this machine only."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_page_of_the_docs_draws_the_image_of_torch(
    browser: Any, tmp_path: Path, address: str, layouts: LoadedGenerator, layout_file: Path
) -> None:
    (page,) = re.findall(r"```html\n(.*?)```", (ROOT / "docs" / "export.md").read_text(), flags=re.S)
    for name in re.findall(r"node_modules/onnxruntime-web/dist/(\S+)", (ROOT / "docs" / "export.md").read_text()):
        shutil.copy(DIST / name, tmp_path)
    shutil.copy(layout_file, tmp_path)
    (tmp_path / "columns.json").write_text(json.dumps(columns(layouts.condition)))
    page = page.replace('"64"', '"16"').replace("red cube", "red square").replace("blue cylinder", "blue circle")
    (tmp_path / "index.html").write_text(page)
    messages: list[str] = []
    requests: list[str] = []
    view = browser.new_page()
    view.add_init_script(RANDOM)
    view.on("pageerror", lambda error: messages.append(str(error)))
    view.on("request", lambda request: requests.append(request.url))
    view.goto(f"{address}/index.html")
    pixels = "[...canvas.getContext('2d').getImageData(0, 0, 16, 16).data]"
    view.wait_for_function(f"{pixels}.some(v => v > 0)", timeout=PATIENCE)
    drawn = torch.tensor(view.evaluate(pixels)).view(16, 16, 4)
    view.close()
    assert messages == []
    assert all(request.startswith(address) for request in requests)
    u = random_numbers()
    normal = [
        math.sqrt(-2 * math.log(1 - next(u))) * math.cos(2 * math.pi * next(u))
        for _ in range(layouts.network.latent_dim)
    ]
    vector = layouts.condition.encode(layouts.batch("red square, blue circle"))
    expected = layouts.from_latents(torch.from_numpy(np.array([normal], dtype=np.float32)), vector)[0]
    assert (drawn[..., :3].permute(2, 0, 1) - expected.int()).abs().max() <= 1
    assert (drawn[..., 3] == 255).all()
    assert expected.float().std() > 5
