"""From a signal in the log to the request at Slack, phase by phase.

    PYTHONPATH=. python -m bench.alerts_latency

One whole replica of alerts over a log in memory: the database is a real PostgreSQL that waits for its disk, Slack a
process of its own. First one signal at a time, then signals at a steady rate.
"""

import argparse
import asyncio
import re
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import quantiles

import structlog
import uvloop
from prometheus_client import CollectorRegistry

from alerts.assembly import ReplicaOptions, ReplicaParts, assemble
from alerts.channels.registry import Channel, ChannelLimits
from alerts.channels.slack.client import SlackClient
from alerts.channels.slack.render import SlackRenderer
from alerts.messages.renderer import MessageRenderer
from alerts.metrics import AlertsMetrics
from alerts.playbooks.load import load_playbooks
from alerts.postgres.decision_store import PostgresDecisionStore
from alerts.postgres.notification_queue import PostgresNotificationQueue
from alerts.routing.load import load
from alerts.samples import Sample
from alerts.sending.backoff import Backoff
from alerts.sending.claims import AttemptOutcome, ClaimedMessage, ClaimResult
from alerts.sending.limits import SendCapacity
from alerts.topic.batch import ReadSignal, RecordedSignals
from alerts.topic.position import TopicPosition
from alerts.topic.timers import PartitionTimers
from alerts.worker.decision_service import DecisionTransaction
from common import database
from common.bus.memory import MemoryBroker
from common.bus.partitioner import partition_of
from common.bus.ports import Outgoing
from common.contracts.signals import Band, Facts, Signal, encode_signals_record
from common.erasures.erasure_spans import ErasureRow
from common.topics import TimeMode, Topics, ensure
from local.fakes.slack_sink import SlackSink
from local.stack.postgres import Postgres

PARTITIONS = 12
PEOPLE = 24
PLAYBOOKS = Path(__file__).parents[1] / "deploy" / "playbooks.yml"
TOPIC = Topics("").signals
PHASES = ("told", "read", "recorded", "decided", "claimed", "checked", "arrived", "written")
ROUTES = """
route: {receiver: owner}
receivers:
  - {name: owner, owner: true, else: desk}
  - {name: desk, slack: {channel: "#desk"}}
people:
""" + "\n".join(f"  p{n}@example.com: {{name: P{n}, slack: U0000{n:03d}, notify: [slack]}}" for n in range(PEOPLE))


class Stopwatch:
    """When each account's signal reached each phase, in seconds since the epoch; the first time counts."""

    def __init__(self) -> None:
        self.marks: dict[str, dict[str, float]] = defaultdict(dict)
        self.moved = asyncio.Condition()

    def mark(self, account: str, phase: str, moment: float | None = None) -> None:
        self.marks[account].setdefault(phase, time.time() if moment is None else moment)

    async def through(self, accounts: Collection[str]) -> None:
        async with self.moved:
            await self.moved.wait_for(lambda: all("written" in self.marks[one] for one in accounts))


class TimedDecisionStore:
    def __init__(self, inner: PostgresDecisionStore, watch: Stopwatch) -> None:
        self._inner = inner
        self._watch = watch

    async def position(self, partition: int) -> TopicPosition | None:
        return await self._inner.position(partition)

    async def undelivered(self, partition: int) -> Collection[str]:
        return await self._inner.undelivered(partition)

    async def timers(self, partition: int) -> PartitionTimers:
        return await self._inner.timers(partition)

    async def erasures(self, partition: int) -> Sequence[ErasureRow]:
        return await self._inner.erasures(partition)

    @asynccontextmanager
    async def transaction(
        self, partition: int, *, stored: TopicPosition | None, to: TopicPosition, patience: float | None = None
    ) -> AsyncIterator[DecisionTransaction]:
        began = time.time()
        async with self._inner.transaction(partition, stored=stored, to=to, patience=patience) as transaction:
            timed = TimedTransaction(transaction, self._watch, began)
            yield timed
        for account in timed.accounts:
            self._watch.mark(account, "decided")


