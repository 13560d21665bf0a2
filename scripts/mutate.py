#!/usr/bin/env python
"""Changes the code in one place at a time and prints the changes that no test notices: see docs/mutation.md.

    .venv/bin/python scripts/mutate.py --files 'objectives/*' --sample 50 --seed 1 --out mutants.jsonl

It imports the libraries once and forks a process for each mutant, in a private copy of the repository.
"""

import argparse
import ast
import gc
import importlib.util
import json
import os
import pkgutil
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from fnmatch import fnmatch
from importlib.metadata import entry_points
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
import torch
from mutants import Mutant, mutants_of

REPOSITORY = Path(__file__).resolve().parents[1]
COPIED = ("src", "tests", "docs", "examples", "scripts", "pyproject.toml", "README.md")
TRAINING = [
    f"tests/test_{name}.py" for name in ("train", "batch_order", "learning_rates", "pretraining", "pretraining_reader")
]
EVALUATION = [f"tests/test_{name}.py" for name in ("evaluate", "evaluated_painter", "evaluated_codes")]
TESTS = {  # of files below src/condgan; their examples and the tests of the same name run before these
    "networks/*.py": [
        "tests/networks/test_cited.py",
        "tests/recipes/test_network_options.py",
        "tests/networks",
        "tests/test_printed.py",
        "tests/recipes",
    ],
    "objectives/*.py": ["tests/objectives", *TRAINING[:3]],
    "recipes/recipe.py": ["tests/recipes", *TRAINING],
    "recipes/*.py": ["tests/recipes", "tests/test_printed.py", "tests/networks"],
    "metrics/*.py": ["tests/metrics", *EVALUATION],
    "train.py": TRAINING,
    "state.py": TRAINING,
    "ema.py": ["tests/test_ema.py", *TRAINING[:3]],
    "schedules.py": ["tests/test_schedules.py", *TRAINING[:3], "tests/recipes"],
    "generate.py": ["tests/test_generate.py", *EVALUATION],
    "evaluate.py": EVALUATION,
    "*_scores.py": [*EVALUATION, "tests/test_full_suite.py"],
}
TIMEOUT_S, MEMORY_BYTES = 120, 8 * 2**30  # a mutant that needs more counts as killed
ALL_TESTS_TIMEOUT_S = 1800


def tests_of(root: Path) -> dict[str, list[str]]:
    """Returns the tests of every file to change, the most specific first."""
    found: dict[str, list[str]] = {}
    for pattern, tests in TESTS.items():
        for path in sorted(root.glob(f"src/condgan/{pattern}")):
            file = path.relative_to(root / "src/condgan")
            module = ".".join(("condgan", *file.with_suffix("").parts)).removesuffix(".__init__")
            examples = f"tests/test_docstrings.py::test_examples_give_the_results_shown[{module}]"
            named = str(Path("tests", file.parent, f"test_{file.name}"))
            first = [examples] * (">>>" in path.read_text()) + [named] * (root / named).exists()
            paths = [p for test in tests for p in sorted((root / test).glob("test_*.py")) or [root / test]]
            found.setdefault(str(file), [*dict.fromkeys([*first, *(str(p.relative_to(root)) for p in paths)])])
    return found


