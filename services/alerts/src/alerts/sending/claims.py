"""A message that is ours to send for a while, and what became of an attempt. Pure."""

import msgspec
from msgspec import Struct

from alerts.core.destination import Target
from alerts.core.reasons import DecisionReason
from alerts.errors import Failure
from alerts.messages.story import EarlierMessage, MessageContent
from common.contracts.signals import Signal

_signals = msgspec.json.Decoder(Signal)


class StoredEarlierMessage(Struct, frozen=True):
    """A message of the same thread that has gone out; `body` is the signal that headed it, as stored."""

    notification_id: str
    body: str
    sent: float
    thread: str | None


class ClaimedMessage(Struct, frozen=True, kw_only=True):
    """One attempt at one notification, ours as long as the row carries `token`.

    `age` is how many seconds ago it was tried for the first time, `happened` the moment of the signal that heads it,
    `recorded` its record time. `bodies` are its signals as stored, the head first; `thread` has the first and the
    newest message before it.
    """

    notification_id: str
    partition: int
    account_id: str
    receiver: str
    reason: str
    ways: tuple[Target, ...]
    decided: float
    token: str
    attempt: int
    age: float
    happened: float | None
    recorded: float | None = None
    bodies: tuple[str, ...]
    thread: tuple[StoredEarlierMessage, ...] = ()

    @property
    def target(self) -> Target:
        return self.ways[0]

    def content(self, *, now: float) -> MessageContent:
        """Raises `msgspec.DecodeError` or `ValueError` if what is stored cannot be read."""
        earlier = [_earlier(one) for one in self.thread]
        return MessageContent(
            notification_id=self.notification_id,
            target=self.target,
            reason=DecisionReason(self.reason),
            signals=tuple(_signals.decode(body) for body in self.bodies),
            now=now,
            first=earlier[0] if earlier else None,
            last=earlier[-1] if earlier else None,
        )


def _earlier(before: StoredEarlierMessage) -> EarlierMessage:
    return EarlierMessage(before.notification_id, _signals.decode(before.body), before.sent, before.thread)


class Sent(Struct, frozen=True):
    """`thread` is what the channel calls the message, where it says so."""

    thread: str | None = None


class Failed(Struct, frozen=True):
    """Tried again in `retry_in` seconds; this way is given up for good if that is None."""

    reason: Failure
    detail: str
    maybe_told: bool
    retry_in: float | None

    @property
    def final(self) -> bool:
        return self.retry_in is None


AttemptOutcome = Sent | Failed


class UnreadableMessage(Struct, frozen=True):
    """A message that was given up because what is stored of it cannot be read: damaged, or of another version."""

    notification_id: str
    partition: int
    account_id: str
    lane: str
    detail: str


class ClaimResult(Struct, frozen=True):
    """What one look has brought: messages that are ours from here on, each with its attempt begun.

    `next_due` is how many seconds later there is more to take that there is room for; None if nothing else waits.
    """

    messages: tuple[ClaimedMessage, ...] = ()
    unreadable: tuple[UnreadableMessage, ...] = ()
    next_due: float | None = None
