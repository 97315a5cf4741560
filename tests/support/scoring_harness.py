"""Scoring for tests: real workers over a log in memory and a real database, started, stopped and hurt at will."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from common import database
from common.bus.memory import MemoryBroker, MemoryConsumer
from common.bus.partitioner import partition_of
from common.bus.ports import Outgoing, Producer, Record
from common.contracts.events import Announcement, Event, EventsRecord, Tick, encode_events_record
from common.contracts.signals import CaughtUp, Signal, SignalsRecord, decode_signals_record
from common.erasures.erasure_key import ErasureKey
from common.topics import TimeMode, Topics, ensure
from ingest.dead_letters.letter import read_letter
from ingest.dead_letters.resending import EventResender, LetterResender
from scoring.cards.country_days import country_days
from scoring.health.card import Card
from scoring.health.request import REQUEST_SECONDS
from scoring.health.scorer import Scorer
from scoring.partition.origin import Origin
from scoring.postgres.housekeeping import PostgresHousekeepingStore
from scoring.postgres.store import PostgresStore
from scoring.worker.assembly import WorkerClocks, WorkerParts, WorkerRules, WorkerStore, assemble, origin
from scoring.worker.context import WorkerLimits
from scoring.worker.housekeeping.metrics import HousekeepingMetrics
from scoring.worker.housekeeping.task import HousekeepingStore
from scoring.worker.metrics import WorkerMetrics
from scoring.worker.worker import ScoringWorker

TOPICS = Topics("")
ERASURE_KEY = ErasureKey("a key of thirty-two characters, at least")
DAY = 86_400.0
START = datetime(2026, 3, 2, tzinfo=UTC).timestamp()

# All that depends on the log alone. What is left out names the cuts (seq), or the clock of the machine.
_ROWS = {
    "state": "SELECT account_id, partition, encode(body, 'hex') FROM scoring.state",
    "timer": "SELECT account_id, partition, due FROM scoring.timer",
    "account": "SELECT * FROM scoring.account",
    "person": "SELECT * FROM scoring.person",
    "signal": "SELECT signal_id, account_id, partition, kind, at, body::text FROM scoring.signal",
    "feed_pause": "SELECT * FROM scoring.feed_pause",
    "applied": "SELECT partition, id FROM scoring.applied",
    "day": "SELECT account_id, day, partition, body::text FROM scoring.day",
    "kpi_entry": """SELECT partition, row_number() OVER (PARTITION BY partition ORDER BY seq, n), account_id, name, at,
                           known_at, key, encode(person, 'hex'), body::text, words FROM scoring.kpi_entry""",
    "erased_kpi_entry": "SELECT n, name, at, known_at, key, body::text FROM scoring.erased_kpi_entry",
    "erased": "SELECT partition, encode(pseudonym, 'hex'), erased_at, lifted_at FROM scoring.erased",
    "position": """SELECT DISTINCT ON (partition) partition, to_offset, clock, newest FROM scoring.journal
                   ORDER BY partition, seq DESC""",
}

_TABLES = (
    "journal", "state", "timer", "seen", "outbox", "account", "signal", "day", "heartbeat", "ranking",
    "finished_ranking", "person", "event_name", "unusable_value", "announcement", "applied", "feed_pause",
    "kpi_entry",
)  # fmt: skip


class Clock:
    """Stands still until it is set, and moves steadily for those who only count."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def event(account_id: str, name: str, at: float, **more: Any) -> Event:
    """An event as ingest writes it; its id is made of what it says unless given."""
    moment = datetime.fromtimestamp(at, UTC)
    given = {"event_id": f"{name}@{at}", "source": "test", "user_id": None, "history": False} | more
    return Event(account_id=account_id, name=name, time=moment, received_at=moment, **given)


# Reading the YAML of a card takes longer than many a test, and most tests have the same one.
_origin = cache(origin)


