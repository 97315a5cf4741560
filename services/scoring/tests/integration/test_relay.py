"""Guarantees 6 and 8: every signal is told once to a reader that keeps ids, and readers learn when all was told."""

import asyncio
from collections.abc import Sequence

import pytest

from common.bus.errors import BusUnavailable, RecordRefused
from common.bus.ports import Ack, Outgoing, Producer
from common.contracts.dead_letters import DeadReason
from common.contracts.signals import CaughtUp, Signal, decode_signals_record
from scoring.partition.commit import OutboxRow, OutboxTopic, QueuedRow
from scoring.postgres.store import PostgresStore
from scoring.worker.context import WorkerLimits
from scoring.worker.relay import Relay, SignalSender
from support.scoring_harness import DAY, START, TOPICS, Clock, ScoringHarness, event
from support.unheard_producer import UnheardProducer


async def troubled(harness: ScoringHarness, accounts: int = 4) -> None:
    for n in range(accounts):
        await harness.post(event(f"account {n}", "session.started", START, user_id="ann"))
        await harness.post(event(f"account {n}", "contract.cancel_requested", START + DAY))
        await harness.post(event(f"account {n}", "contract.renewed", START + 2 * DAY))


async def test_a_signal_is_told_once_and_its_row_is_gone(stream: ScoringHarness) -> None:
    await troubled(stream)
    await stream.score()
    told = [one for one in stream.told() if isinstance(one, Signal)]
    assert len(told) == len({one.signal_id for one in told}) > 8
    assert await stream.scalar("SELECT count(*) FROM scoring.outbox") == 0
    assert await stream.scalar("SELECT count(*) FROM scoring.signal") == len(told)


async def test_a_lost_ack_repeats_and_never_loses(stream: ScoringHarness) -> None:
    await troubled(stream)
    worker = stream.worker(producer=UnheardProducer(stream.broker.producer(), times=2))
    await stream.score(worker)
    told = [one for one in stream.told() if isinstance(one, Signal)]
    assert len(told) > len(stream.signals())
    assert await stream.scalar("SELECT count(*) FROM scoring.signal") == len(stream.signals())
    assert await stream.scalar("SELECT count(*) FROM scoring.outbox") == 0


async def test_what_a_crash_left_in_the_outbox_is_told_by_the_next_owner(stream: ScoringHarness) -> None:
    """Dead between the commit and the relay."""
    await troubled(stream)
    worker = stream.worker(
        producer=UnheardProducer(stream.broker.producer(), times=10**9), store=Forgetful(stream.store)
    )
    async with stream.running(worker):
        await stream.until(lambda: stream.count("commits_total") >= 2)
    waiting = await stream.scalar("SELECT count(*) FROM scoring.outbox")
    assert waiting > 0
    await stream.score()
    assert await stream.scalar("SELECT count(*) FROM scoring.outbox") == 0
    assert len(stream.signals()) == await stream.scalar("SELECT count(*) FROM scoring.signal")


class Forgetful(PostgresStore):
    """A database in which nothing that was sent is ever deleted."""

    def __init__(self, inner: PostgresStore) -> None:
        self._engine = inner._engine
        self._patience = inner._patience

    async def delete_sent(self, partition: int, through: tuple[int, int]) -> None:
        pass


async def test_signals_of_an_account_are_told_in_the_order_of_the_journal(stream: ScoringHarness) -> None:
    await troubled(stream)
    await stream.score(stream.worker(max_records=1))
    for n in range(4):
        moments = [one.at for one in stream.signals(f"account {n}")]
        assert moments == sorted(moments)


async def test_in_stream_mode_a_signal_is_stamped_with_its_own_moment(stream: ScoringHarness) -> None:
    await troubled(stream, accounts=1)
    await stream.score()
    for record in stream.broker.records(TOPICS.signals, stream.partition_of("account 0")):
        said = decode_signals_record(record.value or b"")
        if isinstance(said, Signal):
            assert record.timestamp == round(said.at.timestamp() * 1000)


async def test_readers_hear_once_that_a_new_owner_has_told_everything(wall: ScoringHarness) -> None:
    async with wall.running() as worker:
        await wall.until(lambda: wall.caught_up() == wall.partitions)
        await wall.post(event("acme", "session.started", START))
        await wall.until(lambda: wall.level(worker))
    assert wall.caught_up() == wall.partitions, "nothing was late, so there was nothing to say"


