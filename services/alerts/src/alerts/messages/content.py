"""What a message is made of, before it is put into words."""

from msgspec import Struct

from alerts.decisions.first_look import FirstLookSummary
from alerts.decisions.reasons import DecisionReason
from alerts.routing.destination import Target
from common.contracts.signals import Signal


class EarlierMessage(Struct, frozen=True):
    """A sent message of the same thread, at the same address. `sent` is seconds since the epoch.

    `thread` is what the channel calls it, where it says so.
    """

    notification_id: str
    signal: Signal
    sent: float
    thread: str | None = None


class MessageContent(Struct, frozen=True):
    """`signals` has the one that heads the message first, then what is told with it.

    Ages and "in 12 days" are counted from `now`, seconds since the epoch. `first` began the thread, `last` is its
    newest message; both are None for a message that begins one. With a `summary` the message is about many accounts,
    and `signals` are the first looks of those that it names.
    """

    notification_id: str
    target: Target
    reason: DecisionReason
    signals: tuple[Signal, ...]
    now: float
    first: EarlierMessage | None = None
    last: EarlierMessage | None = None
    summary: FirstLookSummary | None = None

    @property
    def head(self) -> Signal:
        return self.signals[0]
