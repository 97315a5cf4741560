"""`make up`, `make status` and `make down` with real processes, in a folder of the test's own."""

import io
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from local.stack import commands
from local.stack.__main__ import CARD
from local.stack.directory import StackDirectory
from local.stack.local_stack import POSTGRES, LocalStack, StackDescription
from local.stack.process_list import runs
from local.stack.processes import ServerError, alive
from local.stack.servers import Broker
from local.stack.status import read_status
from local.terminal import Terminal

pytestmark = pytest.mark.servers

SERVICES = ["scoring worker", "alerts", "scoring api", "ingest", "console"]
NAMES = ["broker", "sinks", *SERVICES, "supervisor"]


class Stack:
    """The commands of `make`, and what they print."""

    def __init__(self, directory: StackDirectory) -> None:
        self.directory = directory

    def up(self, card: Path = CARD) -> tuple[int, str]:
        out = io.StringIO()
        return commands.up(self.directory, broker=Broker.EMBEDDED, card=card, terminal=Terminal(out)), out.getvalue()

    def down(self) -> tuple[int, str]:
        out = io.StringIO()
        return commands.down(self.directory, Terminal(out)), out.getvalue()

    def status(self) -> tuple[int, str]:
        out = io.StringIO()
        return commands.status(self.directory, Terminal(out)), out.getvalue()

    def described(self) -> LocalStack:
        body = self.directory.description.read_bytes()
        return LocalStack(self.directory, msgspec.json.decode(body, type=StackDescription))

    def pids(self) -> dict[str, int]:
        return {entry.name: entry.pid for entry in self.directory.process_list.entries()}

    def kill(self, name: str) -> int:
        pid = self.directory.postgres.pid if name == POSTGRES else self.pids()[name]
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        _wait_for(lambda: not alive(pid))
        return pid

    def kill_all(self) -> None:
        for name in (*reversed(NAMES), POSTGRES):
            self.kill(name)

    def wait_until_well(self) -> None:
        deadline = time.monotonic() + 90
        while any(one.why_not for one in read_status(self.described())):
            assert time.monotonic() < deadline, self.status()[1] + (self.directory.logs / "supervisor.log").read_text()
            time.sleep(0.2)

    def post(self, event_id: str = "e-1") -> httpx.Response:
        """A cancellation. The account is known before it: what the first request says is told by the first look."""
        stack = self.described()
        key, url = _bearer(stack.description.keys.write), f"{stack.services.url('ingest')}/v1/events"
        known = {"account_id": "acme", "event_id": f"{event_id} known", "name": "session.started"}
        assert httpx.post(url, json=known, headers=key).status_code == 202
        event = {"account_id": "acme", "event_id": event_id, "name": "contract.cancel_requested"}
        return httpx.post(url, json=event, headers=key)

    def listed(self) -> httpx.Response:
        stack = self.described()
        key = _bearer(stack.description.keys.read)
        return httpx.get(f"{stack.services.url('scoring api')}/v1/accounts", headers=key)

    def alerts(self) -> httpx.Response:
        stack = self.described()
        key = _bearer(stack.description.keys.alerts)
        return httpx.get(f"{stack.services.url('alerts')}/v1/alerts", headers=key)

    def message(self) -> str:
        """The first one, once it is there."""
        deadline = time.monotonic() + 60
        while not (text := self.directory.messages.read_text()):
            assert time.monotonic() < deadline, "no message came"
            time.sleep(0.05)
        return text


@pytest.fixture
def stack() -> Iterator[Stack]:
    # Not pytest's own folder: it is closed to the user that PostgreSQL runs as if we are root.
    path = Path(tempfile.mkdtemp(prefix="up-"))
    path.chmod(0o755)
    stack = Stack(StackDirectory(path))
    try:
        yield stack
    finally:
        stack.down()
        stack.directory.postgres.remove()
        shutil.rmtree(path)