def import_libraries(source: Path) -> None:
    """Imports all that condgan and its tests import, but leaves condgan itself to the forks."""
    importlib.import_module("hypothesis")
    for plugin in entry_points(group="pytest11"):
        plugin.load()
    sys.path.insert(0, str(source))
    for module in pkgutil.walk_packages([str(source / "condgan")], "condgan."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in [name for name in sys.modules if name.partition(".")[0] == "condgan"]:
        del sys.modules[name]
    sys.path.remove(str(source))
    gc.freeze()  # the garbage collector of a fork need not look at what the libraries hold


def run_tests(root: Path, tests: Iterable[str], timeout_s: int, *, silent: bool = True) -> int:
    """Runs pytest in a fork. Returns its exit code, or minus the signal that ended it."""
    child = os.fork()
    if not child:
        try:
            os.setsid()
            signal.alarm(timeout_s)
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
            os.chdir(root)
            sys.path[:0] = [str(root / "src"), str(root / "tests")]
            os.environ["PYTHONPATH"] = str(root / "src")
            if silent:
                os.dup2(nowhere := os.open(os.devnull, os.O_WRONLY), 1)
                os.dup2(nowhere, 2)
            options = ["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", f"--basetemp={root}/temporary"]
            code = int(pytest.main([*options, "-m", "not slow", *tests]))
            sys.stdout.flush()
            os._exit(code)
        finally:
            os._exit(1)
    try:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # and what the tests started


def try_mutants(root: Path, mutants: Iterable[Mutant], out: Path, thorough: bool) -> None:
    """Tests mutants in the copy at `root`, prints those that survive, and appends all results to `out`."""
    sys.dont_write_bytecode = True  # that of two mutants of the same second and size would be mistaken for each other
    tests = tests_of(root)
    for mutant in mutants:
        path, start = root / "src/condgan" / mutant.file, time.monotonic()
        original = path.read_text()
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)
        path.write_text(mutant.source)
        code = run_tests(root, tests[mutant.file], TIMEOUT_S)
        if code == 0 and thorough:
            code = run_tests(root, ["tests"], ALL_TESTS_TIMEOUT_S)
        path.write_text(original)
        seconds = round(time.monotonic() - start, 2)
        with out.open("a") as file:
            result = {**mutant.to_json(), "survived": code == 0, "code": code, "thorough": thorough, "seconds": seconds}
            file.write(json.dumps(result) + "\n")
        if code == 0:
            print(f"src/condgan/{mutant.file}:{mutant.line}: {mutant.before}  ->  {mutant.after}", flush=True)


def results_in(out: Path, thorough: bool) -> dict[str, Mapping[str, Any]]:
    """Returns the results of a file by mutant, without survivors of fewer tests than wanted."""
    lines = out.read_text().splitlines() if out.exists() else []
    results = {result["id"]: result for result in map(json.loads, lines)}
    return {name: r for name, r in results.items() if not r["survived"] or r["thorough"] or not thorough}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", default="*", help="pattern of files below src/condgan, e.g. 'objectives/*'")
    parser.add_argument("--sample", type=int, help="how many mutants to draw at random; default: all")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the sample")
    parser.add_argument("--workers", type=int, default=1, help="number of processes")
    parser.add_argument("--thorough", action="store_true", help="run all fast tests on what survives those of its file")
    parser.add_argument("--out", type=Path, help="file of results, one JSON line each; those it has are not repeated")
    args = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="mutate-") as temporary:
        root, out = Path(temporary, "0"), (args.out or Path(temporary, "results.jsonl")).resolve()
        for name in COPIED:
            (root / name).parent.mkdir(exist_ok=True)
            (shutil.copytree if (REPOSITORY / name).is_dir() else shutil.copy)(REPOSITORY / name, root / name)
        tests = {file: names for file, names in tests_of(root).items() if fnmatch(file, args.files)}
        if not tests:
            parser.error(f"--files {args.files}: no file to change matches; expected e.g. 'objectives/*' or train.py")
        mutants: list[Mutant] = []
        for file in tests:
            text = (root / "src/condgan" / file).read_text()
            mutants += mutants_of(file, text)
            (root / "src/condgan" / file).write_text(ast.unparse(ast.parse(text)))  # as mutants are written
        if args.sample is not None:
            mutants = random.Random(args.seed).sample(mutants, min(args.sample, len(mutants)))
        done = results_in(out, args.thorough)
        left = [mutant for mutant in mutants if mutant.id not in done]
        print(f"mutate: {len(mutants)} mutants, {len(left)} of them to test", flush=True)
        import_libraries(root / "src")
        wanted = ["tests"] if args.thorough else dict.fromkeys(name for m in left for name in tests[m.file])
        if left and run_tests(root, wanted, ALL_TESTS_TIMEOUT_S, silent=False):
            sys.exit("mutate: the test above fails without any change; repair it first")
        workers = []
        for i in range(args.workers):
            copied = shutil.copytree(root, Path(temporary, str(i + 1)))
            job = copied, left[i :: args.workers], out, args.thorough
            workers.append(get_context("fork").Process(target=try_mutants, args=job))
            workers[i].start()
        for worker in workers:
            worker.join()
        if any(worker.exitcode for worker in workers):
            sys.exit("mutate: stopped by the error above; with --out it can be continued")
        done = results_in(out, args.thorough)
    results = [done[mutant.id] for mutant in mutants]
    killed = sum(not result["survived"] for result in results)
    print(f"mutate: {killed}/{len(results)} killed, {killed / max(len(results), 1):.1%}")


if __name__ == "__main__":
    main()
