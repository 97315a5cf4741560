"""One attempt at one message: written, checked to be still ours, handed to its channel."""

import asyncio
import random
from collections.abc import Callable, Mapping
from traceback import extract_tb
from typing import Protocol

from msgspec import Struct

from alerts.channels.letters import Delivered, Letter
from alerts.core.destination import Channel
from alerts.errors import DeliveryFailed, Failure, Unreachable
from alerts.messages.story import Story
from alerts.sending.backoff import Backoff, Draw, judge
from alerts.sending.claims import Claimed, Outcome, Sent


class Letters(Protocol):
    def letter(self, story: Story) -> Letter: ...


class Courier(Protocol):
    async def deliver(self, letter: Letter) -> Delivered:
        """Raises `DeliveryFailed`."""


class Leases(Protocol):
    async def renew(self, claimed: Claimed) -> bool:
        """Whether it is still ours; if so, for a whole lease from now. Raises `Unreachable`."""


class Attempts(Protocol):
    def attempted(self, channel: Channel, seconds: float) -> None: ...


class Clocks(Struct, frozen=True):
    """`steady` never goes back; `wall` is seconds since the epoch, None in stream mode: then it is always then."""

    steady: Callable[[], float]
    wall: Callable[[], float] | None


class Carrier:
    """`lease` is seconds. A channel without a courier is one that is not set up.

    `holds_back` says of a partition that nothing of it may be sent now, whoever has taken it.
    """

    def __init__(
        self,
        *,
        leases: Leases,
        letters: Letters,
        couriers: Mapping[Channel, Courier],
        attempts: Attempts,
        clocks: Clocks,
        backoff: Backoff,
        lease: float,
        holds_back: Callable[[int], bool] = lambda partition: False,
        draw: Draw = random.random,
    ) -> None:
        self._leases = leases
        self._letters = letters
        self._couriers = couriers
        self._attempts = attempts
        self._clocks = clocks
        self._backoff = backoff
        self._lease = lease
        self._holds_back = holds_back
        self._draw = draw

    async def carry(self, claimed: Claimed) -> Outcome | None:
        """None if it was no longer ours: then it was not sent, and there is nothing to write down."""
        began = self._clocks.steady()
        try:
            delivered = await self._deliver(claimed)
        except DeliveryFailed as failed:
            age = claimed.age + self._clocks.steady() - began
            return judge(
                failed,
                attempt=claimed.attempt,
                age=age,
                backoff=self._backoff,
                draw=self._draw,
                last_way=len(claimed.ways) == 1,
            )
        return None if delivered is None else Sent(delivered.thread)

    async def _deliver(self, claimed: Claimed) -> Delivered | None:
        channel = claimed.target.channel
        courier = self._couriers.get(channel)
        if courier is None:
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
            return await self._handed(courier, letter)
        finally:
            self._attempts.attempted(channel, self._clocks.steady() - began)

    def _written(self, claimed: Claimed) -> Letter:
        now = self._clocks.wall() if self._clocks.wall else claimed.decided
        try:
            return self._letters.letter(claimed.story(now=now))
        except Exception as error:
            # One message that cannot be written must not keep the others from being sent.
            said = f"it cannot be written: {type(error).__name__}: {error}"
            raise DeliveryFailed(Failure.REFUSED, said, retryable=False) from error

    async def _still_ours(self, claimed: Claimed) -> bool:
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

    async def _handed(self, courier: Courier, letter: Letter) -> Delivered:
        """Ends, one way or another, well before the lease does."""
        try:
            async with asyncio.timeout(self._lease / 2):
                return await courier.deliver(letter)
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