class TimedTransaction:
    def __init__(self, inner: DecisionTransaction, watch: Stopwatch, began: float) -> None:
        self._watch = watch
        self._began = began
        self._inner = inner
        self.gatherings = inner.gatherings
        self.accounts: list[str] = []
        self.late_signals, self.late_accounts = inner.late_signals, inner.late_accounts
        self.write_facts, self.known_facts = inner.write_facts, inner.known_facts
        self.due_accounts, self.histories, self.write = inner.due_accounts, inner.histories, inner.write
        self.erase, self.erase_mentions, self.lift = inner.erase, inner.erase_mentions, inner.lift

    async def record(self, entries: Sequence[ReadSignal]) -> RecordedSignals:
        recorded = await self._inner.record(entries)
        self.accounts = [entry.signal.account_id for entry in entries]
        for account in self.accounts:
            self._watch.mark(account, "read", self._began)
            self._watch.mark(account, "recorded")
        return recorded


class TimedNotificationQueue:
    def __init__(self, inner: PostgresNotificationQueue, watch: Stopwatch) -> None:
        self._inner = inner
        self._watch = watch

    async def claim(self, partitions: Collection[int], capacity: SendCapacity) -> ClaimResult:
        result = await self._inner.claim(partitions, capacity)
        for one in result.messages:
            self._watch.mark(one.account_id, "claimed")
        return result

    async def renew(self, claimed: ClaimedMessage) -> bool:
        ours = await self._inner.renew(claimed)
        self._watch.mark(claimed.account_id, "checked")
        return ours

    async def record(self, claimed: ClaimedMessage, outcome: AttemptOutcome, *, ago: float) -> None:
        await self._inner.record(claimed, outcome, ago=ago)
        self._watch.mark(claimed.account_id, "written")
        async with self._watch.moved:
            self._watch.moved.notify_all()


class Bench:
    def __init__(self, broker: MemoryBroker, watch: Stopwatch) -> None:
        self._broker = broker
        self._watch = watch
        self._told = 0

    def signal(self) -> Signal:
        """Of an account of its own."""
        self._told += 1
        name = f"account-{self._told:05d}"
        facts = Facts(name=name, owner=f"p{self._told % PEOPLE}@example.com", tier="high")
        return Sample(account=name, to=Band.RED, at=datetime.now(UTC), before=80.0, after=20.0, facts=facts).build()

    async def tell(self, signal: Signal) -> str:
        partition = partition_of(signal.account_id.encode(), PARTITIONS)
        self._watch.mark(signal.account_id, "told")
        outgoing = Outgoing(partition, None, encode_signals_record(signal))
        await self._broker.producer().send(TOPIC, [outgoing])
        return signal.account_id

    async def one_by_one(self, count: int) -> list[str]:
        accounts = []
        for _ in range(count):
            accounts.append(await self.tell(self.signal()))
            await self._watch.through(accounts[-1:])
            await asyncio.sleep(0.02)
        return accounts

    async def steadily(self, rate: float, seconds: float) -> list[str]:
        loop, accounts = asyncio.get_running_loop(), list[str]()
        began = loop.time()
        for n in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, began + n / rate - loop.time()))
            accounts.append(await self.tell(self.signal()))
        await self._watch.through(accounts)
        return accounts


def report(title: str, marks: Mapping[str, Mapping[str, float]]) -> None:
    print(f"\n{title}\n{'':12}{'p50':>9}{'p90':>9}{'p99':>9}{'max':>9}   ms")
    pairs = [*pairwise(PHASES), ("told", "arrived")]
    for since, until in pairs:
        took = sorted(1000 * (one[until] - one[since]) for one in marks.values())
        cuts = quantiles(took, n=100, method="inclusive")
        name = until if since != "told" or until == "read" else "in all"
        print(f"{name:12}{cuts[49]:9.2f}{cuts[89]:9.2f}{cuts[98]:9.2f}{took[-1]:9.2f}")


