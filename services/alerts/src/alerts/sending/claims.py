"""A message that this sender has leased, and the outcome of an attempt. Pure."""

from msgspec import Struct

from alerts.decisions.first_look import FirstLookSummary
from alerts.decisions.owner_transfer import with_current_facts
from alerts.decisions.reasons import DecisionReason
from alerts.errors import Failure
from alerts.messages.content import EarlierMessage, MessageContent
from alerts.routing.destination import Fallback, Target
from alerts.signals.decoding import decode_signal
from common.contracts.signals import Facts, Signal


class StoredEarlierMessage(Struct, frozen=True):
    """A sent message of the same thread; `body` is the signal that headed it, as stored."""

    notification_id: str
    body: str
    sent: float
    thread: str | None


class ClaimedMessage(Struct, frozen=True, kw_only=True):
    """A message with an attempt begun. A sender claims it with a token and an end; just before sending it renews that.

    The lease is ours as long as the row holds `token`.

    `fallback` is told if the last of its ways is given up. `age` is the seconds since its first attempt began, or the
    first since it was sent again on request. `happened` and `recorded` are the moment and the record time of the
    signal that heads it, or the moment until which it was held; None if it was sent again on request. `bodies` are its
    signals as stored, the head first; `facts` are what is known now of the account of each, None where nothing was
    told. `thread` has the first and the newest sent message of its thread. A message about many accounts has a
    `summary` of all of them, and its signals are of those that it names.
    """

    notification_id: str
    partition: int
    account_id: str
    receiver: str
    reason: str
    ways: tuple[Target, ...]
    fallback: Fallback | None = None
    decided: float
    token: str
    attempt: int
    age: float
    happened: float | None
    recorded: float | None = None
    facts: tuple[Facts | None, ...] = ()
    summary: FirstLookSummary | None = None
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
            signals=tuple(map(_as_known, self.bodies, self.facts or (None,) * len(self.bodies))),
            now=now,
            first=earlier[0] if earlier else None,
            last=earlier[-1] if earlier else None,
            summary=self.summary,
        )


def _as_known(body: str, facts: Facts | None) -> Signal:
    signal = decode_signal(body)
    return signal if facts is None else with_current_facts(signal, facts)


def _earlier(before: StoredEarlierMessage) -> EarlierMessage:
    return EarlierMessage(before.notification_id, decode_signal(before.body), before.sent, before.thread)


class Sent(Struct, frozen=True):
    """`thread` is what the channel calls the message, where it says so."""

    thread: str | None = None


class Failed(Struct, frozen=True):
    """The message is tried again in `retry_in` seconds; if that is None, this way is given up for good."""

    reason: Failure
    detail: str
    maybe_told: bool
    retry_in: float | None

    @property
    def final(self) -> bool:
        return self.retry_in is None


AttemptOutcome = Sent | Failed


class UnreadableMessage(Struct, frozen=True):
    """A message that was given up because its row cannot be read: damaged, or of another version."""

    notification_id: str
    partition: int
    account_id: str
    address_key: str
    detail: str


class ClaimResult(Struct, frozen=True):
    """What one claim has leased.

    `next_due` is in how many seconds a message is due that there is capacity for; None if no other message waits.
    """

    messages: tuple[ClaimedMessage, ...] = ()
    unreadable: tuple[UnreadableMessage, ...] = ()
    next_due: float | None = None