async def test_readers_hear_again_after_a_record_was_late(wall: ScoringHarness) -> None:
    async with wall.running() as worker:
        await wall.until(lambda: wall.caught_up() == wall.partitions)
        await wall.post(event("acme", "session.started", START))
        wall.clock.now += 61  # it had lain unread that long
        await wall.until(lambda: wall.level(worker))
        await wall.until(lambda: wall.caught_up() == wall.partitions + 1)


async def test_readers_hear_again_after_a_timer_was_late_and_an_event_fired_it(wall: ScoringHarness) -> None:
    """The process was frozen for weeks: the event is fresh, but the silence before it was long due."""
    for day in range(7):
        wall.clock.now = START + day * DAY
        await wall.post(event("acme", "session.started", wall.clock.now, user_id="ann"))
    async with wall.running() as worker:
        await wall.until(lambda: wall.caught_up() == wall.partitions and wall.level(worker))
        wall.clock.now += 40 * DAY
        await wall.post(event("acme", "contract.renewed", wall.clock.now))
        await wall.until(lambda: wall.level(worker) and any(one.to == "gone_quiet" for one in wall.signals()))
        await wall.until(lambda: wall.caught_up() > wall.partitions)


async def test_a_worker_that_the_log_holds_up_hands_over_and_goes_on(stream: ScoringHarness) -> None:
    """Its partitions are revoked while it waits for room in the outbox."""
    await troubled(stream)
    gate = Gate(stream.broker.producer())
    held = stream.worker(producer=gate, max_records=4, limits=WorkerLimits(outbox_rows=0))
    async with asyncio.timeout(60), stream.running(held):
        await stream.until(lambda: stream.count("commits_total") >= 2 and gate.waiting >= 1)
        heir = stream.worker()
        async with stream.running(heir):
            await stream.until(lambda: len(heir.positions()) == 1)
            gate.open.set()
            await stream.until(lambda: stream.level(held, heir))


class Gate:
    """A producer whose log takes nothing until it is opened."""

    def __init__(self, inner: Producer) -> None:
        self._inner = inner
        self.open = asyncio.Event()
        self.waiting = 0
        self.healthy = True

    async def start(self) -> None:
        await self._inner.start()

    async def stop(self) -> None:
        await self._inner.stop()

    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]:
        self.waiting += 1
        await self.open.wait()
        return await self._inner.send(topic, records)


async def test_word_comes_after_the_signals_that_it_speaks_of(wall: ScoringHarness) -> None:
    await troubled(wall)
    async with wall.running():
        await wall.until(lambda: wall.caught_up() == wall.partitions)
    for partition in range(wall.partitions):
        records = wall.broker.records(TOPICS.signals, partition)
        assert isinstance(decode_signals_record(records[-1].value or b""), CaughtUp)


