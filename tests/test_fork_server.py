"""A forked process is what `python -m` would have started."""

import json
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.stack.processes import Process, ServerError, alive
from support.starts import ForkServer, Start, fresh

pytestmark = pytest.mark.servers

SECONDS = 60.0
# What a program finds around itself.
LOOK = """
import json, os, random, signal, sys, threading
print(json.dumps({
    "words": sys.argv[1:], "main": __name__, "at": sys.path[0], "directory": os.getcwd(), "told": os.environ["TOLD"],
    "input": os.fstat(0).st_rdev, "open": sorted(os.listdir("/proc/self/fd")),
    "threads": len(os.listdir("/proc/self/task")), "leads": os.getpid() == os.getsid(0) == os.getpgid(0),
    "ended by": str(signal.getsignal(signal.SIGTERM)), "children": str(signal.getsignal(signal.SIGCHLD)),
}))
print("at first")
print("then", file=sys.stderr)
sys.exit(3)
"""
WAIT = "import signal; print('here', flush=True); signal.pause()"
DRAW = "import random, uuid; print(random.random(), uuid.uuid4(), sep='\\n')"
SERVES = "import asyncio; print('ended', asyncio.run(asyncio.sleep(0, 'well')))"
FAIL = "raise ValueError('broken')"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes a module `program` of this text, which Python finds because it is in the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOLD", "of the tests")

    def make(text: str) -> None:
        (tmp_path / "program.py").write_text(text)

    return make


def run(start: Start, words: str, log: Path, **environment: str) -> tuple[int, str]:
    process = start(words, environment=environment, log=log)
    return process.ended(timeout=SECONDS), log.read_text()


def test_it_finds_around_itself_what_a_fresh_one_finds(
    fork: Start, program: Callable[[str], None], tmp_path: Path
) -> None:
    program(LOOK)
    told = [run(start, "program a b", tmp_path / start.__name__, TOLD="of this one") for start in (fresh, fork)]
    assert told[0] == told[1]
    code, said = told[1]
    found: dict[str, Any] = json.loads(next(line for line in said.splitlines() if line.startswith("{")))
    assert (code, found["told"], found["words"], found["leads"]) == (3, "of this one", ["a", "b"], True)


def test_each_draws_numbers_of_its_own(fork: Start, program: Callable[[str], None], tmp_path: Path) -> None:
    program(DRAW)
    random.seed(7)
    drawn = [line for n in range(3) for line in run(fork, "program", tmp_path / f"{n}")[1].split()]
    assert len(set(drawn)) == 6


def test_it_has_an_event_loop_of_its_own(fork: Start, program: Callable[[str], None], tmp_path: Path) -> None:
    program(SERVES)
    assert run(fork, "program", tmp_path / "log") == (0, "ended well\n")


def test_its_failure_is_told(fork: Start, program: Callable[[str], None], tmp_path: Path) -> None:
    program(FAIL)
    code, said = run(fork, "program", tmp_path / "log")
    assert (code, said.splitlines()[-1]) == (1, "ValueError: broken")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_is_ended_by_a_signal(
    fork: Start, program: Callable[[str], None], tmp_path: Path, number: signal.Signals
) -> None:
    program(WAIT)
    process = waiting(fork, tmp_path / "log")
    assert (process.running, alive(process.pid)) == (True, True)
    with pytest.raises(ServerError, match="had not ended"):
        process.ended(timeout=0.05)
    process.signal(number)
    assert process.ended(timeout=SECONDS) == -number
    assert (process.running, alive(process.pid)) == (False, False)


def test_it_goes_on_when_its_server_ends_which_starts_nothing_more(
    program: Callable[[str], None], tmp_path: Path
) -> None:
    program(WAIT)
    server = ForkServer(tmp_path / "server.log")
    process = waiting(server.start, tmp_path / "log")
    server.stop()
    assert process.running
    with pytest.raises(ServerError, match=r"server\.log"):
        waiting(server.start, tmp_path / "log")
    process.kill()
    assert process.ended(timeout=SECONDS) == -signal.SIGKILL


@pytest.mark.parametrize("words", ["ingest nothing", "scoring worker --nothing", "alerts keys create"])
def test_a_service_says_the_same(fork: Start, tmp_path: Path, words: str) -> None:
    told = [run(start, words, tmp_path / start.__name__, COLUMNS="100") for start in (fresh, fork)]
    assert told[0] == told[1]
    assert told[0][0] == 2


def waiting(start: Start, log: Path) -> Process:
    process = start("program", environment={}, log=log)
    process.wait_until(lambda: log.exists() and "here" in log.read_text(), timeout=SECONDS)
    return process
