"""One attempt at one message: written, checked to be still ours, handed to its channel."""

import asyncio
import random
from collections.abc import Callable, Mapping
from traceback import extract_tb
from typing import Protocol

from msgspec import Struct

from alerts.channels.letters import Delivered, RenderedMessage
from alerts.core.destination import Channel
from alerts.errors import DeliveryFailed, Failure, Unreachable
from alerts.messages.story import MessageContent
from alerts.sending.backoff import Backoff, RandomFraction, after_failure
from alerts.sending.claims import AttemptOutcome, ClaimedMessage, Sent


class Renderer(Protocol):
    def letter(self, content: MessageContent) -> RenderedMessage: ...


class ChannelClient(Protocol):
    async def deliver(self, letter: RenderedMessage) -> Delivered:
        """Raises `DeliveryFailed`."""


class LeaseStore(Protocol):
    async def renew(self, claimed: ClaimedMessage) -> bool:
        """Whether it is still ours; if so, for a whole lease from now. Raises `Unreachable`."""


class AttemptMetrics(Protocol):
    def attempted(self, channel: Channel, seconds: float) -> None: ...


class SendingClocks(Struct, frozen=True):
    """`steady` never goes back; `wall` is seconds since the epoch, None in stream mode: then it is always then."""

    steady: Callable[[], float]
    wall: Callable[[], float] | None


class MessageDelivery:
    """`lease` is seconds. A channel without a courier is one that is not set up.

    `holds_back` says of a partition that nothing of it may be sent now, whoever has taken it.
    """

    def __init__(
        self,
        *,
        leases: LeaseStore,
        renderer: Renderer,
        clients: Mapping[Channel, ChannelClient],
        attempts: AttemptMetrics,
        clocks: SendingClocks,
        backoff: Backoff,
        lease: float,
        holds_back: Callable[[int], bool] = lambda partition: False,
        draw: RandomFraction = random.random,
    ) -> None:
        self._leases = leases
        self._renderer = renderer
        self._clients = clients
        self._attempts = attempts
        self._clocks = clocks
        self._backoff = backoff
        self._lease = lease
        self._holds_back = holds_back
        self._draw = draw

    async def attempt(self, claimed: ClaimedMessage) -> AttemptOutcome | None:
        """None if it was no longer ours: then it was not sent, and there is nothing to write down."""
        began = self._clocks.steady()
        try:
            delivered = await self._deliver(claimed)
        except DeliveryFailed as failed:
            age = claimed.age + self._clocks.steady() - began
            return after_failure(
                failed,
                attempt=claimed.attempt,
                age=age,
                backoff=self._backoff,
                draw=self._draw,
                last_way=len(claimed.ways) == 1,
            )
        return None if delivered is None else Sent(delivered.thread)

    async def _deliver(self, claimed: ClaimedMessage) -> Delivered | None:
        channel = claimed.target.channel
        client = self._clients.get(channel)
        if client is None:
            raise DeliveryFailed(Failure.MISCONFIGURED, f"{channel} is not set up", retryable=False)
        letter = self._written(claimed)
        if not await self._still_ours(claimed):
            return None
        if self._holds_back(claimed.partition):
            # The claim was under way while its partition fell behind.
            said = "not sent: its partition is read to the end first"
            raise DeliveryFailed(Failure.CUT_SHORT, said, retryable=True, retry_after=0.0)
        began = self._clocks.steady()
        try:
            return await self._handed(client, letter)
        finally:
            self._attempts.attempted(channel, self._clocks.steady() - began)

    def _written(self, claimed: ClaimedMessage) -> RenderedMessage:
        now = self._clocks.wall() if self._clocks.wall else claimed.decided
        try:
            return self._renderer.letter(claimed.content(now=now))
        except Exception as error:
            # One message that cannot be written must not keep the others from being sent.
            said = f"it cannot be written: {type(error).__name__}: {error}"
            raise DeliveryFailed(Failure.REFUSED, said, retryable=False) from error

    async def _still_ours(self, claimed: ClaimedMessage) -> bool:
        while True:
            asked = self._clocks.steady()
            try:
                ours = await self._leases.renew(claimed)
            except Unreachable as error:
                said = f"not sent: the database did not answer: {error}"
                raise DeliveryFailed(Failure.CUT_SHORT, said, retryable=True, retry_after=0.0) from error
            # A process that was stopped while it waited must ask again.
            if not ours or self._clocks.steady() - asked < self._lease / 4:
                return ours

    async def _handed(self, client: ChannelClient, letter: RenderedMessage) -> Delivered:
        """Ends, one way or another, well before the lease does."""
        try:
            async with asyncio.timeout(self._lease / 2):
                return await client.deliver(letter)
        except DeliveryFailed:
            raise
        except TimeoutError:
            said = f"nothing within {self._lease / 2:g} s"
            raise DeliveryFailed(Failure.NO_ANSWER, said, retryable=True, maybe_delivered=True) from None
        except Exception as error:
            # By its kind and place only: its text may hold the URL of a webhook, which is a secret.
            said = f"{type(error).__name__} {_place(error)}"
            raise DeliveryFailed(Failure.BAD_ANSWER, said, retryable=True, maybe_delivered=True) from None


def _place(error: Exception) -> str:
    frame = extract_tb(error.__traceback__)[-1]
    return f"in {frame.name}, line {frame.lineno}"
