"""The sender: claims the messages that may be sent now, sends them, writes the outcomes.

It sleeps until the next message is due or something wakes it: a decision with new messages, or the end of a delivery.
"""

import asyncio
import random
from collections.abc import Callable, Collection
from typing import Protocol

import structlog

from alerts.channels.registry import ADDRESS_KINDS, Channel
from alerts.errors import Failure
from alerts.sending.backoff import Backoff, RandomFraction, delay
from alerts.sending.claims import AttemptOutcome, ClaimedMessage, ClaimResult, Failed, Sent, UnreadableMessage
from alerts.sending.delivery import SendingClocks
from alerts.sending.limits import SendCapacity, SendLimits
from common.errors import Unreachable
from common.retry import ExponentialBackoff

_log = structlog.get_logger()

PAUSE = (0.1, 5.0)  # seconds, first and longest, while the database is away
LOCKED = 0.05  # seconds: a message is due but locked by another transaction, and its end wakes nobody here
LONGEST_SLEEP = 30.0  # seconds: a message that another replica handed on wakes nobody here
ADDRESS_PAUSE = 30.0  # seconds, the longest: once an address works again its other messages must not wait longer


class NotificationQueue(Protocol):
    """All of them raise `Unreachable`."""

    async def claim(self, partitions: Collection[int], capacity: SendCapacity) -> ClaimResult:
        """Leases what may be sent now; after a lost answer the next call returns the same messages."""

    async def record(self, claimed: ClaimedMessage, outcome: AttemptOutcome, *, ago: float) -> None:
        """Writes the outcome, which is `ago` seconds old; a second time it changes nothing."""


class Delivery(Protocol):
    async def attempt(self, claimed: ClaimedMessage) -> AttemptOutcome | None: ...


class SendMetrics(Protocol):
    def sent(self, channel: Channel, seconds_from_event: float | None, seconds_from_signal: float | None) -> None: ...

    def failed(self, channel: Channel, failure: Failure, *, final: bool) -> None: ...


