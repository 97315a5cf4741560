"""`make up` and `make down` with real processes, in a folder of the test's own."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from local.stack.__main__ import CARD, StackDescription, down, up
from local.stack.directory import StackDirectory
from local.stack.process_list import runs
from local.stack.processes import ServerError
from local.stack.servers import Broker


@pytest.fixture
def directory() -> Iterator[StackDirectory]:
    # Not pytest's own folder: it is closed to the user that PostgreSQL runs as if we are root.
    path = Path(tempfile.mkdtemp(prefix="up-"))
    path.chmod(0o755)
    directory = StackDirectory(path)
    try:
        yield directory
    finally:
        down(directory)
        directory.postgres.remove()
        shutil.rmtree(path)


@pytest.mark.timeout(180)
def test_the_stack_stays_until_it_is_taken_down(directory: StackDirectory, capsys: pytest.CaptureFixture[str]) -> None:
    assert up(directory, broker=Broker.EMBEDDED, card=CARD) == 0
    stack = msgspec.json.decode(directory.description.read_bytes(), type=StackDescription)
    processes = directory.process_list.entries()

    names = ["broker", "sinks", "scoring worker", "alerts", "scoring api", "ingest"]
    assert [entry.name for entry in processes] == names
    assert all(map(runs, processes))
    assert _post(stack).status_code == 202
    assert _list(stack).status_code == 200
    description = capsys.readouterr().out
    assert stack.keys.write in description
    assert str(directory.messages) in description
    assert "asked to cancel" in _message(directory)
    assert [alert["to"] for alert in _alerts(stack).json()["alerts"]] == ["cancel_intent"]
    assert f"ALERTS_KEY={stack.keys.alerts}" in directory.environment.read_text()

    assert up(directory, broker=Broker.EMBEDDED, card=CARD) == 0
    assert "up already" in capsys.readouterr().out
    assert directory.process_list.entries() == processes

    assert down(directory) == 0
    assert not any(map(runs, processes))
    assert not directory.postgres.running
    assert capsys.readouterr().out == "Ended: ingest, scoring api, alerts, scoring worker, sinks, broker, PostgreSQL.\n"
    assert down(directory) == 0
    assert capsys.readouterr().out == "Nothing was up.\n"


@pytest.mark.timeout(180)
def test_a_start_that_fails_shows_why_and_leaves_nothing_running(directory: StackDirectory, tmp_path: Path) -> None:
    card = tmp_path / "scorecard.yml"
    card.write_text("version: none of this is a card\n")

    with pytest.raises(ServerError, match=r"scoring worker did not start(.|\n)*scorecard\.yml"):
        up(directory, broker=Broker.EMBEDDED, card=card)

    assert directory.process_list.entries() == []
    assert not directory.postgres.running
    assert not directory.description.exists()


def test_one_command_at_a_time(directory: StackDirectory) -> None:
    with directory.alone(), pytest.raises(ServerError, match="another"):
        down(directory)


def _post(stack: StackDescription) -> httpx.Response:
    event = {"account_id": "acme", "event_id": "e-1", "name": "contract.cancel_requested"}
    return httpx.post(f"{stack.ingest}/v1/events", json=event, headers=_bearer(stack.keys.write))


def _list(stack: StackDescription) -> httpx.Response:
    return httpx.get(f"{stack.scoring_api}/v1/accounts", headers=_bearer(stack.keys.read))


def _alerts(stack: StackDescription) -> httpx.Response:
    return httpx.get(f"{stack.alerts}/v1/alerts", headers=_bearer(stack.keys.alerts))


def _message(directory: StackDirectory) -> str:
    """The first one, once it is there."""
    deadline = time.monotonic() + 60
    while not (text := directory.messages.read_text()):
        assert time.monotonic() < deadline, "no message came"
        time.sleep(0.05)
    return text


def _bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}
