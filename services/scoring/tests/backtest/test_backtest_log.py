"""A back-test of the running system's own log, from a real broker."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from common.bus.kafka import KafkaAdmin, KafkaProducer
from common.bus.partitioner import partition_of
from common.bus.ports import Outgoing
from common.contracts.events import (
    Erased,
    ErasureLifted,
    Event,
    EventsRecord,
    Tick,
    UserErased,
    UserErasureLifted,
    encode_events_record,
)
from common.topics import TimeMode, Topics, ensure
from local.stack.embedded_broker import FETCH_MAX_WAIT, EmbeddedBroker
from scoring.__main__ import main
from support.cards import SMALL

PARTITIONS = 3
NOW = datetime.now(UTC).replace(microsecond=0)


class Log:
    """Topics of this test's own."""

    def __init__(self, broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch) -> None:
        self._broker = broker
        self.prefix = f"backtest-{uuid4().hex[:8]}."
        monkeypatch.setenv("KAFKA_BOOTSTRAP", broker.bootstrap)
        monkeypatch.setenv("TOPIC_PREFIX", self.prefix)
        monkeypatch.setenv("SCORING_FETCH_WAIT_MS", str(round(FETCH_MAX_WAIT * 1000)))

    def write(self, records: Sequence[tuple[int, EventsRecord | bytes, datetime]]) -> None:
        """Partition, record, record time."""
        asyncio.run(self._write(records))

    async def _write(self, records: Sequence[tuple[int, EventsRecord | bytes, datetime]]) -> None:
        topics = Topics(self.prefix)
        admin = KafkaAdmin(self._broker.bootstrap, fetch_max_wait=FETCH_MAX_WAIT)
        await ensure(admin, topics, mode=TimeMode.STREAM, partitions=PARTITIONS, replication=1, retention_days=35)
        producer = KafkaProducer(self._broker.bootstrap, deadline=10.0, max_pending_bytes=1 << 24)
        await producer.start()
        try:
            outgoing = [
                Outgoing(
                    partition,
                    None,
                    record if isinstance(record, bytes) else encode_events_record(record),
                    timestamp=round(at.timestamp() * 1000),
                )
                for partition, record, at in records
            ]
            if outgoing:
                await producer.send(topics.events, outgoing)
        finally:
            await producer.stop()


@pytest.fixture
def log(embedded_broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch) -> Log:
    return Log(embedded_broker, monkeypatch)


@pytest.fixture
def card(tmp_path: Path) -> Path:
    file = tmp_path / "card.yml"
    file.write_text(SMALL)
    return file


def session(account_id: str, at: datetime, event_id: str, *, history: bool = False) -> tuple[int, Event, datetime]:
    event = Event(event_id, account_id, "session.started", at, "web", at, user_id="ann", history=history)
    return partition_of(account_id.encode(), PARTITIONS), event, at


def back_test(card: Path, *words: str) -> dict[str, object]:
    file = card.with_suffix(".json")
    assert main(["backtest", "--log", "--card", str(card), "--json", str(file), "--processes", "1", *words]) == 0
    found: dict[str, object] = json.loads(file.read_text())
    return found


