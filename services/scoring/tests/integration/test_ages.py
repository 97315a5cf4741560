"""What a worker shows of how far behind it is: true, or too old, but never younger than it is."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from math import inf

import pytest

from common.bus.errors import BusUnavailable
from common.bus.memory import MemoryConsumer
from common.bus.ports import Ack, Outgoing, Producer, Record
from common.errors import Unreachable
from scoring.partition.commit import Commit
from scoring.partition.memory import StoredPartition
from scoring.postgres.store import PostgresStore
from support.scoring_harness import DAY, START, TOPICS, ScoringHarness, event

# The log's time is the harness's clock, which stands still, or a steady one, which does not: the later of the two.
CLOSE = 20.0


def told(harness: ScoringHarness, cause: str, *, within: str = "+Inf") -> float:
    return harness.count("event_to_signal_seconds_bucket", cause=cause, le=within)


async def test_from_an_event_to_its_signal_is_measured_by_the_logs_clock(wall: ScoringHarness) -> None:
    await wall.post(event("acme", "contract.cancel_requested", START))
    wall.clock.now += 4.0
    await wall.score()
    assert told(wall, "event") >= 1
    assert told(wall, "event", within="2.0") == 0
    assert told(wall, "event", within="5.0") == told(wall, "event")
    assert told(wall, "silence") == 0


async def test_what_silence_brought_is_counted_apart(wall: ScoringHarness) -> None:
    for day in range(7):
        wall.clock.now = START + day * DAY
        await wall.post(event("acme", "session.started", wall.clock.now, user_id="ann"))
    async with wall.running():
        await wall.until(lambda: wall.count("events_total", outcome="counted") == 7)
        before = told(wall, "silence")
        wall.clock.now += 40 * DAY
        await wall.until(lambda: told(wall, "silence") > before)
    assert told(wall, "silence", within="300.0") == before, "nobody looked for forty days"


async def test_in_stream_mode_no_lateness_is_measured(stream: ScoringHarness) -> None:
    await stream.post(event("acme", "contract.cancel_requested", START))
    await stream.score()
    assert stream.signals()
    assert told(stream, "event") + told(stream, "silence") == 0


class Closed(PostgresStore):
    """A database that opens no partition."""

    def __init__(self, inner: PostgresStore) -> None:
        self._engine = inner._engine
        self._patience = inner._patience

    async def load_partition(self, partition: int) -> StoredPartition | None:
        raise Unreachable("away")


async def test_how_far_behind_a_partition_is_that_was_never_opened_nobody_can_know(wall: ScoringHarness) -> None:
    await wall.post(event("acme", "session.started", START))
    async with wall.running(wall.worker(store=Closed(wall.store))):
        await wall.until(lambda: wall.count("partition_reopened_total", reason="unreachable") > 0)
        assert (wall.count("partitions_owned"), wall.count("partitions_open")) == (wall.partitions, 0)
        assert wall.count("lag_seconds", partition="0") == inf


class Slow(PostgresStore):
    """A database that opens partitions, and commits when it is told to."""

    def __init__(self, inner: PostgresStore) -> None:
        self._engine = inner._engine
        self._patience = inner._patience
        self.asked = asyncio.Event()
        self.go_on = asyncio.Event()

    async def commit(self, commit: Commit, cluster_id: str) -> None:
        self.asked.set()
        await self.go_on.wait()
        await super().commit(commit, cluster_id)


class Unread(MemoryConsumer):
    """A reader whose polls bring nothing until it is told to read."""

    def __init__(self, harness: ScoringHarness) -> None:
        inner = harness.consumer()
        super().__init__(harness.broker, TOPICS.events, inner.group)
        self.reads = asyncio.Event()

    async def poll(
        self, *, max_records: int, timeout: float, only: Collection[int] | None = None
    ) -> Mapping[int, Sequence[Record]]:
        if self.reads.is_set():
            return await super().poll(max_records=max_records, timeout=timeout, only=only)
        await asyncio.sleep(timeout)
        return {}


def lags(harness: ScoringHarness) -> list[float]:
    return [harness.count("lag_seconds", partition=str(n)) for n in range(harness.partitions)]


async def with_a_backlog(harness: ScoringHarness) -> None:
    """Each partition has a record that was read, then one of 130 s later that was not; 75 s have passed since."""
    accounts = [harness.name_in(partition) for partition in range(harness.partitions)]
    await harness.post(*(event(account, "session.started", harness.clock.now) for account in accounts))
    await harness.score()
    harness.clock.now += 130.0
    await harness.post(*(event(account, "session.started", harness.clock.now) for account in accounts))
    harness.clock.now += 75.0


async def test_after_a_restart_the_backlog_is_as_old_as_it_is(wall: ScoringHarness) -> None:
    await with_a_backlog(wall)
    reader, slow = Unread(wall), Slow(wall.store)
    async with wall.running(wall.worker(consumer=reader, store=slow)) as worker:
        await wall.until(lambda: len(worker.positions()) == wall.partitions)
        # Nothing was polled yet: no older than the last record that was read.
        assert lags(wall) == pytest.approx([205.0] * wall.partitions, abs=CLOSE)
        reader.reads.set()
        await slow.asked.wait()
        # The records that were polled say it.
        await wall.until(lambda: lags(wall) == pytest.approx([75.0] * wall.partitions, abs=CLOSE))
        slow.go_on.set()
        await wall.until(lambda: lags(wall) == [0.0] * wall.partitions)


async def test_after_a_rebalance_the_backlog_is_as_old_as_it_was(wall: ScoringHarness) -> None:
    await with_a_backlog(wall)
    reader, slow = wall.consumer(), Slow(wall.store)
    async with wall.running(wall.worker(consumer=reader, store=slow)):
        await slow.asked.wait()
        await wall.until(lambda: lags(wall) == pytest.approx([75.0] * wall.partitions, abs=CLOSE))
        wall.clock.now += 10.0
        assert lags(wall) == pytest.approx([85.0] * wall.partitions, abs=CLOSE)
        heir = wall.worker(store=slow)
        joining = asyncio.create_task(wall.broker.expire_session(reader))
        async with wall.running(heir):
            await joining
            await wall.until(lambda: len(heir.positions()) == wall.partitions)
            assert min(lags(wall)) >= 85.0, "the same records are still unread"
            slow.go_on.set()
            await wall.until(lambda: lags(wall) == [0.0] * wall.partitions)


async def test_after_a_quiet_night_nothing_is_behind(wall: ScoringHarness) -> None:
    await wall.post(event("acme", "session.started", START))
    await wall.score()
    wall.clock.now += 8 * 3600.0
    reader = Unread(wall)
    async with wall.running(wall.worker(consumer=reader)) as worker:
        await wall.until(lambda: len(worker.positions()) == wall.partitions)
        assert max(lags(wall)) >= 8 * 3600.0, "what came in the night is not known before the first poll"
        reader.reads.set()
        await wall.until(lambda: lags(wall) == [0.0] * wall.partitions)


async def test_in_stream_mode_nothing_has_an_age(stream: ScoringHarness) -> None:
    await stream.post(event("acme", "session.started", START))
    await stream.score()
    await stream.tick(START + 400 * DAY)
    slow = Slow(stream.store)
    async with stream.running(stream.worker(store=slow)):
        await slow.asked.wait()
        assert lags(stream) == [0.0] * stream.partitions
        assert stream.count("timer_overdue_seconds", partition=str(stream.partition_of("acme"))) == 0.0
        slow.go_on.set()


async def test_a_worker_that_keeps_up_is_not_behind_and_a_lost_partition_shows_nothing(wall: ScoringHarness) -> None:
    await wall.post(event("acme", "session.started", START))
    async with wall.running() as worker:
        await wall.until(lambda: wall.level(worker))
        assert wall.count("partitions") == wall.count("partitions_open") == wall.partitions
        # It is the next look that takes note.
        await wall.until(lambda: [wall.count("lag_seconds", partition=n) for n in "01"] == [0.0, 0.0])
    for name in ("lag_seconds", "timer_overdue_seconds", "outbox_rows", "outbox_oldest_seconds", "dedupe_used_ratio"):
        assert wall.registry.get_sample_value(f"churn_scoring_{name}", {"partition": "0"}) is None


class Silent:
    """A log that reads well and takes nothing but ticks; `refused` counts the attempts at signals."""

    def __init__(self, inner: Producer) -> None:
        self._inner = inner
        self.healthy = True
        self.refused = 0

    async def start(self) -> None:
        await self._inner.start()

    async def stop(self) -> None:
        await self._inner.stop()

    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]:
        if topic == TOPICS.events:
            return await self._inner.send(topic, records)
        self.refused += any(record.key is not None for record in records)
        raise BusUnavailable("no acknowledgement")


async def test_a_signal_that_the_log_refuses_grows_old_also_between_two_attempts(wall: ScoringHarness) -> None:
    await wall.post(event("acme", "contract.cancel_requested", START))
    partition = str(wall.partition_of("acme"))
    silent = Silent(wall.producer)
    async with wall.running(wall.worker(producer=silent)):
        await wall.until(lambda: silent.refused > 0)
        wall.clock.now += 200.0
        seen = []
        for _ in range(20):
            seen.append(wall.count("outbox_oldest_seconds", partition=partition))
            await asyncio.sleep(0.02)
    assert min(seen) == pytest.approx(200.0, abs=CLOSE)
    await wall.score()
    assert await wall.scalar("SELECT count(*) FROM scoring.outbox") == 0


async def test_what_a_former_owner_left_is_as_old_as_it_is(wall: ScoringHarness) -> None:
    await wall.post(event("acme", "contract.cancel_requested", START))
    silent = Silent(wall.producer)
    async with wall.running(wall.worker(producer=silent)):
        await wall.until(lambda: silent.refused > 0)
    wall.clock.now += 100.0
    heir = wall.worker(producer=Silent(wall.producer))
    async with wall.running(heir):
        partition = str(wall.partition_of("acme"))
        await wall.until(lambda: wall.count("outbox_oldest_seconds", partition=partition) >= 100.0)


def test_every_closed_set_of_reasons_begins_at_zero(wall: ScoringHarness) -> None:
    for name, label, reasons in (
        ("dead_letters_total", "reason", ("unreadable", "wrong_partition", "card_change_not_supported", "core_failed")),
        ("partition_reopened_total", "reason", ("doubt", "fenced", "unreachable")),
        ("events_total", "outcome", ("counted", "duplicate")),
        ("event_to_signal_seconds_count", "cause", ("event", "silence")),
    ):
        for reason in reasons:
            assert wall.registry.get_sample_value(f"churn_scoring_{name}", {label: reason}) == 0.0, (name, reason)