class Slow:
    """An outbox that is read long before the answer comes."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.answer = asyncio.Event()
        self.rows: list[QueuedRow] = []

    async def load_outbox(self, partition: int, *, after: tuple[int, int], limit: int) -> list[QueuedRow]:
        found = [row for row in self.rows if (row.seq, row.n) > after][:limit]
        self.asked.set()
        await self.answer.wait()
        return found

    async def delete_sent(self, partition: int, through: tuple[int, int]) -> None:
        self.rows = [row for row in self.rows if (row.seq, row.n) > through]


async def relayed(outbox: Slow, sender: SignalSender, *, now: Clock | None = None) -> Relay:
    """A relay that has emptied this outbox."""
    topics = dict.fromkeys(OutboxTopic, "t")
    relay = Relay(0, outbox=outbox, sender=sender, topics=topics, stamped=False, now=now or Clock())
    running = asyncio.create_task(relay.run())
    try:
        async with asyncio.timeout(60):
            while outbox.rows:  # noqa: ASYNC110 - a list, no event
                await asyncio.sleep(0.001)
    finally:
        running.cancel()
    return relay


class Keen:
    """Takes everything, and says what it took and, if it stamps, when."""

    def __init__(self, stamp: int | None = None) -> None:
        self.values: list[bytes] = []
        self._stamp = stamp

    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]:
        self.values += [record.value for record in records]
        return [Ack(record.partition, 0, self._stamp) for record in records]


async def test_what_is_committed_while_the_outbox_is_read_is_told_all_the_same() -> None:
    outbox, sender = Slow(), Keen()
    relay = Relay(0, outbox=outbox, sender=sender, topics=dict.fromkeys(OutboxTopic, "t"), stamped=False, now=Clock())
    running = asyncio.create_task(relay.run())
    await outbox.asked.wait()
    row = QueuedRow(1, 0, OutboxRow(OutboxTopic.SIGNALS, 0, None, b"late", None))
    outbox.rows.append(row)
    relay.add([row])
    outbox.answer.set()
    async with asyncio.timeout(60):
        while not relay.empty:  # noqa: ASYNC110 - a property, no event
            await asyncio.sleep(0)
    assert sender.values == [b"late"]
    running.cancel()


async def test_what_another_writer_left_is_told_although_a_look_was_under_way() -> None:
    """Between the look and its answer another writer commits and dies; whoever opens the partition then knows."""
    outbox, sender = Slow(), Keen()
    relay = Relay(0, outbox=outbox, sender=sender, topics=dict.fromkeys(OutboxTopic, "t"), stamped=False, now=Clock())
    running = asyncio.create_task(relay.run())
    await outbox.asked.wait()
    theirs = QueuedRow(1, 0, OutboxRow(OutboxTopic.SIGNALS, 0, None, b"theirs", None))
    mine = QueuedRow(2, 0, OutboxRow(OutboxTopic.SIGNALS, 0, None, b"mine", None))
    outbox.rows.append(theirs)
    relay.reload()
    outbox.answer.set()
    await asyncio.sleep(0.01)
    outbox.rows.append(mine)
    relay.add([mine])
    async with asyncio.timeout(60):
        while outbox.rows or not relay.empty:  # noqa: ASYNC110 - a list, no event
            await asyncio.sleep(0)
    assert sender.values == [b"theirs", b"mine"]
    running.cancel()


class Choosy(Keen):
    """Never takes a record with this value or key, whatever it comes with."""

    def __init__(self, hated: bytes) -> None:
        super().__init__()
        self._hated = hated

    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]:
        if any(self._hated in (record.value, record.key) for record in records):
            raise RecordRefused("too large")
        return await super().send(topic, records)


async def test_a_record_that_the_log_refuses_does_not_hold_up_the_others() -> None:
    outbox, sender = Slow(), Choosy(b"huge")
    outbox.answer.set()
    outbox.rows = [
        QueuedRow(1, 0, OutboxRow(OutboxTopic.DEAD, 0, b"key", b"huge", DeadReason.UNREADABLE)),
        QueuedRow(1, 1, OutboxRow(OutboxTopic.DEAD, 0, b"key", b"small", DeadReason.UNREADABLE)),
    ]
    await relayed(outbox, sender)
    assert sender.values == [b"", b"small"], "its key and reason are kept, its body is not"


@pytest.mark.parametrize("stamp", [None, round((START + 60) * 1000)], ids=["our own", "the log's"])
async def test_how_late_a_signal_is_told_is_known_by_its_own_records_time(stamp: int | None) -> None:
    outbox, sender, clock = Slow(), Keen(stamp), Clock(START + 60)
    outbox.answer.set()
    outbox.rows = [
        QueuedRow(1, n, OutboxRow(OutboxTopic.SIGNALS, round((START + n) * 1000), None, b"x")) for n in range(2)
    ]
    relay = await relayed(outbox, sender, now=clock)
    assert relay.take_longest_delay() == 60.0
    assert relay.take_longest_delay() == 0.0, "said once"


class Tight(Keen):
    """Takes no more at once than a producer may have unacknowledged, and takes it never."""

    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]:
        if sum(len(record.value) for record in records) > 16_000_000:
            raise BusUnavailable("too many bytes are waiting for acknowledgement")
        return await super().send(topic, records)


async def test_many_large_rows_are_told_in_portions() -> None:
    outbox, sender = Slow(), Tight()
    outbox.answer.set()
    large = bytes(800_000)
    outbox.rows = [
        QueuedRow(1, n, OutboxRow(OutboxTopic.DEAD, 0, None, large, DeadReason.UNREADABLE)) for n in range(30)
    ]
    await relayed(outbox, sender)
    assert len(sender.values) == 30


async def test_a_dead_letter_whose_key_alone_is_too_large_does_not_hold_up_the_others() -> None:
    outbox, sender = Slow(), Choosy(b"huge")
    outbox.answer.set()
    outbox.rows = [
        QueuedRow(1, 0, OutboxRow(OutboxTopic.DEAD, 0, b"huge", b"body", DeadReason.UNREADABLE)),
        QueuedRow(1, 1, OutboxRow(OutboxTopic.DEAD, 0, b"key", b"small", DeadReason.UNREADABLE)),
    ]
    await relayed(outbox, sender)
    assert sender.values == [b"", b"small"], "its reason is kept"
