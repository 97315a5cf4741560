"""What deciding goes by, and what it answers: values only."""

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from alerts.core.destination import Destination
from alerts.core.reasons import Reason
from common.contracts.signals import Band, Kind, Severity, Signal

RANK = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}
"""The smaller, the more urgent."""


class Fresh(NamedTuple):
    """A signal that nobody has decided yet, and where the routes lead it."""

    signal: Signal
    destinations: tuple[Destination, ...]


class Pending(Struct, frozen=True):
    """A message that is not sent and not on its way: it may still be dropped or give way to another.

    `signals` has the head first. `maybe_told`: an attempt ended without an answer. `decided` is the record time of the
    message, in seconds.
    """

    notification_id: str
    destination: Destination
    signals: tuple[Signal, ...]
    maybe_told: bool
    decided: float = 0.0


class Past(Struct, frozen=True):
    """As much of a signal that was told as deciding still goes by; `at` is seconds since the epoch."""

    signal_id: str
    episode: str
    kind: Kind
    to: str
    at: float


class Told(Struct, frozen=True):
    """A signal in a message that has gone out or is on its way; not `sure` if no answer said that it arrived.

    `decided` is the record time of that message, in seconds.
    """

    signal: Signal | Past
    destination: Destination
    decided: float
    sure: bool = True


class Dossier(Struct, frozen=True):
    """All that deciding an account needs to know, oldest first.

    `bands` are the newest of the episodes that wait to be sent: one that came while a message was on its way was
    decided as if that would arrive. `acknowledged` has the worst severity that somebody took in hand, by episode.
    `left`: its last outcome was final.
    """

    account_id: str
    pending: tuple[Pending, ...] = ()
    told: tuple[Told, ...] = ()
    bands: tuple[Signal, ...] = ()
    acknowledged: Mapping[str, Severity] = {}
    left: bool = False


class Decision(Struct, frozen=True):
    """One yes or no. `notification` is the message it became part of: an id, or the index of a new one."""

    signal_id: str
    reason: Reason
    destination: Destination | None = None
    notification: str | int | None = None


class Composed(Struct, frozen=True):
    """A message to be sent: the signal that heads it first."""

    destination: Destination
    reason: Reason
    signals: tuple[Signal, ...]
    maybe_told: bool = False

    @property
    def head(self) -> Signal:
        return self.signals[0]


class Outcome(Struct, frozen=True):
    """What is to be written of an account: `composed` in the order in which they are to be sent, `dropped` by id.

    `at` is the record time by which it was decided.
    """

    account_id: str
    at: float
    decisions: tuple[Decision, ...] = ()
    composed: tuple[Composed, ...] = ()
    dropped: tuple[str, ...] = ()


def closes(signal: Signal | Past) -> bool:
    """Whether it ends its episode."""
    return signal.kind is Kind.BAND and signal.to == Band.GREEN
