"""What a message is made of: the facts, before any words."""

from msgspec import Struct

from alerts.core.destination import Target
from alerts.core.reasons import DecisionReason
from common.contracts.signals import Signal


class EarlierMessage(Struct, frozen=True):
    """A message of the same thread that has gone out on the same lane. `sent` is seconds since the epoch.

    `thread` is what the channel calls it, where it says so.
    """

    notification_id: str
    signal: Signal
    sent: float
    thread: str | None = None


class MessageContent(Struct, frozen=True):
    """`signals` has the one that heads the message first, then what is told with it.

    `now` (seconds since the epoch) is the moment that ages and "in 12 days" are counted from. `first` began the thread
    and `last` is the newest message in it; both None for a message that begins one.
    """

    notification_id: str
    target: Target
    reason: DecisionReason
    signals: tuple[Signal, ...]
    now: float
    first: EarlierMessage | None = None
    last: EarlierMessage | None = None

    @property
    def head(self) -> Signal:
        return self.signals[0]