def test_the_stack_stays_until_it_is_taken_down(stack: Stack) -> None:
    code, said = stack.up()
    assert code == 0
    processes = stack.directory.process_list.entries()
    keys = stack.described().description.keys

    assert [entry.name for entry in processes] == NAMES
    assert all(map(runs, processes))
    assert stack.post().status_code == 202
    assert stack.listed().status_code == 200
    assert keys.write in said
    assert "No reverse proxy is in front" in said
    assert str(stack.directory.messages) in said
    assert "asked to cancel" in stack.message()
    # The first look comes 5 s after the event, and may be there already.
    assert "cancel_intent" in [alert["to"] for alert in stack.alerts().json()["alerts"]]
    assert f"ALERTS_KEY={keys.alerts}" in stack.directory.environment.read_text()

    code, said = stack.status()
    assert code == 0, said
    assert [line.split("  ")[0] for line in said.splitlines()[1:]] == [POSTGRES, *NAMES]
    assert said.count("ready") == len(NAMES) + 1

    code, said = stack.up()
    assert code == 0
    assert "up already" in said
    assert stack.directory.process_list.entries() == processes

    code, said = stack.down()
    assert code == 0
    assert not any(map(runs, processes))
    assert not stack.directory.postgres.running
    ended = "console, ingest, scoring api, alerts, scoring worker, sinks, broker, PostgreSQL"
    assert f"Ended: supervisor, {ended}.\n" in said
    assert "Forgotten: what is on account.events.v1" in said
    assert f"Kept: {stack.directory.data}" in said
    assert stack.down() == (0, "Nothing was up.\n")
    assert stack.status() == (1, "Nothing is up. `make up` starts the stack.\n")


def test_what_dies_is_started_again(stack: Stack) -> None:
    stack.up()
    keys = stack.described().description.keys

    killed = {name: stack.kill(name) for name in ("ingest", "scoring worker", POSTGRES)}
    assert stack.status()[0] == 1
    stack.wait_until_well()

    now = stack.pids() | {POSTGRES: stack.directory.postgres.pid}
    assert all(now[name] != pid for name, pid in killed.items())
    assert stack.post().status_code == 202
    log = (stack.directory.logs / "supervisor.log").read_text()
    assert re.search(r"ingest( \(pid \d+\))? has died; the last lines of", log)
    assert "ingest runs again" in log

    # With its log the embedded broker has lost all that was scored of it, so that begins anew too; the keys stay.
    stack.kill("broker")
    _wait_for(lambda: stack.pids().get("broker") not in (None, now["broker"]))
    stack.wait_until_well()

    assert stack.described().description.keys == keys
    assert stack.listed().json()["accounts"] == []
    assert stack.post().status_code == 202
    _wait_for(lambda: len(stack.listed().json()["accounts"]) == 1)


def test_up_and_down_cope_with_a_stack_that_was_killed(stack: Stack) -> None:
    code, said = stack.up()
    assert code == 0, said
    before = stack.pids()
    # The supervisor first, or it starts the other again.
    for name in ("supervisor", "alerts"):
        stack.kill(name)

    code, said = stack.status()
    assert code == 1
    assert "alerts: does not run\n" in said, said
    assert "supervisor: does not run" in said, said

    code, said = stack.up()
    assert code == 0, said
    assert "it is started again" in said
    after = stack.pids()
    assert {name for name in NAMES if before[name] != after[name]} == {"supervisor", "alerts"}

    stack.kill_all()
    code, said = stack.up()
    assert code == 0, said
    assert stack.status()[0] == 0

    stack.kill_all()
    assert stack.down() == (0, "Nothing was up.\n")
    assert not stack.directory.postgres.running


def test_a_start_that_fails_shows_why_and_leaves_nothing_running(stack: Stack, tmp_path: Path) -> None:
    card = tmp_path / "scorecard.yml"
    card.write_text("version: none of this is a card\n")

    with pytest.raises(ServerError, match=r"scoring worker did not start(.|\n)*scorecard\.yml"):
        stack.up(card)

    assert stack.directory.process_list.entries() == []
    assert not stack.directory.postgres.running
    assert not stack.directory.description.exists()


def test_one_command_at_a_time(stack: Stack) -> None:
    with stack.directory.locked(), pytest.raises(ServerError, match="another"):
        stack.down()


def _wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline, "that did not happen"
        time.sleep(0.1)


def _bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}
