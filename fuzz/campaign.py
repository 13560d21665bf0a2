"""Tries the inputs of a target in a process of its own, and records failures.

A failure is an exception other than InputError, more than MAX_SECONDS of processor time or MAX_BYTES of memory, the end
of the process by a signal, damage that is accepted, a file that is opened outside of the folders a case may use, and
a process or connection that is started.
"""

import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from condgan.data.cache import cache_folder
from condgan.errors import InputError
from fuzz.case import Case, Target

MAX_SECONDS = 20  # of processor time for an input
MAX_WAIT = 600  # seconds for an input, in which it may wait for others
MAX_BYTES = 2 * 2**30  # of memory beyond that of the process before its first input
FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "os.spawn", "subprocess.Popen", "socket.connect")
CHANGES = ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate")


class TooSlow(BaseException):
    """An input took too much processor time. Not an Exception, which the code under test may handle."""


@dataclass
class Report:
    """How many inputs were tried and refused, and the failures: the first number and the text of each kind."""

    tried: int = 0
    refused: int = 0
    failures: dict[str, tuple[int, str]] = field(default_factory=dict)
    num_failures: int = 0
    seconds: float = 0  # of processor time


class Watch:
    """Notes files that are opened outside of some folders, and processes that are started, while it is on."""

    def __init__(self, folders: tuple[Path, ...]):
        self.on, self.found = False, list[str]()
        self.writable = tuple(str(folder.resolve()) for folder in folders)
        code = {
            sys.prefix,
            sys.base_prefix,
            str(Path(__file__).parents[1]),
            "/usr",
            "/etc/ssl",
            "/proc",
            "/sys",
            "/dev/null",
        }
        self.readable = (*self.writable, *(os.path.realpath(folder) for folder in code), *code)
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event in FORBIDDEN:
            self.found.append(f"{event} {arguments!r}")
        elif event in CHANGES and os.path.isabs(os.fsdecode(arguments[0])):
            path = os.path.realpath(os.fsdecode(arguments[0]))
            if not path.startswith(self.writable):
                self.found.append(f"{event} {path}")
        elif event == "open" and isinstance(arguments[0], str | bytes):
            path, mode, flags = os.path.realpath(os.fsdecode(arguments[0])), arguments[1] or "", arguments[2] or 0
            writes = any(letter in mode for letter in "wax+") or bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
            if not path.startswith(self.writable if writes else self.readable):
                self.found.append(f"{'wrote' if writes else 'read'} {path}")


def run(target: Target, num_inputs: int, seed: int, first: int, out: Path) -> Report:
    """Tries the inputs `first` and following ones in child processes, a new one after each that ended."""
    report, left = Report(), num_inputs
    while left > 0:
        with tempfile.TemporaryDirectory() as folder:
            started, number = Path(folder), first + num_inputs - left
            child = os.fork()
            if child == 0:
                _child(target, left, seed, number, started)
            status, seconds = _wait(child, started)
            report.seconds += seconds
            for line in (started / "failures").read_text().splitlines():
                _add(report, target, started, out, **json.loads(line))
            done, refused = map(int, (started / "count").read_text().split())
            if os.WIFSIGNALED(status):
                name = signal.Signals(os.WTERMSIG(status)).name
                kind = f"ended by {name}" if name != "SIGKILL" else f"no end within {MAX_WAIT} s"
                _add(report, target, started, out, number=number + done, kind=kind, text=kind)
                done += 1
            elif os.WEXITSTATUS(status) == 1:
                raise SystemExit(f"{target.name}: cannot prepare inputs")
            report.tried, report.refused, left = report.tried + done, report.refused + refused, left - done
    return report


def _add(report: Report, target: Target, folder: Path, out: Path, *, number: int, kind: str, text: str) -> None:
    report.num_failures += 1
    if kind in report.failures:
        return
    report.failures[kind] = number, text
    out.mkdir(parents=True, exist_ok=True)
    content = folder / f"failure-{number}" if (folder / f"failure-{number}").exists() else folder / "input"
    (out / f"{target.name}-{number}.input").write_bytes(content.read_bytes())
    (out / f"{target.name}-{number}.txt").write_text(f"{kind}\n\n{text}\n")


