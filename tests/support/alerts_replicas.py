"""Alerts for tests: real replicas over a log in memory and a real database, with channels that remember."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from alerts.assembly import Replica, ReplicaOptions, ReplicaParts, assemble
from alerts.channels.email.render import EmailRenderer
from alerts.channels.registry import Channel, ChannelLimits
from alerts.channels.slack.render import SlackRenderer
from alerts.messages.renderer import ChannelRenderer, MessageRenderer
from alerts.metrics import AlertsMetrics
from alerts.playbooks.load import load_playbooks
from alerts.playbooks.playbooks import Playbooks
from alerts.postgres.decision_store import PostgresDecisionStore
from alerts.postgres.notification_queue import PostgresNotificationQueue
from alerts.postgres.timer_notices import TimerNotices
from alerts.routing.load import load
from alerts.samples import NOON
from alerts.sending.backoff import Backoff
from alerts.signals.decoding import decode_record
from common import database
from common.bus.memory import MemoryBroker, MemoryConsumer
from common.bus.partitioner import partition_of
from common.bus.ports import Outgoing
from common.contracts.events import Erased, ErasureLifted, MentionsErased, Tick, UserErased, UserErasureLifted
from common.contracts.signals import CaughtUp, Facts, FactsChanged, Signal, encode_signals_record
from common.erasures.erasure_key import ErasureKey
from common.topics import TimeMode, Topics, ensure
from support.alerts_sending import FakeChannels

TOPIC = Topics("").signals
PLAYBOOKS = Path(__file__).parents[2] / "deploy" / "playbooks.yml"
PARTITIONS = 2
RENDERERS: dict[Channel, ChannelRenderer] = {
    Channel.SLACK: SlackRenderer(),
    Channel.EMAIL: EmailRenderer("alerts.test"),
}
LATE = 300.0
BEHIND = 60.0
ROUTES = """
route:
  receiver: desk
  resolve_after: at once
  routes:
    - matchers: ['to="nobody_asks"']
      receiver: nobody
receivers:
  - name: desk
    slack: {channel: "#desk"}
  - name: nobody
final_outcomes: [churned]
"""
_TABLES = (
    *("progress", "alert", "decision", "notification", "attempt", "acknowledgement", "timer", "account_facts"),
    *("gathering", "gathered", "erased", "erased_signal"),
)
ERASURE_KEY = ErasureKey("a key of thirty-two characters, at least")


class Clock:
    """Stands still until it is set: the log's and the replicas' wall clock."""

    def __init__(self) -> None:
        self.now = NOON.timestamp()

    def __call__(self) -> float:
        return self.now


class Running:
    """One replica at work."""

    def __init__(self, replica: Replica, consumer: MemoryConsumer, notices: TimerNotices | None) -> None:
        self.replica = replica
        self.consumer = consumer
        self._stop = asyncio.Event()
        work = [replica.worker.run(self._stop), replica.sender.run(self._stop)]
        if notices is not None:
            work.append(notices.keep(self._stop, heard=replica.notified))
        self._tasks = [asyncio.create_task(one) for one in work]

    def check(self) -> None:
        """Raises what has ended it."""
        for task in self._tasks:
            if task.done():
                task.result()

    async def stop(self) -> None:
        self._stop.set()
        await asyncio.gather(*self._tasks)

    async def kill(self) -> None:
        """As a crash does, with whatever is under way cut short."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@cache
def _playbooks() -> Playbooks:
    """Reading their YAML takes longer than many a test."""
    return load_playbooks(PLAYBOOKS.read_text(), str(PLAYBOOKS))


