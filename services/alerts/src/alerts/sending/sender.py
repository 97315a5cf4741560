"""The loop of a replica's sender: claims what may be sent now, sends it, writes down what became of it.

It sleeps until the next message is due or somebody wakes it: a decision that made messages, or the end of one that
was on its way.
"""

import asyncio
import random
from collections.abc import Callable, Collection
from typing import Protocol

import structlog

from alerts.core.destination import Channel
from alerts.errors import Failure, Unreachable
from alerts.sending.backoff import Backoff, Draw, delay
from alerts.sending.carrier import Clocks
from alerts.sending.claims import Claimed, Failed, Outcome, Sent, Taken, Unreadable
from alerts.sending.limits import KINDS, Limits, Room
from common.retry import ExponentialBackoff

_log = structlog.get_logger()

PAUSE = (0.1, 5.0)  # seconds, first and longest, while the database is away
LOCKED = 0.05  # seconds: what is due but in somebody's hands has no event that we could wait for
LONGEST_SLEEP = 30.0  # seconds: what another replica hands on after it lost the partition wakes nobody here
LANE_PAUSE = 30.0  # seconds, the longest: others to the same address shall not wait for long once it is back


class Outgoing(Protocol):
    """All of them raise `Unreachable`."""

    async def claim(self, partitions: Collection[int], room: Room) -> Taken:
        """What may be sent now, ours from here on; asked again after an answer that was lost, the same."""

    async def record(self, claimed: Claimed, outcome: Outcome, *, ago: float) -> None:
        """What became of it, `ago` seconds before; a second time it changes nothing."""


class Carries(Protocol):
    async def carry(self, claimed: Claimed) -> Outcome | None: ...


class Counts(Protocol):
    def sent(self, channel: Channel, seconds_from_event: float | None, seconds_from_signal: float | None) -> None: ...

    def failed(self, channel: Channel, failure: Failure, *, final: bool) -> None: ...


