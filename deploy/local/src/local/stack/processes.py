"""Starting and ending the stack's processes: each in its own session, known by its pid, never by name."""

import os
import random
import signal
import socket
import struct
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any, Protocol

POLL = 0.02
# Linux takes ports from 32768 on for outgoing connections, other systems higher ones.
_OWN_PORTS = (10_000, 32_768)
# Several may be asked for before the first is listened on.
_given: deque[int] = deque(maxlen=1_000)
# Not the module's own state: forked processes share that, and tests seed it.
_random = random.SystemRandom()

Say = Callable[[str], None]
"""Is called with what goes on now, before it is waited for: "waiting for PostgreSQL"."""


def silent(text: str) -> None:
    """For those that nobody watches."""


class ServerError(Exception):
    """A server did not start, or did not stop; the message says where its log is."""


def package(name: str) -> Path:
    """Where an installed package lies, without importing it."""
    found = find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise ServerError(f"{name} is not installed")
    return Path(found.submodule_search_locations[0])


def free_port() -> int:
    """Free a moment ago: nobody keeps it for us. Another one than the last thousand, unless there are hardly others.

    It is below the ports that the system gives to outgoing connections, one of which could take it meanwhile.
    """
    for drawn in count():
        port = _random.randrange(*_OWN_PORTS)
        if port in _given and drawn < 1_000:
            continue
        with suppress(OSError), socket.socket() as listener:
            listener.bind(("127.0.0.1", port))
            _given.append(port)
            break
    return port


def known_brokers(port: int) -> int:
    """How many brokers the Kafka broker at this port knows to be there; 0 while it does not answer."""
    # Metadata request, version 1, correlation id 0, no client id, no topics.
    request = struct.pack(">hhihi", 3, 1, 0, -1, 0)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            answer = connection.makefile("rb").read(12)
    except OSError:
        return 0
    brokers: int = struct.unpack(">iii", answer)[2] if len(answer) == 12 else 0
    return brokers


class Child(Protocol):
    """What is used of `subprocess.Popen`."""

    args: Any
    returncode: int | None

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...


class Process:
    """A child that outlives its parent if it is not stopped; its output goes to a file."""

    def __init__(self, command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None) -> None:
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._child: Child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if env is None else {**os.environ, **env},
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def running(self) -> bool:
        return self._child.poll() is None

    def wait_until(self, ready: Callable[[], bool], *, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not ready():
            if not self.running:
                raise ServerError(f"{self._child.args!r} ended with {self._child.returncode}: see {self.log}")
            if time.monotonic() > deadline:
                self.kill()
                raise ServerError(f"not ready after {timeout} s: see {self.log}")
            time.sleep(POLL)

    def signal(self, number: int) -> None:
        if self.running:
            os.killpg(self.pid, number)

    def stop(self, *, timeout: float = 20.0) -> None:
        """Asks, and insists after `timeout` seconds."""
        self.signal(signal.SIGTERM)
        try:
            self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self._child.wait()

    def ended(self, *, timeout: float) -> int:
        """Its exit code, once it has ended by itself. Raises `ServerError` if it goes on for `timeout` seconds."""
        try:
            return self._child.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise ServerError(f"{self._child.args!r} had not ended after {timeout} s: see {self.log}") from error

    def leave_running(self) -> int:
        """Its pid, for whoever ends it later."""
        self._child.returncode = 0  # Else Python warns of a child that nobody waited for.
        return self.pid


def last_lines(log: Path, count: int = 15) -> str:
    lines = log.read_text(errors="replace").splitlines()[-count:] if log.exists() else []
    return "\n".join([f"the last lines of {log}:", *(f"    {line}" for line in lines)])


def stop_pid(pid: int, *, timeout: float = 20.0) -> None:
    """Ends the process group that another process of ours started; fine if it has ended."""
    deadline = time.monotonic() + timeout
    _signal(pid, signal.SIGTERM)
    while alive(pid):
        if time.monotonic() > deadline:
            _signal(pid, signal.SIGKILL)
        time.sleep(POLL)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not _is_zombie(pid)


def children(pid: int) -> list[int]:
    """Of a process, as far as this machine has /proc."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, number)