def test_all_that_the_log_holds_of_the_last_days_is_scored(
    log: Log, card: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    acme = [session("acme", NOW - timedelta(days=day), f"a-{day}") for day in (40, 30, 29, 28, 27)]
    birch = [session("birch", NOW - timedelta(days=day), f"b-{day}") for day in range(20, 0, -1)]
    again = session("birch", NOW - timedelta(hours=1), "b-1")  # a duplicate
    ticks = [(partition, Tick(), NOW) for partition in range(PARTITIONS)]
    strange = (0, b'{"type": "moon.phase"}', NOW)
    log.write([*acme, *birch, again, *ticks, strange])

    found = back_test(card)

    assert (found["accounts"], found["events"]) == (2, 24)
    (people,) = (found["people"]["card"],)  # type: ignore[index]
    standings = {one["account_id"]: one for one in people["standings"]}
    assert standings["acme"]["band"] == "red"
    assert standings["birch"]["band"] != "red"
    told = capsys.readouterr().out
    assert "1 duplicates were left out." in told
    assert "1 records could not be read by this release, and were left out." in told
    assert "auc: nothing to observe." in told


def test_an_erased_account_is_left_out_and_comes_back_after_the_lift(log: Log, card: Path) -> None:
    acme = [session("acme", NOW - timedelta(days=day), f"a-{day}") for day in (40, 30, 20)]
    birch = [session("birch", NOW - timedelta(days=day), f"b-{day}") for day in range(20, 0, -1)]
    cedar = [session("cedar", NOW - timedelta(days=day), f"c-{day}") for day in (12, 9, 6, 3)]
    partition = {name: partition_of(name.encode(), PARTITIONS) for name in ("acme", "cedar")}
    erased = [(partition["acme"], Erased("r-1", "acme", "aa"), datetime.fromtimestamp(0, UTC))]
    gone = (partition["cedar"], Erased("r-2", "cedar", "cc"), NOW - timedelta(days=10))
    back = (partition["cedar"], ErasureLifted("r-2", "cc"), NOW - timedelta(days=7))
    log.write([*acme, *birch, cedar[0], gone, cedar[1], back, *cedar[2:], *erased])

    found = back_test(card)

    assert (found["accounts"], found["events"]) == (2, 20 + 2)


def test_an_erased_person_counts_as_somebody_until_the_erasure_and_not_after_it(log: Log, card: Path) -> None:
    days = [session("acme", NOW - timedelta(days=day), f"a-{day}") for day in range(20, 0, -1)]
    partition = days[0][0]
    # One that is older than what is asked of is known too: in stream mode it has no time.
    gone = (partition, UserErased("r-1", "ann", "aa", "someone"), datetime.fromtimestamp(0, UTC))
    back = (partition, UserErasureLifted("r-1", "aa"), NOW)
    broken = (partition, UserErased("r-2", "ann", "no hexadecimal", "someone"), NOW)
    log.write([*days[:15], gone, *days[15:18], back, *days[18:], broken])

    found = back_test(card)

    assert (found["accounts"], found["events"]) == (1, 15 + 2)


def test_fewer_days_are_read_if_asked_for(log: Log, card: Path) -> None:
    log.write([session("acme", NOW - timedelta(days=day), f"a-{day}") for day in (30, 20, 10, 1)])

    assert back_test(card, "--days", "15")["events"] == 2


def test_time_passes_to_now_though_nobody_did_anything(log: Log, card: Path) -> None:
    log.write([session("acme", NOW - timedelta(days=day), f"a-{day}") for day in (30, 29, 28)])

    found = back_test(card)

    (people,) = (found["people"]["card"],)  # type: ignore[index]
    assert {one["signal"] for one in people["signals"]} >= {"flag gone_quiet"}


def test_an_import_counts_by_the_days_on_which_it_happened(log: Log, card: Path) -> None:
    days = [NOW - timedelta(days=day) for day in range(30, 20, -1)]
    imported = [session("acme", at, f"a-{at.day}", history=True) for at in days]
    log.write([(partition, event, NOW) for partition, event, _ in imported])

    found = back_test(card)

    assert found["days"] in (31, 32)
    (people,) = (found["people"]["card"],)  # type: ignore[index]
    assert [one["band"] for one in people["standings"]] == ["red"]


def test_the_records_of_a_replay_lie_in_the_past(log: Log, card: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIME_MODE", "stream")
    then = datetime(2013, 2, 1, tzinfo=UTC)
    log.write([session("acme", then + timedelta(days=day), f"a-{day}") for day in range(10)])

    assert (back_test(card)["events"], back_test(card)["days"]) == (10, 10)


def test_outcomes_go_with_a_log(log: Log, card: Path, tmp_path: Path) -> None:
    outcomes = tmp_path / "outcomes.csv"
    outcomes.write_text(f"account_id,churned_at\nacme,{(NOW - timedelta(days=2)).isoformat()}\n")
    log.write([session("acme", NOW - timedelta(days=day), f"a-{day}") for day in range(32, 2, -1)])

    assert back_test(card, "--outcomes", str(outcomes))["churned"] == 1


def test_a_broker_without_the_topic_is_told(log: Log, card: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", "--log", "--card", str(card)]) == 1

    assert capsys.readouterr().err == f"the broker has no topic {log.prefix}account.events.v1\n"


def test_an_empty_log_is_told(log: Log, card: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log.write([])

    assert main(["backtest", "--log", "--card", str(card)]) == 1

    assert capsys.readouterr().err == "no event was found\n"


def test_without_a_broker_the_command_says_so(
    card: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:1")

    assert main(["backtest", "--log", "--card", str(card)]) == 1

    assert "127.0.0.1:1" in capsys.readouterr().err