@asynccontextmanager
async def slack(watch: Stopwatch) -> AsyncIterator[str]:
    """A Slack in a process of its own; where its API is."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.alerts_latency", "--slack", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    listening = asyncio.create_task(_listen(process.stdout, watch))
    try:
        yield f"http://127.0.0.1:{port}/api/"
    finally:
        listening.cancel()
        process.terminate()
        await process.wait()


async def _listen(lines: asyncio.StreamReader, watch: Stopwatch) -> None:
    while line := (await lines.readline()).decode():
        moment, text = line.split(" ", 1)
        if found := re.search(r"account-\d+", text):
            watch.mark(found[0], "arrived", float(moment))


async def serve_slack() -> None:
    async with SlackSink() as sink:
        print(sink.port, flush=True)
        async for post in sink.posts.each():
            print(post.moment, post.text.replace("\n", " "), flush=True)


@contextmanager
def postgres() -> Iterator[str]:
    """A database that loses nothing when the power goes."""
    directory = Path(tempfile.mkdtemp(prefix="pg-"))
    directory.chmod(0o755)
    server = Postgres(directory)
    try:
        server.start()
        yield server.create_database("bench")
    finally:
        server.remove()
        shutil.rmtree(directory, ignore_errors=True)


async def measure(url: str, *, count: int, rate: float, seconds: float) -> None:
    await database.migrate(url, "alerts")
    watch, broker = Stopwatch(), MemoryBroker()
    await ensure(
        broker.admin(), Topics(""), mode=TimeMode.WALL, partitions=PARTITIONS, replication=1, retention_days=35
    )
    engines = [database.engine(url, pool_size=size, pool_timeout=15.0, pre_ping=False) for size in (4, 8)]
    decision_store = TimedDecisionStore(PostgresDecisionStore(engines[0], patience=15.0, partitions=PARTITIONS), watch)
    queue = TimedNotificationQueue(PostgresNotificationQueue(engines[1], lease=60.0, patience=15.0), watch)
    routes = load(ROUTES, "the routes of the bench")
    async with slack(watch) as api:
        parts = ReplicaParts(
            consumer=broker.consumer(TOPIC, group="alerts"),
            producer=broker.producer(),
            admin=broker.admin(),
            decision_store=decision_store,
            queue=queue,
            router=routes,
            renderer=MessageRenderer(
                load_playbooks(PLAYBOOKS.read_text(), "playbooks"),
                routes.account_url,
                {Channel.SLACK: SlackRenderer()},
            ),
            clients={Channel.SLACK: SlackClient(api_url=api, token="xoxb-bench", webhooks={}, timeout=10.0)},
            metrics=AlertsMetrics(CollectorRegistry()),
            wall=time.time,
            steady=time.monotonic,
            cluster_id="memory",
        )
        replica = assemble(parts, _rules())
        stop = asyncio.Event()
        running = [asyncio.create_task(task(stop)) for task in (replica.worker.run, replica.sender.run)]
        bench = Bench(broker, watch)
        await bench.one_by_one(30)  # warm
        for title, accounts in (
            (f"{count} signals, one at a time", await bench.one_by_one(count)),
            (f"{rate:g} signals a second for {seconds:g} s", await bench.steadily(rate, seconds)),
        ):
            await asyncio.sleep(0.2)
            report(title, {account: watch.marks[account] for account in accounts})
        stop.set()
        await asyncio.gather(*running)
    for engine in engines:
        await engine.dispose()


def _rules() -> ReplicaOptions:
    return ReplicaOptions(
        topic=TOPIC,
        mode=TimeMode.WALL,
        final=frozenset(),
        gather=1800.0,
        limits=dict.fromkeys(Channel, ChannelLimits(concurrency=8)),
        backoff=Backoff(retry=1.0, most=600.0, give_up=3600.0, hand_on=900.0),
        max_records=500,
        late_after=300.0,
        behind_after=60.0,
        lease=60.0,
        log_patience=10.0,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.alerts_latency", description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--rate", type=float, default=25.0)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--slack", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    if arguments.slack:
        uvloop.run(serve_slack())
        return
    with postgres() as url:
        uvloop.run(measure(url, count=arguments.count, rate=arguments.rate, seconds=arguments.seconds))


if __name__ == "__main__":
    main()
