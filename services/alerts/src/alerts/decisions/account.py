"""What deciding about an account goes by, and what it answers: values only."""

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from alerts.decisions.reasons import DecisionReason
from alerts.routing.destination import Destination
from common.contracts.signals import Band, Kind, Severity, Signal

PAST_BANDS = 100


class RoutedSignal(NamedTuple):
    """A signal that nobody has decided yet, and where the routes lead it.

    `again`: it was decided before, and these destinations are new. It means nothing to the others.
    """

    signal: Signal
    destinations: tuple[Destination, ...]
    again: bool = False


class PendingMessage(Struct, frozen=True):
    """A message that is not sent and not on its way: it may still be dropped or replaced.

    `signals` has the head first. `maybe_told`: an attempt ended without an answer. `decided` is the record time of the
    message, in seconds. `held`: it waits for a timer, and no sender takes it.
    """

    notification_id: str
    destination: Destination
    signals: tuple[Signal, ...]
    maybe_told: bool
    decided: float = 0.0
    held: bool = False


class GatheredSignal(Struct, frozen=True):
    """A first look that is told to one person with those of other accounts."""

    signal: Signal
    destination: Destination


class PastSignal(Struct, frozen=True):
    """What deciding still needs of a former signal; `at` is seconds since the epoch, `brings` the band of a flag.

    `by_look`: a first look told it among all that stands, and `signal_id` is that of the look.
    """

    signal_id: str
    episode: str
    kind: str
    to: str
    at: float
    brings: str | None = None
    by_look: bool = False

    @property
    def told_band(self) -> str | None:
        """As of a `Signal`."""
        return self.to if self.kind == Kind.BAND else self.brings


class ToldSignal(Struct, frozen=True):
    """A signal in a message that was sent or is on its way; not `sure` if no answer said that it arrived.

    `decided` is the record time of that message, in seconds; `thread` is the episode by which the message is threaded.
    """

    signal: Signal | PastSignal
    destination: Destination
    decided: float
    sure: bool = True
    thread: str = ""


class AccountHistory(Struct, frozen=True):
    """What was told of an account and what waits to be sent, oldest first.

    `bands` are the newest bands of the episodes with pending messages, and the account's newest: one that came while a
    message was on its way was decided as if that message would arrive. `past_bands` are the account's bands, at most
    the newest `PAST_BANDS`, whether they were told or not. `acknowledged` has the worst severity that somebody
    acknowledged, by episode. `left`: the account's last outcome was final. `timer` is when the account is to be decided
    again, in record time. `gathered` are its first looks that have not been told, if another owner's are asked for.
    `merged`: it goes on as another account.
    """

    account_id: str
    pending: tuple[PendingMessage, ...] = ()
    told: tuple[ToldSignal, ...] = ()
    bands: tuple[Signal, ...] = ()
    past_bands: tuple[PastSignal, ...] = ()
    acknowledged: Mapping[str, Severity] = {}
    left: bool = False
    timer: float | None = None
    gathered: tuple[GatheredSignal, ...] = ()
    merged: bool = False


class SignalDecision(Struct, frozen=True):
    """One yes or no. `notification` is the message that the signal became part of: an id, or the index of a new one."""

    signal_id: str
    reason: DecisionReason
    destination: Destination | None = None
    notification: str | int | None = None


class NewMessage(Struct, frozen=True):
    """A message to be sent: the signal that heads it first.

    `thread` is the episode by which it is threaded. `held_until` is the record time before which it is not sent; until
    then newer signals may take it back.
    """

    destination: Destination
    reason: DecisionReason
    signals: tuple[Signal, ...]
    maybe_told: bool = False
    thread: str = ""
    held_until: float | None = None

    @property
    def head(self) -> Signal:
        return self.signals[0]


class AccountDecisions(Struct, frozen=True):
    """What is to be written of an account: `messages` in the order in which they are sent, `dropped` ones by id.

    `released` are held messages that are sent now, by id, and why. `at` is the record time by which it was decided.
    `timer` is when the account is to be decided again; `timer_before` is when it was to be. `gathered` are first looks
    that are told with those of other accounts; `taken_out` no longer are.
    """

    account_id: str
    at: float
    decisions: tuple[SignalDecision, ...] = ()
    messages: tuple[NewMessage, ...] = ()
    dropped: tuple[str, ...] = ()
    released: Mapping[str, DecisionReason] = {}
    timer: float | None = None
    timer_before: float | None = None
    gathered: tuple[GatheredSignal, ...] = ()
    taken_out: tuple[GatheredSignal, ...] = ()


def amends(signal: Signal | PastSignal) -> bool:
    """Whether it goes to whoever was told of something before, wherever the routes lead now."""
    return closes_episode(signal) or signal.kind == Kind.RETRACTED


def closes_episode(signal: Signal | PastSignal) -> bool:
    return signal.kind == Kind.BAND and signal.to == Band.GREEN