class Sender:
    """`open_partitions` are those whose messages are ours to send.

    `undelivered` hears the partition and the account of every message that is no longer on its way and was not
    delivered: what came meanwhile was decided as if it would be.
    """

    def __init__(
        self,
        *,
        outgoing: Outgoing,
        carrier: Carries,
        limits: Limits,
        counts: Counts,
        clocks: Clocks,
        backoff: Backoff,
        open_partitions: Callable[[], frozenset[int]],
        undelivered: Callable[[int, str], None] = lambda partition, account_id: None,
        draw: Draw = random.random,
    ) -> None:
        self._outgoing = outgoing
        self._carrier = carrier
        self._limits = limits
        self._counts = counts
        self._clocks = clocks
        self._backoff = backoff
        self._open = open_partitions
        self._undelivered = undelivered
        self._draw = draw
        self._carrying: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self.unavailable: str | None = None

    def wake(self) -> None:
        """There may be something to send: new messages, or a partition that has been opened."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set and what is on its way has ended."""
        stopping = asyncio.create_task(self._wake_on(stop))
        looking = asyncio.create_task(self._run(stop))
        try:
            await asyncio.wait({looking})
            while self._carrying:
                await asyncio.wait(self._carrying)
            await looking
        finally:
            tasks = (stopping, looking, *self._carrying)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, stop: asyncio.Event) -> None:
        backoff = ExponentialBackoff(*PAUSE)
        while not stop.is_set():
            self._woken.clear()  # before the look, so that what comes during it is not missed
            try:
                wait = await self._look()
                self.unavailable = None
                backoff.reset()
            except Unreachable as error:
                self.unavailable = f"the database does not answer: {error}"
                wait = backoff.next_pause()
                _log.warning("sender.waiting", seconds=wait, reason=str(error))
            await self._sleep(wait)

    async def _look(self) -> float:
        """Sets going all that may be sent now; seconds until it is worth while to look again."""
        partitions, now = self._open(), self._clocks.steady()
        # Of this moment: a pause that ends while the database is asked must not be slept over.
        room, opens = self._limits.room(now), self._limits.opens(now)
        taken = Taken()
        if partitions and room.openings:
            taken = await self._outgoing.claim(partitions, room)
        for claimed in taken.messages:
            self._begin(claimed)
        for one in taken.unreadable:
            self._give_up(one)
        due = None if taken.next_due is None else max(LOCKED, taken.next_due)
        waits = (opens, self._limits.opens(self._clocks.steady()), due)
        return min((wait for wait in waits if wait is not None), default=LONGEST_SLEEP)

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(min(seconds, LONGEST_SLEEP)):
                await self._woken.wait()
        except TimeoutError:
            pass

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.wake()

    def _begin(self, claimed: Claimed) -> None:
        self._limits.began(claimed.target, self._clocks.steady())
        task = asyncio.create_task(self._send(claimed))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def _send(self, claimed: Claimed) -> None:
        began = self._clocks.steady()
        try:
            outcome = await self._carrier.carry(claimed)
            if outcome is None:
                _log.warning("message.taken_over", notification=claimed.notification_id)
                return
            ended = self._clocks.steady()
            self._mind(claimed, outcome, ended)
            await self._record(claimed, outcome, ended)
            self._tell(claimed, outcome, seconds=ended - began, ended=ended)
        except Exception:
            # Its lease ends, and it is tried again: the others are none the worse for it.
            _log.exception("message.broken", notification=claimed.notification_id)
        finally:
            self._limits.ended(claimed.target, self._clocks.steady())
            self.wake()

    def _give_up(self, message: Unreadable) -> None:
        """One row that cannot be read shall not keep the others of its account and address from being sent."""
        kind = message.lane.partition(":")[0]
        self._counts.failed(KINDS[kind], Failure.UNREADABLE, final=True)
        _log.error("message.unreadable", notification=message.notification_id, detail=message.detail)
        self._undelivered(message.partition, message.account_id)
        self.wake()

    def _mind(self, claimed: Claimed, outcome: Outcome, now: float) -> None:
        """What the outcome means for others to the same address."""
        target = claimed.target
        if isinstance(outcome, Sent):
            self._limits.went_well(target)
        elif outcome.reason is Failure.RATE_LIMITED and outcome.retry_in is not None:
            self._limits.pause_all(target, now + outcome.retry_in)
        elif outcome.retry_in is not None and outcome.reason is not Failure.CUT_SHORT:
            pause = delay(self._limits.failures(target), self._backoff, self._draw)
            self._limits.pause(target, now + min(pause, LANE_PAUSE))

    async def _record(self, claimed: Claimed, outcome: Outcome, ended: float) -> None:
        """Until it is written. Nobody else can take the message while the database is away, and once it is back the
        outcome counts unless somebody was quicker; then the message may arrive twice.
        """
        backoff = ExponentialBackoff(*PAUSE)
        while True:
            try:
                return await self._outgoing.record(claimed, outcome, ago=self._clocks.steady() - ended)
            except Unreachable as error:
                _log.warning("outcome.unwritten", notification=claimed.notification_id, reason=str(error))
            await asyncio.sleep(backoff.next_pause())

    def _tell(self, claimed: Claimed, outcome: Outcome, *, seconds: float, ended: float) -> None:
        channel = claimed.target.channel
        about = {
            "notification": claimed.notification_id,
            "receiver": claimed.receiver,
            "lane": claimed.target.lane,
            "attempt": claimed.attempt,
            "seconds": round(seconds, 3),
        }
        if isinstance(outcome, Failed):
            self._counts.failed(channel, outcome.reason, final=outcome.final)
            verb = "message.given_up" if outcome.final else "message.failed"
            _log.warning(verb, **about, reason=outcome.reason.value, detail=outcome.detail, retry_in=outcome.retry_in)
            self._undelivered(claimed.partition, claimed.account_id)
        else:
            self._counts.sent(channel, self._since(claimed.happened, ended), self._since(claimed.recorded, ended))
            _log.info("message.sent", **about)

    def _since(self, moment: float | None, ended: float) -> float | None:
        """From that moment to the message, in seconds."""
        if self._clocks.wall is None or moment is None:
            return None
        return self._clocks.wall() - (self._clocks.steady() - ended) - moment
