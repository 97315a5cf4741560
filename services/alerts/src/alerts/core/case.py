"""What deciding goes by, and what it answers: values only."""

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from alerts.core.destination import Destination
from alerts.core.reasons import DecisionReason
from common.contracts.signals import Band, Kind, Severity, Signal

RANK = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}
"""The smaller, the more urgent."""


class RoutedSignal(NamedTuple):
    """A signal that nobody has decided yet, and where the routes lead it."""

    signal: Signal
    destinations: tuple[Destination, ...]


class PendingMessage(Struct, frozen=True):
    """A message that is not sent and not on its way: it may still be dropped or give way to another.

    `signals` has the head first. `maybe_told`: an attempt ended without an answer. `decided` is the record time of the
    message, in seconds.
    """

    notification_id: str
    destination: Destination
    signals: tuple[Signal, ...]
    maybe_told: bool
    decided: float = 0.0


class PastSignal(Struct, frozen=True):
    """As much of a signal that was told as deciding still goes by; `at` is seconds since the epoch."""

    signal_id: str
    episode: str
    kind: Kind
    to: str
    at: float


class ToldSignal(Struct, frozen=True):
    """A signal in a message that has gone out or is on its way; not `sure` if no answer said that it arrived.

    `decided` is the record time of that message, in seconds.
    """

    signal: Signal | PastSignal
    destination: Destination
    decided: float
    sure: bool = True


class AccountHistory(Struct, frozen=True):
    """All that deciding an account needs to know, oldest first.

    `bands` are the newest of the episodes that wait to be sent: one that came while a message was on its way was
    decided as if that would arrive. `acknowledged` has the worst severity that somebody took in hand, by episode.
    `left`: its last outcome was final.
    """

    account_id: str
    pending: tuple[PendingMessage, ...] = ()
    told: tuple[ToldSignal, ...] = ()
    bands: tuple[Signal, ...] = ()
    acknowledged: Mapping[str, Severity] = {}
    left: bool = False


class SignalDecision(Struct, frozen=True):
    """One yes or no. `notification` is the message it became part of: an id, or the index of a new one."""

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
    """What is to be written of an account: `composed` in the order in which they are to be sent, `dropped` by id.

    `at` is the record time by which it was decided.
    """

    account_id: str
    at: float
    decisions: tuple[SignalDecision, ...] = ()
    composed: tuple[NewMessage, ...] = ()
    dropped: tuple[str, ...] = ()


def closes_episode(signal: Signal | PastSignal) -> bool:
    """Whether it ends its episode."""
    return signal.kind is Kind.BAND and signal.to == Band.GREEN
