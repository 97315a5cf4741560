"""Starts again what has died of a stack that stays, with a growing pause; what dies too often it gives up, loudly.

It runs as a process of its own until `make down` ends it. Its log says what died, and with which last lines.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from local.stack.directory import StackDirectory
from local.stack.local_stack import LocalStack, ManagedProcess, StackDescription
from local.stack.process_list import write_private
from local.stack.processes import Process, last_lines
from local.stack.restart_policy import RestartPolicy

SUPERVISOR = "supervisor"
LOOK_SECONDS = 0.25


class Restarts(Struct, frozen=True):
    """Of one part since the supervisor began, for `make status`. `gave_up`: it is not started again."""

    count: int = 0
    gave_up: bool = False


@dataclass
class _Watched:
    part: ManagedProcess
    policy: RestartPolicy
    pid: int | None = None
    start_at: float | None = None
    restarts: Restarts = field(default_factory=Restarts)


class Supervisor:
    """`now` is a clock that never goes back; `report` is given what the status shows, whenever it changes."""

    def __init__(
        self,
        parts: Sequence[ManagedProcess],
        *,
        now: Callable[[], float],
        say: Callable[[str], None],
        report: Callable[[dict[str, Restarts]], None],
        policy: Callable[[], RestartPolicy] = RestartPolicy,
    ) -> None:
        self._watched = [_Watched(part, policy()) for part in parts]
        self._now = now
        self._say = say
        self._report = report

    def look(self) -> None:
        """At every part once; starts those whose pause is over."""
        for one in self._watched:
            pid = one.part.pid()
            if pid is not None:
                one.pid, one.start_at = pid, None
                one.policy.seen_alive(self._now())
            elif one.restarts.gave_up:
                continue
            elif one.start_at is None:
                self._mourn(one)
            elif self._now() >= one.start_at:
                self._start(one)

    def _mourn(self, one: _Watched) -> None:
        name = one.part.name
        one.start_at = one.policy.died(self._now())
        self._say(f"{name}{f' (pid {one.pid})' if one.pid else ''} has died; {last_lines(one.part.log)}")
        if one.start_at is None:
            self._say(
                f"GIVING UP on {name}: it has died {one.policy.deaths} times in a row. "
                "`make up` tries again once its log says what was wrong, and that is mended."
            )
            self._set(one, Restarts(one.restarts.count, gave_up=True))
        else:
            self._say(f"{name} is started again in {one.start_at - self._now():.1f} s")

    def _start(self, one: _Watched) -> None:
        one.start_at = None
        try:
            one.part.start()
        except Exception as error:  # Whatever it is, the others are watched on.
            self._say(f"{one.part.name} cannot be started: {error}")
            return
        one.pid = one.part.pid()
        self._say(f"{one.part.name} runs again (pid {one.pid})")
        self._set(one, Restarts(one.restarts.count + 1))

    def _set(self, one: _Watched, restarts: Restarts) -> None:
        one.restarts = restarts
        self._report({each.part.name: each.restarts for each in self._watched})


def start_supervisor(directory: StackDirectory) -> Process:
    """As a process of its own, which returns at once and is in the process list."""
    command = [sys.executable, "-m", "local.stack", "--directory", str(directory.path), "supervise"]
    process = Process(command, log=supervisor_log(directory))
    directory.process_list.put(SUPERVISOR, process.pid)
    process.leave_running()
    return process


def supervisor_log(directory: StackDirectory) -> Path:
    return directory.logs / f"{SUPERVISOR}.log"


def supervise(directory: StackDirectory) -> None:
    """Until SIGTERM. A part that is being started is started and listed before that is heeded."""
    ended = False

    def end(*_: object) -> None:
        nonlocal ended
        ended = True

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    description = msgspec.json.decode(directory.description.read_bytes(), type=StackDescription)
    supervisor = Supervisor(
        LocalStack(directory, description).parts(),
        now=time.monotonic,
        say=_say,
        report=lambda restarts: write_private(directory.restarts, msgspec.json.encode(restarts)),
    )
    _say("watching")
    while not ended:
        supervisor.look()
        _reap()
        time.sleep(LOOK_SECONDS)
    _say("ended")


def read_restarts(directory: StackDirectory) -> dict[str, Restarts]:
    try:
        return msgspec.json.decode(directory.restarts.read_bytes(), type=dict[str, Restarts])
    except (OSError, msgspec.DecodeError):
        return {}


def _say(text: str) -> None:
    print(f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S} {text}", flush=True)


def _reap() -> None:
    """Those that it has started itself and that have died are its own to bury."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
