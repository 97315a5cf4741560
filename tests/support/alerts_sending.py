"""Sending for tests: a real database with messages to send, replicas that send them, and channels that remember."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from alerts.channels.client import Delivered
from alerts.channels.email.render import Email
from alerts.channels.registry import ADDRESS_KINDS, Channel, ChannelLimits
from alerts.channels.slack.render import SlackMessage
from alerts.decisions.reasons import DecisionReason
from alerts.errors import DeliveryFailed, Failure
from alerts.messages.content import MessageContent
from alerts.messages.renderer import RenderedMessage
from alerts.postgres import schema
from alerts.postgres.notification_queue import PostgresNotificationQueue
from alerts.routing.destination import Target
from alerts.samples import NOON, Sample
from alerts.sending.backoff import Backoff
from alerts.sending.claims import AttemptOutcome, ClaimedMessage
from alerts.sending.delivery import MessageDelivery, Renderer, SendingClocks
from alerts.sending.limits import KindCapacity, SendCapacity, SendLimits
from alerts.sending.sender import MessageSender
from common import database
from common.contracts.signals import Signal

LEASE = 60.0
DESK = Target(Channel.SLACK, "C0DESK")
HOOK = Target(Channel.SLACK, "cs-desk", webhook=True)
DANA = Target(Channel.EMAIL, "dana@example.com")
AMPLE = SendCapacity(tuple(KindCapacity(kind, channel, 100) for kind, channel in ADDRESS_KINDS.items()))
BACKOFF = Backoff(retry=0.001, most=0.002, give_up=3600.0, hand_on=3600.0)
DECIDED = 1_700_000_000.0

_numbers = itertools.count(1)


class PlainRenderer:
    """Renders messages that only say which one they are."""

    def render(self, content: MessageContent) -> RenderedMessage:
        named = content.notification_id
        if content.target.channel is Channel.EMAIL:
            return Email(
                content.target, subject=named, text=content.head.account_id, html="", message_id=f"<{named}@test>"
            )
        return SlackMessage(content.target, named, (), thread=content.first.thread if content.first else None)


def name_of(message: RenderedMessage) -> str:
    if isinstance(message, SlackMessage):
        return message.text
    assert isinstance(message, Email)
    return message.subject


class FakeChannels:
    """Every channel at once. `plan` says how the next deliveries to an address fail; the others arrive.

    What arrives although it fails (`maybe_delivered`) is among the `arrived` too.
    """

    def __init__(self) -> None:
        self.plan: dict[str, list[Exception]] = {}
        self.tried: list[RenderedMessage] = []
        self.arrived: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self._moved = asyncio.Condition()

    async def deliver(self, message: RenderedMessage) -> Delivered:
        self.tried.append(message)
        await self._tell()
        await self.gate.wait()
        failures = self.plan.get(message.target.address_key)
        failure = failures.pop(0) if failures else None
        if failure is None or getattr(failure, "maybe_delivered", False):
            self.arrived.append(name_of(message))
            await self._tell()
        if failure is not None:
            raise failure
        return Delivered(thread=f"ts {name_of(message)}")

    async def until(self, *, tried: int = 0, arrived: int = 0) -> None:
        async with asyncio.timeout(60), self._moved:
            await self._moved.wait_for(lambda: len(self.tried) >= tried and len(self.arrived) >= arrived)

    async def _tell(self) -> None:
        async with self._moved:
            self._moved.notify_all()


class MetricsRecorder:
    """What a sender counts."""

    def __init__(self) -> None:
        self.sent_over: list[tuple[Channel, float | None]] = []
        self.seconds_from_signal: list[float | None] = []
        self.failures: list[tuple[Channel, Failure, bool]] = []
        self.attempts: list[Channel] = []

    def attempted(self, channel: Channel, seconds: float) -> None:
        assert seconds >= 0
        self.attempts.append(channel)

    def sent(self, channel: Channel, seconds_from_event: float | None, seconds_from_signal: float | None) -> None:
        self.sent_over.append((channel, seconds_from_event))
        self.seconds_from_signal.append(seconds_from_signal)

    def failed(self, channel: Channel, failure: Failure, *, final: bool) -> None:
        self.failures.append((channel, failure, final))


def failure(reason: Failure = Failure.UNAVAILABLE, **more: Any) -> DeliveryFailed:
    return DeliveryFailed(reason, "said the channel", **({"retryable": True} | more))


class SendingHarness:
    def __init__(self, url: str) -> None:
        self.engine: AsyncEngine = database.engine(url, pool_size=10)
        self.tally = MetricsRecorder()

    async def message(
        self,
        *ways: Target,
        account: str = "acme",
        partition: int = 0,
        rank: int = 1,
        reason: DecisionReason = DecisionReason.NEW,
        signals: Sequence[Signal] = (),
        episode: str | None = None,
    ) -> str:
        """Decided and not yet sent; its name."""
        ways = ways or (DESK,)
        number = next(_numbers)
        signals = signals or (Sample(account=account, at=NOON + timedelta(minutes=number)).build(),)
        name = f"n{number}"
        async with self.engine.begin() as connection:
            for signal in signals:
                await connection.execute(insert(schema.alert).values(_alert(signal)).on_conflict_do_nothing())
            await connection.execute(
                insert(schema.notification).values(
                    notification_id=name,
                    partition=partition,
                    account_id=account,
                    episode=episode or signals[0].episode,
                    receiver="cs-desk",
                    address_key=ways[0].address_key,
                    ways=msgspec.to_builtins(ways),
                    path=["root", "cs-desk"],
                    repeat_interval=3600.0,
                    reason=reason.value,
                    rank=rank,
                    signals=[signal.signal_id for signal in signals],
                    decided=DECIDED,
                    status="pending",
                    maybe_told=False,
                    attempts=0,
                    due=0.0,
                )
            )
        return name

    def queue(self, *, lease: float = LEASE) -> PostgresNotificationQueue:
        return PostgresNotificationQueue(self.engine, lease=lease, patience=10.0)

    def sender(
        self,
        post: FakeChannels,
        *,
        queue: PostgresNotificationQueue | None = None,
        renderer: Renderer | None = None,
        clients: Mapping[Channel, FakeChannels] | None = None,
        channels: Mapping[Channel, ChannelLimits] | None = None,
        backoff: Backoff = BACKOFF,
        partitions: Callable[[], frozenset[int]] = lambda: frozenset({0, 1}),
        undelivered: Callable[[int, str], None] = lambda partition, account_id: None,
        wall: Callable[[], float] | None = None,
    ) -> MessageSender:
        """A replica: it owns both partitions, and hurries."""
        store = queue or self.queue()
        clocks = SendingClocks(asyncio.get_running_loop().time, wall)
        delivery = MessageDelivery(
            leases=store,
            renderer=renderer or PlainRenderer(),
            clients=clients if clients is not None else dict.fromkeys(Channel, post),
            metrics=self.tally,
            clocks=clocks,
            backoff=backoff,
            lease=LEASE,
        )
        return MessageSender(
            queue=store,
            delivery=delivery,
            limits=SendLimits(channels or dict.fromkeys(Channel, ChannelLimits(concurrency=4))),
            metrics=self.tally,
            clocks=clocks,
            backoff=backoff,
            open_partitions=partitions,
            undelivered=undelivered,
            draw=lambda: 1.0,
        )

    @asynccontextmanager
    async def running(self, *senders: MessageSender) -> AsyncIterator[None]:
        """Stopped in good order at the end: all that was on its way has ended and is written down."""
        stop = asyncio.Event()
        tasks = [asyncio.create_task(sender.run(stop)) for sender in senders]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*tasks)

    async def claim(self, queue: PostgresNotificationQueue, *, capacity: SendCapacity = AMPLE) -> list[ClaimedMessage]:
        return list((await queue.claim({0, 1}, capacity)).messages)

    async def next_due(self, queue: PostgresNotificationQueue, *, capacity: SendCapacity = AMPLE) -> float | None:
        """What a look that finds nothing to take says of the next message."""
        taken = await queue.claim({0, 1}, capacity)
        assert taken.messages == ()
        return taken.next_due

    async def send(self, queue: PostgresNotificationQueue, outcome: AttemptOutcome) -> ClaimedMessage:
        """The one message that may be claimed, claimed and with this outcome."""
        [claimed] = await self.claim(queue)
        await queue.record(claimed, outcome, ago=0.0)
        return claimed

    async def row(self, name: str) -> Any:
        query = select(schema.notification).where(schema.notification.c.notification_id == name)
        return (await self.rows(query))[0]

    async def attempts(self, name: str) -> list[str | None]:
        """The outcome of each, None for one that has none."""
        attempt = schema.attempt.c
        query = select(attempt.outcome).where(attempt.notification_id == name).order_by(attempt.n)
        return [row.outcome for row in await self.rows(query)]

    async def handed_on(self, name: str) -> list[Any]:
        """All later messages of the same signals."""
        row = await self.row(name)
        notification = schema.notification.c
        later = (notification.seq > row.seq, notification.signals == row.signals)
        return await self.rows(select(schema.notification).where(*later).order_by(notification.seq))

    async def rows(self, query: Any) -> list[Any]:
        async with self.engine.connect() as connection:
            return list((await connection.execute(query)).all())

    async def execute(self, statement: str) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(text(statement))

    async def let_leases_end(self) -> None:
        """As if that much time had passed."""
        await self.execute("UPDATE alerts.notification SET lease_until = 1 WHERE lease_until IS NOT NULL")

    async def let_all_be_due(self) -> None:
        await self.execute("UPDATE alerts.notification SET due = 0")

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(60):
            while not await condition():  # noqa: ASYNC110 - a row that changes tells nobody
                await asyncio.sleep(0.005)


def _alert(signal: Signal) -> dict[str, Any]:
    return {
        "signal_id": signal.signal_id,
        "partition": 0,
        "account_id": signal.account_id,
        "episode": signal.episode,
        "kind": signal.kind.value,
        "to": signal.to,
        "severity": signal.severity.value,
        "stage": signal.after.stage,
        "at": signal.at.timestamp(),
        "recorded": signal.at.timestamp(),
        "history": signal.history,
        "waiting": False,
        "body": msgspec.to_builtins(signal),
    }


@asynccontextmanager
async def sending_harness(url: str) -> AsyncIterator[SendingHarness]:
    """On empty tables of alerts."""
    built = SendingHarness(url)
    try:
        yield built
    finally:
        await built.engine.dispose()
