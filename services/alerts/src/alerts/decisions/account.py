"""What deciding about an account goes by, and what it answers: values only."""

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from alerts.decisions.reasons import DecisionReason
from alerts.routing.destination import Destination
from common.contracts.signals import Band, Kind, Severity, Signal


class RoutedSignal(NamedTuple):
    """A signal that nobody has decided yet, and where the routes lead it."""

    signal: Signal
    destinations: tuple[Destination, ...]


class PendingMessage(Struct, frozen=True):
    """A message that is not sent and not on its way: it may still be dropped or replaced.

    `signals` has the head first. `maybe_told`: an attempt ended without an answer. `decided` is the record time of the
    message, in seconds.
    """

    notification_id: str
    destination: Destination
    signals: tuple[Signal, ...]
    maybe_told: bool
    decided: float = 0.0


class PastSignal(Struct, frozen=True):
    """What deciding still needs of a signal that was told; `at` is seconds since the epoch."""

    signal_id: str
    episode: str
    kind: str
    to: str
    at: float


class ToldSignal(Struct, frozen=True):
    """A signal in a message that was sent or is on its way; not `sure` if no answer said that it arrived.

    `decided` is the record time of that message, in seconds.
    """

    signal: Signal | PastSignal
    destination: Destination
    decided: float
    sure: bool = True


class AccountHistory(Struct, frozen=True):
    """What was told of an account and what waits to be sent, oldest first.

    `bands` are the newest bands of the episodes with pending messages: one that came while a message was on its way was
    decided as if that message would arrive. `acknowledged` has the worst severity that somebody acknowledged, by
    episode. `left`: the account's last outcome was final.
    """

    account_id: str
    pending: tuple[PendingMessage, ...] = ()
    told: tuple[ToldSignal, ...] = ()
    bands: tuple[Signal, ...] = ()
    acknowledged: Mapping[str, Severity] = {}
    left: bool = False


class SignalDecision(Struct, frozen=True):
    """One yes or no. `notification` is the message that the signal became part of: an id, or the index of a new one."""

    signal_id: str
    reason: DecisionReason
    destination: Destination | None = None
    notification: str | int | None = None


class NewMessage(Struct, frozen=True):
    """A message to be sent: the signal that heads it first."""

    destination: Destination
    reason: DecisionReason
    signals: tuple[Signal, ...]
    maybe_told: bool = False

    @property
    def head(self) -> Signal:
        return self.signals[0]


class AccountDecisions(Struct, frozen=True):
    """What is to be written of an account: `messages` in the order in which they are sent, `dropped` ones by id.

    `at` is the record time by which it was decided.
    """

    account_id: str
    at: float
    decisions: tuple[SignalDecision, ...] = ()
    messages: tuple[NewMessage, ...] = ()
    dropped: tuple[str, ...] = ()


def closes_episode(signal: Signal | PastSignal) -> bool:
    return signal.kind == Kind.BAND and signal.to == Band.GREEN