class ReplicasHarness:
    def __init__(self, url: str, *, mode: TimeMode, routes: str, partitions: int) -> None:
        self.partitions = partitions
        self.clock = Clock()
        self.broker = MemoryBroker(clock=self.clock)
        self.engine: AsyncEngine = database.engine(url, pool_size=10)
        self.theirs: AsyncEngine = database.engine(url, pool_size=10, pre_ping=False)  # the replicas', as they have it
        self.post = FakeChannels()
        self.registry = CollectorRegistry()
        self.metrics = AlertsMetrics(self.registry)
        self.running: list[Running] = []
        self.lease = 60.0  # seconds
        self.erasure_key: ErasureKey | None = ERASURE_KEY
        self.notified = True  # whether replicas that start hear each other's notices
        self._mode = mode
        self._routes = load(routes, "routes of the test")
        self._renderer = MessageRenderer(
            _playbooks(),
            self._routes.account_url,
            RENDERERS,
            accounts_url=self._routes.accounts_url,
        )

    async def prepare(self) -> None:
        await ensure(
            self.broker.admin(),
            Topics(""),
            mode=self._mode,
            partitions=self.partitions,
            replication=1,
            retention_days=35,
        )

    async def empty(self) -> None:
        """A new log and new tables."""
        async with self.engine.begin() as connection:
            await connection.execute(text(f"TRUNCATE {', '.join(f'alerts.{name}' for name in _TABLES)}"))
        self.post.arrived.clear()
        await self.new_log()

    async def new_log(self) -> None:
        self.broker.topics.pop(TOPIC, None)
        await self.prepare()

    async def start(
        self, *, max_records: int = 500, cluster_id: str = "memory", wall: Callable[[], float] | None = None
    ) -> Running:
        consumer = self.broker.consumer(TOPIC, group="alerts")
        parts = ReplicaParts(
            consumer=consumer,
            producer=self.broker.producer(),
            admin=self.broker.admin(),
            decision_store=PostgresDecisionStore(
                self.theirs,
                patience=10.0,
                partitions=self.partitions,
                count_unreadable=self.metrics.unreadable,
            ),
            queue=PostgresNotificationQueue(self.theirs, lease=self.lease, patience=10.0),
            router=self._routes,
            renderer=self._renderer,
            clients=dict.fromkeys(Channel, self.post),
            metrics=self.metrics,
            wall=wall or self.clock,
            steady=asyncio.get_running_loop().time,
            cluster_id=cluster_id,
        )
        notices = TimerNotices(self.engine) if self.notified else None
        running = Running(assemble(parts, self._rules(max_records)), consumer, notices)
        self.running.append(running)
        return running

    def _rules(self, max_records: int) -> ReplicaOptions:
        return ReplicaOptions(
            topic=TOPIC,
            mode=self._mode,
            final=self._routes.final_outcomes,
            gather=self._routes.gather,
            limits=dict.fromkeys(Channel, ChannelLimits(concurrency=4)),
            backoff=Backoff(retry=0.01, most=0.05, give_up=3600.0, hand_on=3600.0),
            max_records=max_records,
            late_after=LATE,
            behind_after=BEHIND,
            lease=self.lease,
            log_patience=1.0,
            erasure_key=self.erasure_key,
        )

    async def tell(self, *signals: Signal, stamped: bool = False) -> None:
        """As the relay does, now by the log's clock; `stamped`: at the signals' own moments (stream mode)."""
        for signal in signals:
            stamp = round(signal.at.timestamp() * 1000) if stamped else None
            await self.append(
                partition_of(signal.account_id.encode(), self.partitions), encode_signals_record(signal), stamp
            )

    def tell_unreached(self, *signals: Signal, each: float) -> None:
        """The log takes them, one every `each` seconds, while nobody here reaches it."""
        for signal in signals:
            partition = partition_of(signal.account_id.encode(), self.partitions)
            self.broker.append(TOPIC, [Outgoing(partition, None, encode_signals_record(signal))])
            self.clock.now += each

    async def caught_up(self, partition: int) -> None:
        await self.append(partition, encode_signals_record(CaughtUp(partition)))

    async def facts(self, account_id: str, facts: Facts) -> None:
        """As scoring tells them when they change."""
        record = FactsChanged(account_id, facts)
        await self.append(partition_of(account_id.encode(), self.partitions), encode_signals_record(record))

    async def erase(self, account_id: str, request: str = "request 1", *, lift: bool = False) -> None:
        """As scoring passes an erasure on, or its lifting."""
        pseudonym = ERASURE_KEY.pseudonym(account_id).hex()
        record = ErasureLifted(request, pseudonym) if lift else Erased(request, account_id, pseudonym)
        await self.append(partition_of(account_id.encode(), self.partitions), encode_signals_record(record))

    async def erase_mentions(self, account_id: str, request: str = "request 1") -> None:
        """As scoring passes it on, in every partition."""
        for partition in range(self.partitions):
            await self.append(partition, encode_signals_record(MentionsErased(request, account_id)))

    async def erase_user(self, user_id: str, request: str = "request 1", *, lift: bool = False) -> None:
        """As scoring passes it on, in every partition."""
        pseudonym = ERASURE_KEY.user_pseudonym(user_id).hex()
        erased = UserErased(request, user_id, pseudonym, substitute="drawn-by-lot")
        record = UserErasureLifted(request, pseudonym) if lift else erased
        for partition in range(self.partitions):
            await self.append(partition, encode_signals_record(record))

    async def tick(self, partition: int, *, stamp: float) -> None:
        """As scoring forwards it (stream mode); `stamp` is seconds."""
        await self.append(partition, encode_signals_record(Tick()), round(stamp * 1000))

    def ticks(self, partition: int) -> list[float]:
        """The record times of those on the log, in seconds."""
        records = self.broker.records(TOPIC, partition)
        return [one.timestamp / 1000 for one in records if decode_record(one.value or b"") == Tick()]

    async def append(self, partition: int, value: bytes, stamp: int | None = None) -> None:
        await self.broker.producer().send(TOPIC, [Outgoing(partition, None, value, timestamp=stamp)])

    async def settled(self) -> None:
        """When all that the log holds is decided, and nothing that may be sent now is still to be sent."""
        async with asyncio.timeout(60):
            while not await self._is_settled():
                for one in self.running:
                    one.check()
                await asyncio.sleep(0.01)

    async def tried(self, count: int) -> None:
        """When so many attempts have ended. Until then a message is on its way, and counts as told."""
        async with asyncio.timeout(60):
            while await self.rows("SELECT count(*) FROM alerts.attempt WHERE outcome IS NOT NULL") < [(count,)]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def opens(self, running: Running) -> None:
        """When this replica may send what it has: a moment after it has read the log to its end."""
        async with asyncio.timeout(60):
            while not running.replica.worker.open_partitions():  # noqa: ASYNC110 - a gate that opens tells nobody
                await asyncio.sleep(0.01)

    async def _is_settled(self) -> bool:
        reached = dict(await self.rows("SELECT partition, to_offset FROM alerts.progress"))
        for number, partition in enumerate(self.broker.topics[TOPIC].partitions):
            if partition.end and reached.get(number) != partition.end:
                return False
        opened = [one.replica.worker.open_partitions() for one in self.running]
        if not any(opened):
            return True
        return await self.rows("SELECT 1 FROM alerts.notification WHERE status = 'pending' LIMIT 1") == []

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(query))]

    async def reasons(self, account_id: str = "cust-001") -> list[tuple[str, str]]:
        """What each decision about an account was of, and its reason, in order."""
        query = f"""SELECT a."to", d.reason FROM alerts.decision d JOIN alerts.alert a USING (signal_id)
                    WHERE a.account_id = '{account_id}' ORDER BY d.seq"""
        return [(row[0], row[1]) for row in await self.rows(query)]

    def count(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"churn_alerts_{name}", labels) or 0.0


@asynccontextmanager
async def replicas_harness(
    url: str, *, mode: TimeMode = TimeMode.WALL, routes: str = ROUTES, partitions: int = PARTITIONS
) -> AsyncIterator[ReplicasHarness]:
    """On empty tables of alerts. No replica runs yet; those that still do at the end are stopped."""
    built = ReplicasHarness(url, mode=mode, routes=routes, partitions=partitions)
    try:
        await built.prepare()
        yield built
    finally:
        await asyncio.gather(*(one.stop() for one in built.running))
        await built.engine.dispose()
        await built.theirs.dispose()


def titles(arrived: Sequence[str]) -> list[str]:
    """The first part of each message's text."""
    return [one.split(" · ")[0] for one in arrived]