def _wait(child: int, folder: Path) -> tuple[int, float]:
    """Waits for the child; kills it if it stays at one input for too long. Returns its status and processor time."""
    before, since = "", time.monotonic()
    while True:
        found, status, used = os.wait4(child, os.WNOHANG)
        if found:
            return status, used.ru_utime + used.ru_stime
        now = (folder / "count").read_text() if (folder / "count").exists() else ""
        if now != before:
            before, since = now, time.monotonic()
        if time.monotonic() - since > MAX_WAIT:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.05)


def _child(target: Target, num_inputs: int, seed: int, first: int, folder: Path) -> None:
    """Tries inputs and ends the process: with 2 if it used too much memory, so that others start with little."""
    code = 1
    try:
        (folder / "count").write_text("0 0")
        (folder / "failures").touch()
        files = folder / "files"
        files.mkdir()
        make = target.prepare(files)
        watch = Watch((files, cache_folder()))
        with (folder / "failures").open("a") as failures, _limited():
            code = _try_all(target, make, watch, num_inputs, seed, first, folder, failures)
    except BaseException:  # of any kind: the child ends here, and must not run on in the code of its parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _try_all(
    target: Target,
    make: Callable[[Random], Case],
    watch: Watch,
    num_inputs: int,
    seed: int,
    first: int,
    folder: Path,
    failures: Any,
) -> int:
    refused, limit = 0, _peak() + MAX_BYTES
    with (folder / "count").open("r+b", buffering=0) as count:
        for number in range(first, first + num_inputs):
            case = make(Random(f"{target.name} {seed} {number}"))
            (folder / "input").write_bytes(case.content)
            kind, text = _tried(case, watch)
            is_large = _peak() > limit
            if is_large:
                kind, text = "memory", f"used more than {MAX_BYTES} bytes"
            refused += kind == "refused"
            if kind not in ("refused", "accepted"):
                (folder / f"failure-{number}").write_bytes(case.content)
                failures.write(json.dumps({"number": number, "kind": kind, "text": text}) + "\n")
                failures.flush()
            os.pwrite(count.fileno(), f"{number - first + 1} {refused}".encode(), 0)
            if is_large:
                return 2
    return 0


def _tried(case: Case, watch: Watch) -> tuple[str, str]:
    """Returns what happened: "accepted", "refused" or the kind of the failure; and its text."""
    kind, text = "accepted", ""
    watch.found.clear()
    watch.on = True
    signal.setitimer(signal.ITIMER_PROF, MAX_SECONDS)
    try:
        case.call()
    except InputError as error:
        kind, text = "refused", str(error)
        if cause := next(_memory_errors(error), None):
            kind = text = f"asked for too much memory ({cause}), and took it for: {error}"
    except (Exception, TooSlow) as error:
        signal.setitimer(signal.ITIMER_PROF, 0)
        kind, text = f"{type(error).__name__} at {_place(error)}", traceback.format_exc(limit=-30)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        watch.on = False
    if watch.found:
        return watch.found[0].split(" ")[0] + " outside", "\n".join(watch.found)
    if kind == "accepted" and case.is_damaged:
        return "damage accepted", "the content is not what was written, but it was read"
    return kind, text


def _memory_errors(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        if isinstance(error, MemoryError) or "can't allocate memory" in str(error) or "not enough memory" in str(error):
            yield error
        error = error.__context__


def _place(error: BaseException) -> str:
    """Returns the last line of condgan's that is in a traceback, and where it ends."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "condgan" in Path(frame.filename).parts]
    last = (ours or frames)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"


@contextmanager
def _limited() -> Iterator[None]:
    """Limits the address space, and turns the end of the processor time of an input into TooSlow."""

    def stop(number: int, frame: Any) -> None:
        raise TooSlow(f"more than {MAX_SECONDS} s")

    signal.signal(signal.SIGPROF, stop)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    size = pages * resource.getpagesize() + 2 * MAX_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    yield


def _peak() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
