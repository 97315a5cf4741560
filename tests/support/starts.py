"""How a test starts a process of a service: fresh, or forked off one that has imported all services.

Imports are most of what a start costs. A forked process has what `python -m SERVICE` has: a session, an environment,
signals, output and random numbers of its own. In two things it differs: PYTHONPATH and the like are those of the tests,
and the seed of hashes is the same in all.
"""

import json
import math
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from local.stack.processes import POLL, Process, ServerError
from support import fork_server

END_SECONDS = 10.0


class Start(Protocol):
    """Starts `python -m WORDS`: its output goes to the file `log`, `environment` goes before that of the tests."""

    def __call__(self, words: str, *, environment: Mapping[str, str], log: Path) -> Process: ...


def fresh(words: str, *, environment: Mapping[str, str], log: Path) -> Process:
    """From its file, as users do."""
    return Process([sys.executable, "-m", *words.split()], log=log, env=environment)


@pytest.fixture(scope="session")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts forked processes.

    `python -m` itself is tried by the tests of `make up` and `make demo`, by each service's own, and by `make chaos`.
    """
    server = ForkServer(tmp_path_factory.mktemp("fork") / "server.log")
    yield server.start
    server.stop()


class ForkServer:
    """Starts `python -m WORDS` by forks of one process. `log` is the file of what that one says if it cannot.

    Raises `ServerError` when a process is asked for that it cannot start.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        self._socket, theirs = socket.socketpair()
        self._turn = threading.Lock()
        with theirs, log.open("ab") as output:
            self._server = subprocess.Popen(
                [sys.executable, fork_server.__file__, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Numpy starts no thread then; see the server.
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def start(self, words: str, *, environment: Mapping[str, str], log: Path) -> Process:
        """Returns when it runs; `environment` goes before that of the tests."""
        request = {
            "words": words.split(),
            "environment": {**os.environ, **environment},
            "directory": os.getcwd(),
        }
        body = json.dumps(request).encode()
        log.parent.mkdir(parents=True, exist_ok=True)
        answers, theirs = os.pipe()
        try:
            with self._turn, log.open("ab") as output:
                length = len(body).to_bytes(fork_server.NUMBER, "big")
                socket.send_fds(self._socket, [length], [output.fileno(), theirs])
                self._socket.sendall(body)
        except OSError as error:
            os.close(answers)
            raise ServerError(f"{words} cannot be forked ({error}): see {self._log}") from error
        finally:
            os.close(theirs)
        return ForkedProcess(_Child(words, answers, self._log), log=log)

    def stop(self) -> None:
        """Its processes go on."""
        self._socket.close()
        self._server.wait(END_SECONDS)


class ForkedProcess(Process):
    """As one that was started from its file."""

    def __init__(self, child: "_Child", *, log: Path) -> None:
        self.log = log
        self._child = child


class _Child:
    """What `Process` needs of `subprocess.Popen`; the fork server tells how it ended."""

    def __init__(self, words: str, answers: int, log: Path) -> None:
        self.args = words
        self.returncode: int | None = None
        self._answers = answers
        self._log = log
        # One thread may wait for its end while another asks whether it runs.
        self._reading = threading.Lock()
        self.pid = self._number()

    def poll(self) -> int | None:
        return self._look(0.0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return code

    def _look(self, timeout: float | None) -> int | None:
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        while self._ended() is None and time.monotonic() < deadline:
            time.sleep(POLL)
        return self.returncode

    def _ended(self) -> int | None:
        with self._reading:
            if self.returncode is None and select.select([self._answers], [], [], 0.0)[0]:
                self.returncode = self._number()
                os.close(self._answers)
            return self.returncode

    def _number(self) -> int:
        found = os.read(self._answers, fork_server.NUMBER)
        if not found:
            raise ServerError(f"the fork server has lost {self.args}: see {self._log}")
        return int.from_bytes(found, "big", signed=True)
