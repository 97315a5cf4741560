"""Plants a bug in a copy and runs the tests that guard against it: a mutant that leaves them green is a failure.

More copies are tried at a time than there are processors, for some of their tests wait more than they compute. Each
trial is a fork of this process, which has imported the libraries and nothing of ours.

Each `*.patch` says above its diff what it breaks, and which tests must turn red:

    Guarantee 3: a zombie may write.
    red: services/scoring/tests/integration/test_fence.py
"""

import gc
import importlib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import NoReturn

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SOURCES = (
    *("libs/http_guard/src", "libs/common/src"),
    *("services/ingest/src", "services/scoring/src", "services/alerts/src", "services/console/src", "deploy/local/src"),
)
# Libraries alone: a module of ours that is imported here would not be the copy's.
PRELOADED = (
    *("hypothesis", "hypothesis.strategies", "xdist.scheduler", "pytest_asyncio.plugin", "uvloop", "httpx"),
    *("sqlalchemy.ext.asyncio", "sqlalchemy.dialects.postgresql.asyncpg", "asyncpg", "aiokafka"),
    *("uvicorn", "httptools"),
    *("fastapi", "pydantic", "pydantic_settings", "msgspec", "structlog", "prometheus_client"),
    *("ruamel.yaml", "babel", "jinja2", "joserfc.jwt", "cryptography.fernet", "holidays", "numpy"),
)
FOUND_IS_ENOUGH = ("--hypothesis-profile", "found")  # a shorter example would say no more
# That libraries are imported before pytest could rewrite their assertions is meant.
UNWARNED = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
NOT_RUN = 70
RED = 1  # pytest: some tests failed; anything else means that they did not run


class Verdict:
    """Pytest's exit status as it ends its session. What fails after that, such as a leak that a failed test leaves,
    makes `pytest.main` raise, and says nothing about the tests."""

    def __init__(self) -> None:
        self.code = NOT_RUN

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        self.code = int(exitstatus)


class Trial:
    """One mutant whose tests run in a process of their own."""

    def __init__(self, patch: Path) -> None:
        self.name = patch.stem
        self._patch = patch
        self._text = patch.read_text(encoding="utf-8")
        self._directory = Path(tempfile.mkdtemp(prefix="mutant-"))
        self._output = self._directory / "output"
        self._started = time.monotonic()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            self._run()

    def killed(self, code: int) -> bool:
        """Says how it ended. Called when the process has: `code` is pytest's."""
        verdict = "red" if code == RED else f"NOT RED (pytest ended with {code})"
        seconds = time.monotonic() - self._started
        print(f"{self.name:34} {verdict:8} {seconds:5.1f} s  {self._text.splitlines()[0]}", flush=True)
        if code != RED:
            print(self._output.read_text(encoding="utf-8", errors="replace")[-4000:], flush=True)
        shutil.rmtree(self._directory, ignore_errors=True)
        return code == RED

    def _run(self) -> NoReturn:
        """What `python -m pytest` does in the copy, whose sources come before the installed ones."""
        verdict = Verdict()
        try:
            self._become_pytest()
            tests = re.findall(r"^red: (.+)$", self._text, flags=re.MULTILINE)
            pytest.main(["-q", "-x", "-p", "no:cacheprovider", *UNWARNED, *FOUND_IS_ENOUGH, *tests], [verdict])
        except BaseException:  # by itself Python would end with 1, as if tests had failed
            traceback.print_exc()
        sys.exit(verdict.code)

    def _become_pytest(self) -> None:
        output = os.open(self._output, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        for number in (1, 2):
            os.dup2(output, number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        copy = self._directory / "copy"
        _copy_to(copy)
        subprocess.run(["git", "apply", "--recount", str(self._patch)], cwd=copy, check=True)
        sources = [str(copy / source) for source in SOURCES]
        os.chdir(copy)
        os.environ["PYTHONPATH"] = os.pathsep.join(sources)
        sys.path[:1] = [str(copy), *sources]
        random.seed()


def main(names: list[str]) -> int:
    patches = [patch for patch in sorted(HERE.glob("*.patch")) if not names or patch.stem in names]
    _preload()
    at_once = 2 * (os.cpu_count() or 1) + 1
    waiting, running = patches[::-1], dict[int, Trial]()
    survived: list[str] = []
    while waiting or running:
        while waiting and len(running) < at_once:
            trial = Trial(waiting.pop())
            running[trial.pid] = trial
        pid, status = os.wait()
        trial = running.pop(pid)
        if not trial.killed(os.waitstatus_to_exitcode(status)):
            survived.append(trial.name)
    print(f"{len(patches) - len(survived)} of {len(patches)} mutants killed")
    for name in sorted(survived):
        print(f"survived: {name}")
    return 1 if survived or not patches else 0


def _preload() -> None:
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # numpy starts no thread then
    for name in PRELOADED:
        importlib.import_module(name)
    # A thread would be missing in every fork, and a lock that it holds would stay locked.
    threads = Path("/proc/self/task")
    if threads.is_dir() and len(list(threads.iterdir())) > 1:
        sys.exit("a library has started a thread: no trial can be forked safely")
    gc.collect()
    gc.freeze()


def _copy_to(copy: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
