"""A server on this machine that answers as the Hub of Hugging Face does, as far as uploads and downloads need it."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

COMMIT = "0123456789" * 4


class FakeHub(ThreadingHTTPServer):
    """`models`: OWNER/NAME -> path -> content. `requests`: method and path of each. `refuse`: a status for all."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.models: dict[str, dict[str, bytes]] = {}
        self.requests: list[str] = []
        self.settings: dict[str, Any] = {}
        self.refuse = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def fake_hub() -> Iterator[FakeHub]:
    """Runs a server until the end of the context."""
    with FakeHub() as hub:
        thread = Thread(target=hub.serve_forever, daemon=True)
        thread.start()
        yield hub
        hub.shutdown()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: FakeHub

    def log_message(self, *words: Any) -> None:
        pass

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self._refused():
            return
        path = self.path.split("?")[0]
        if path == "/api/repos/create":
            self.server.settings = json.loads(content)
            name = f"{self.server.settings['organization']}/{self.server.settings['name']}"
            self.server.models.setdefault(name, {})
            self._answer({"url": f"{self.server.address}/{name}"})
        elif "/preupload/" in path:
            files = [
                {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                for file in json.loads(content)["files"]
            ]
            self._answer({"files": files})
        elif "/commit/" in path:
            name = path.removeprefix("/api/models/").split("/commit/")[0]
            for line in map(json.loads, content.splitlines()):
                if line["key"] == "file":
                    self.server.models[name][line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            address = f"{self.server.address}/{name}/commit/{COMMIT}"
            self._answer({"success": True, "commitUrl": address, "commitOid": COMMIT})
        else:
            self._answer({"errors": [], "warnings": []})

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        if self._refused():
            return
        name, _, rest = self.path.strip("/").partition("/resolve/")
        file = rest.split("/", 1)[-1]
        content = self.server.models.get(name, {}).get(file)
        if content is None:
            missing = "EntryNotFound" if name in self.server.models else "RepoNotFound"
            self._answer({}, 404, {"X-Error-Code": missing, "X-Repo-Commit": COMMIT})
            return
        self.send_response(200)
        for header, value in (
            ("X-Repo-Commit", COMMIT),
            ("ETag", f'"{sha1(content).hexdigest()}"'),
            ("Content-Length", str(len(content))),
        ):
            self.send_header(header, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def _refused(self) -> bool:
        self.server.requests.append(f"{self.command} {self.path}")
        if self.server.refuse:
            self._answer({"error": "refused"}, self.server.refuse)
        return bool(self.server.refuse)

    def _answer(self, content: Any, status: int = 200, headers: Any = ()) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for header, value in dict(headers).items():
            self.send_header(header, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
