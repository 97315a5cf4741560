"""One delivery attempt: the message is rendered, its lease renewed, and the channel's client called."""

import asyncio
import random
from collections.abc import Callable, Mapping
from traceback import extract_tb
from typing import Protocol

from msgspec import Struct

from alerts.channels.client import ChannelClient, Delivered
from alerts.channels.registry import Channel
from alerts.errors import DeliveryFailed, Failure
from alerts.messages.content import MessageContent
from alerts.messages.renderer import RenderedMessage
from alerts.sending.backoff import Backoff, RandomFraction, after_failure
from alerts.sending.claims import AttemptOutcome, ClaimedMessage, Sent
from common.errors import Unreachable


class Renderer(Protocol):
    def render(self, content: MessageContent) -> RenderedMessage: ...


class LeaseStore(Protocol):
    async def renew(self, claimed: ClaimedMessage) -> bool:
        """Whether the lease is still ours; if so, it is renewed as of now. Raises `Unreachable`."""


class AttemptMetrics(Protocol):
    def attempted(self, channel: Channel, seconds: float) -> None: ...


class SendingClocks(Struct, frozen=True):
    """`steady` never goes back; `wall` is seconds since the epoch, None in stream mode."""

    steady: Callable[[], float]
    wall: Callable[[], float] | None


class MessageDelivery:
    """`lease` is seconds. A channel without a client is one that is not set up.

    `holds_back` says that nothing of a partition may be sent now, not even what is claimed already.
    """

    def __init__(
        self,
        *,
        leases: LeaseStore,
        renderer: Renderer,
        clients: Mapping[Channel, ChannelClient],
        metrics: AttemptMetrics,
        clocks: SendingClocks,
        backoff: Backoff,
        lease: float,
        holds_back: Callable[[int], bool] = lambda partition: False,
        draw: RandomFraction = random.random,
    ) -> None:
        self._leases = leases
        self._renderer = renderer
        self._clients = clients
        self._metrics = metrics
        self._clocks = clocks
        self._backoff = backoff
        self._lease = lease
        self._holds_back = holds_back
        self._draw = draw

    async def attempt(self, claimed: ClaimedMessage) -> AttemptOutcome | None:
        """None if the lease was lost: then nothing was sent, and there is no outcome to write."""
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
                last_way=len(claimed.ways) == 1 and claimed.fallback is None,
            )
        return None if delivered is None else Sent(delivered.thread)

    async def _deliver(self, claimed: ClaimedMessage) -> Delivered | None:
        channel = claimed.target.channel
        client = self._clients.get(channel)
        # Given up at once: the next way is tried.
        if client is None:
            raise DeliveryFailed(Failure.MISCONFIGURED, f"{channel} is not set up", retryable=False)
        rendered = self._render(claimed)
        if not await self._renew(claimed):
            return None
        # The message was claimed while its partition fell behind: unread signals may take it back.
        if self._holds_back(claimed.partition):
            said = "not sent: its partition is read to the end first"
            raise DeliveryFailed(Failure.CUT_SHORT, said, retryable=True, retry_after=0.0)
        began = self._clocks.steady()
        try:
            return await self._call(client, rendered)
        finally:
            self._metrics.attempted(channel, self._clocks.steady() - began)

    def _render(self, claimed: ClaimedMessage) -> RenderedMessage:
        # In stream mode the message is written as of the moment of its decision.
        now = self._clocks.wall() if self._clocks.wall else claimed.decided
        try:
            return self._renderer.render(claimed.content(now=now))
        except Exception as error:
            # One message that cannot be written must not keep the others from being sent.
            said = f"it cannot be written: {type(error).__name__}: {error}"
            raise DeliveryFailed(Failure.REFUSED, said, retryable=False) from error

    async def _renew(self, claimed: ClaimedMessage) -> bool:
        while True:
            asked = self._clocks.steady()
            try:
                ours = await self._leases.renew(claimed)
            except Unreachable as error:
                said = f"not sent: the database did not answer: {error}"
                raise DeliveryFailed(Failure.CUT_SHORT, said, retryable=True, retry_after=0.0) from error
            # A process that was suspended while it waited for the answer must ask again.
            if not ours or self._clocks.steady() - asked < self._lease / 4:
                return ours

    async def _call(self, client: ChannelClient, rendered: RenderedMessage) -> Delivered:
        """Ends well before the lease does, so that no other sender begins meanwhile."""
        try:
            async with asyncio.timeout(self._lease / 2):
                return await client.deliver(rendered)
        except DeliveryFailed:
            raise
        except TimeoutError:
            said = f"nothing within {self._lease / 2:g} s"
            raise DeliveryFailed(Failure.NO_ANSWER, said, retryable=True, maybe_delivered=True) from None
        except Exception as error:
            # Only the type and place of the error: its text may hold the URL of a webhook, which is a secret.
            frame = extract_tb(error.__traceback__)[-1]
            said = f"{type(error).__name__} in {frame.name}, line {frame.lineno}"
            raise DeliveryFailed(Failure.BAD_ANSWER, said, retryable=True, maybe_delivered=True) from None