class ScoringHarness:
    """A log with its topics, a database with its tables, and the workers between them."""

    def __init__(
        self,
        url: str,
        card: str,
        *,
        mode: TimeMode,
        partitions: int,
        limits: WorkerLimits,
        clock: Clock,
        first_look_seconds: int = 0,
    ) -> None:
        self.broker = MemoryBroker(clock=clock)
        self.clock = clock
        self.mode = mode
        self.partitions = partitions
        self.registry = CollectorRegistry()
        self.engine: AsyncEngine = database.engine(url, pre_ping=False)
        self.store = PostgresStore(self.engine, patience=10.0)
        self.housekeeping_store: HousekeepingStore = PostgresHousekeepingStore(self.engine, patience=10.0)
        self.producer: Producer = self.broker.producer()
        self.metrics = WorkerMetrics(self.registry)
        self.housekeeping_metrics = HousekeepingMetrics(self.registry)
        self._tasks: dict[ScoringWorker, asyncio.Task[None]] = {}
        self.rules = WorkerRules(
            topics=TOPICS, limits=limits, max_records=500, late_after=60.0, log_patience=1.0, erasure_key=ERASURE_KEY
        )
        self.card: Card
        self.origin: Origin
        self.card, self.origin = _origin(
            card, name="test card", time_mode=mode, partitions=partitions, first_look_seconds=first_look_seconds
        )
        seconds = REQUEST_SECONDS if mode is TimeMode.WALL else None
        self.scorer = Scorer(
            self.card,
            self.origin.card_id,
            strict=True,
            calendars=country_days,
            request_seconds=seconds,
            first_look_seconds=first_look_seconds,
        )

    async def prepare(self) -> None:
        await ensure(
            self.broker.admin(), TOPICS, mode=self.mode, partitions=self.partitions, replication=1, retention_days=35
        )

    async def empty(self, *, keep_log: bool = False, keep_erased: bool = False) -> None:
        """A new database, and a new log unless it is kept (what was told is gone either way).

        `keep_erased` as in a rebuild, which keeps the table of erased accounts.
        """
        tables = _TABLES if keep_erased else (*_TABLES, "erased", "erased_kpi_entry")
        async with self.engine.begin() as connection:
            await connection.execute(text(f"TRUNCATE {', '.join(f'scoring.{table}' for table in tables)}"))
        for topic in (TOPICS.signals, TOPICS.dead, *(() if keep_log else (TOPICS.events,))):
            self.broker.topics.pop(topic)
        await self.prepare()

    def partition_of(self, account_id: str) -> int:
        return partition_of(account_id.encode(), self.partitions)

    def name_in(self, partition: int) -> str:
        """An account of this partition."""
        return next(name for n in range(100) if self.partition_of(name := f"account {n}") == partition)

    async def post(self, *events: Event) -> None:
        """Stamped with the events' own times in stream mode, by the log in wall mode."""
        for one in events:
            await self.write(self.partition_of(one.account_id), one, at=one.time.timestamp())

    async def send_again(self, letter: Record) -> None:
        """As `python -m ingest dead resend` does with the letter's position."""
        resender = LetterResender({"scoring": EventResender(partitions=self.partitions, mode=self.mode)})
        await self.producer.send(TOPICS.events, await resender.records(read_letter(letter)))

    async def tick(self, at: float) -> None:
        for partition in range(self.partitions):
            await self.write(partition, Tick(), at=at)

    async def announce(self, announcement: Announcement, at: float) -> None:
        """To every partition, as whoever replays a stream does."""
        for partition in range(self.partitions):
            await self.write(partition, announcement, at=at)

    async def write(self, partition: int, record: EventsRecord | bytes, *, at: float, key: bytes | None = None) -> None:
        """`key` is for a record that cannot be read; an event has its account's."""
        outgoing = self._outgoing(partition, record, at=at)
        await self.producer.send(TOPICS.events, [outgoing if key is None else outgoing._replace(key=key)])

    async def write_together(self, partition: int, events: Iterable[Event]) -> None:
        """So that one poll brings them all."""
        records = [self._outgoing(partition, one, at=one.time.timestamp()) for one in events]
        await self.producer.send(TOPICS.events, records)

    def _outgoing(self, partition: int, record: EventsRecord | bytes, *, at: float) -> Outgoing:
        value = record if isinstance(record, bytes) else encode_events_record(record)
        key = record.account_id.encode() if isinstance(record, Event) else None
        stamp = round(at * 1000) if self.mode is TimeMode.STREAM else None
        return Outgoing(partition, key, value, (), stamp)

    def consumer(self) -> MemoryConsumer:
        return self.broker.consumer(TOPICS.events, group="scoring")

    def worker(
        self,
        *,
        store: WorkerStore | None = None,
        producer: Producer | None = None,
        max_records: int | None = None,
        consumer: MemoryConsumer | None = None,
        limits: WorkerLimits | None = None,
        clock: Callable[[], float] | None = None,
        cluster_id: str = "memory",
    ) -> ScoringWorker:
        """`max_records` is the most that it polls at once, and the most that it commits at once."""
        parts = WorkerParts(
            consumer=consumer or self.consumer(),
            producer=producer or self.broker.producer(),
            admin=self.broker.admin(),
            store=store or self.store,
            housekeeping_store=self.housekeeping_store,
            metrics=self.metrics,
            housekeeping_metrics=self.housekeeping_metrics,
            clocks=WorkerClocks(wall=clock or self.clock, steady=asyncio.get_running_loop().time),
            cluster_id=cluster_id,
            partition_of=partition_of,
        )
        rules = self.rules
        if limits is not None:
            rules = msgspec.structs.replace(rules, limits=limits)
        if max_records is not None:
            cut = msgspec.structs.replace(rules.limits, run_records=max_records)
            rules = msgspec.structs.replace(rules, max_records=max_records, limits=cut)
        return assemble(parts, rules, scorer=self.scorer, origin=self.origin)

    @asynccontextmanager
    async def running(self, worker: ScoringWorker | None = None) -> AsyncIterator[ScoringWorker]:
        """Stopped in good order at the end; what it raises is raised here."""
        worker = worker or self.worker()
        stop = asyncio.Event()
        task = self._tasks[worker] = asyncio.create_task(worker.run(stop))
        try:
            yield worker
        finally:
            stop.set()
            await task

    async def score(self, worker: ScoringWorker | None = None) -> None:
        """Runs a worker until all that is in the log now has been scored and told."""
        worker = worker or self.worker()
        async with self.running(worker):
            await self.until(lambda: self._tasks[worker].done() or self.level(worker))

    def level(self, *workers: ScoringWorker) -> bool:
        """Whether these workers have read all, and told all."""
        positions = {n: where for worker in workers for n, where in worker.positions().items()}
        ends = {n: log.end for n, log in enumerate(self.broker.topics[TOPICS.events].partitions)}
        return all(positions.get(n) == (end, 0) for n, end in ends.items())

    async def until(self, condition: Callable[[], bool], *, seconds: float = 60.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
                await asyncio.sleep(0.002)

    def told(self) -> list[SignalsRecord]:
        """The signals topic as it is, copies and all, partition by partition."""
        return [
            decode_signals_record(record.value)
            for partition in range(self.partitions)
            for record in self.broker.records(TOPICS.signals, partition)
            if record.value is not None
        ]

    def signals(self, account_id: str | None = None) -> list[Signal]:
        """What a reader that keeps ids has been told, in order."""
        known: dict[str, Signal] = {}
        for record in self.told():
            if isinstance(record, Signal) and account_id in (None, record.account_id):
                known.setdefault(record.signal_id, record)
        return list(known.values())

    def caught_up(self) -> int:
        return sum(isinstance(record, CaughtUp) for record in self.told())

    async def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every stored row that is a function of the log."""
        async with self.engine.connect() as connection:
            return {
                name: sorted((tuple(row) for row in await connection.execute(text(query))), key=repr)
                for name, query in _ROWS.items()
            }

    async def scalar(self, query: str) -> Any:
        async with self.engine.connect() as connection:
            return (await connection.execute(text(query))).scalar()

    def count(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"churn_scoring_{name}", labels) or 0.0


@asynccontextmanager
async def scoring_harness(
    url: str,
    card: str,
    *,
    mode: TimeMode = TimeMode.STREAM,
    partitions: int = 2,
    limits: WorkerLimits | None = None,
    clock: Clock | None = None,
    first_look_seconds: int = 0,
) -> AsyncIterator[ScoringHarness]:
    """On empty tables of scoring."""
    built = ScoringHarness(
        url,
        card,
        mode=mode,
        partitions=partitions,
        limits=limits or WorkerLimits(),
        clock=clock or Clock(),
        first_look_seconds=first_look_seconds,
    )
    try:
        await built.prepare()
        yield built
    finally:
        await built.engine.dispose()


def ids(signals: Sequence[Signal]) -> list[str]:
    return [one.signal_id for one in signals]