class MessageSender:
    """`open_partitions` are those whose messages this replica sends.

    `undelivered` is called with partition and account of every message that was not delivered: signals that came
    meanwhile were decided as if it would arrive.
    """

    def __init__(
        self,
        *,
        queue: NotificationQueue,
        delivery: Delivery,
        limits: SendLimits,
        metrics: SendMetrics,
        clocks: SendingClocks,
        backoff: Backoff,
        open_partitions: Callable[[], frozenset[int]],
        undelivered: Callable[[int, str], None] = lambda partition, account_id: None,
        draw: RandomFraction = random.random,
    ) -> None:
        self._queue = queue
        self._delivery = delivery
        self._limits = limits
        self._metrics = metrics
        self._clocks = clocks
        self._backoff = backoff
        self._open = open_partitions
        self._undelivered = undelivered
        self._draw = draw
        self._in_flight: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self.unavailable: str | None = None

    def wake(self) -> None:
        """There may be something to send: new messages, or a partition that has been opened."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set and the deliveries under way have ended."""
        stopping = asyncio.create_task(self._wake_at(stop))
        claiming = asyncio.create_task(self._claim_until(stop))
        try:
            await asyncio.wait({claiming})
            while self._in_flight:
                await asyncio.wait(self._in_flight)
            await claiming
        finally:
            tasks = (stopping, claiming, *self._in_flight)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _claim_until(self, stop: asyncio.Event) -> None:
        backoff = ExponentialBackoff(*PAUSE)
        while not stop.is_set():
            self._woken.clear()  # before the claim: what wakes the sender during it must not be missed
            try:
                wait = await self._claim()
                self.unavailable = None
                backoff.reset()
            except Unreachable as error:
                self.unavailable = f"the database does not answer: {error}"
                wait = backoff.next_pause()
                _log.warning("sender.waiting", seconds=wait, reason=str(error))
            await self._sleep(wait)

    async def _claim(self) -> float:
        """Starts all deliveries that may begin now; returns the seconds until the next claim."""
        partitions, now = self._open(), self._clocks.steady()
        # Both as of now: if a pause ends while the claim runs, the sender must not sleep over it.
        capacity, wait = self._limits.capacity(now), self._limits.seconds_to_capacity(now)
        result = ClaimResult()
        # Before a partition is read to its end nothing of it is sent.
        if partitions and capacity.kinds:
            result = await self._queue.claim(partitions, capacity)
        for claimed in result.messages:
            self._start(claimed)
        for unreadable in result.unreadable:
            self._give_up(unreadable)
        due = None if result.next_due is None else max(LOCKED, result.next_due)
        waits = (wait, self._limits.seconds_to_capacity(self._clocks.steady()), due)
        return min((seconds for seconds in waits if seconds is not None), default=LONGEST_SLEEP)

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(min(seconds, LONGEST_SLEEP)):
                await self._woken.wait()
        except TimeoutError:
            pass

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.wake()

    def _start(self, claimed: ClaimedMessage) -> None:
        self._limits.started(claimed.target, self._clocks.steady())
        task = asyncio.create_task(self._send(claimed))
        self._in_flight.add(task)
        task.add_done_callback(self._in_flight.discard)

    async def _send(self, claimed: ClaimedMessage) -> None:
        began = self._clocks.steady()
        try:
            outcome = await self._delivery.attempt(claimed)
            # The lease was lost: another sender has the message.
            if outcome is None:
                _log.warning("message.taken_over", notification=claimed.notification_id)
                return
            ended = self._clocks.steady()
            self._adjust_limits(claimed, outcome, ended)
            await self._record(claimed, outcome, ended)
            self._report(claimed, outcome, seconds=ended - began, ended=ended)
        except Exception:
            # Its lease will end, and it is tried again. The other messages go on.
            _log.exception("message.broken", notification=claimed.notification_id)
        finally:
            self._limits.ended(claimed.target, self._clocks.steady())
            self.wake()

    def _give_up(self, message: UnreadableMessage) -> None:
        """One row that cannot be read must not keep the later messages to its address from being sent."""
        kind = message.address_key.partition(":")[0]
        self._metrics.failed(ADDRESS_KINDS[kind], Failure.UNREADABLE, final=True)
        _log.error("message.unreadable", notification=message.notification_id, detail=message.detail)
        self._undelivered(message.partition, message.account_id)
        self.wake()

    def _adjust_limits(self, claimed: ClaimedMessage, outcome: AttemptOutcome, now: float) -> None:
        """By what the outcome means for other messages to the same address."""
        target = claimed.target
        if isinstance(outcome, Sent):
            self._limits.succeeded(target)
        # A rate limit counts for every address that shares it.
        elif outcome.reason is Failure.RATE_LIMITED and outcome.retry_in is not None:
            self._limits.pause_all(target, now + outcome.retry_in)
        # The credentials are refused, so every address that shares them would refuse, too.
        elif outcome.reason is Failure.UNAUTHORIZED and outcome.retry_in is not None:
            pause = delay(self._limits.failed(target), self._backoff, self._draw)
            self._limits.pause_all(target, now + min(pause, ADDRESS_PAUSE))
        # The address did not answer: its other messages wait, too. A message that was never sent says nothing about it.
        elif outcome.retry_in is not None and outcome.reason is not Failure.CUT_SHORT:
            pause = delay(self._limits.failed(target), self._backoff, self._draw)
            self._limits.pause(target, now + min(pause, ADDRESS_PAUSE))

    async def _record(self, claimed: ClaimedMessage, outcome: AttemptOutcome, ended: float) -> None:
        """Retries until the outcome is written.

        While the database is away nobody else can claim the message. Once it is back another sender may be first; then
        the message may arrive twice.
        """
        backoff = ExponentialBackoff(*PAUSE)
        while True:
            try:
                return await self._queue.record(claimed, outcome, ago=self._clocks.steady() - ended)
            except Unreachable as error:
                _log.warning("outcome.unwritten", notification=claimed.notification_id, reason=str(error))
            await asyncio.sleep(backoff.next_pause())

    def _report(self, claimed: ClaimedMessage, outcome: AttemptOutcome, *, seconds: float, ended: float) -> None:
        channel = claimed.target.channel
        about = {
            "notification": claimed.notification_id,
            "receiver": claimed.receiver,
            "address_key": claimed.target.address_key,
            "attempt": claimed.attempt,
            "seconds": round(seconds, 3),
        }
        if isinstance(outcome, Failed):
            self._metrics.failed(channel, outcome.reason, final=outcome.final)
            verb = "message.given_up" if outcome.final else "message.failed"
            _log.warning(verb, **about, reason=outcome.reason.value, detail=outcome.detail, retry_in=outcome.retry_in)
            self._undelivered(claimed.partition, claimed.account_id)
        else:
            self._metrics.sent(channel, self._since(claimed.happened, ended), self._since(claimed.recorded, ended))
            _log.info("message.sent", **about)

    def _since(self, moment: float | None, ended: float) -> float | None:
        """From that moment to the message, in seconds."""
        # In stream mode the signal's moment is of another time.
        if self._clocks.wall is None or moment is None:
            return None
        return self._clocks.wall() - (self._clocks.steady() - ended) - moment
