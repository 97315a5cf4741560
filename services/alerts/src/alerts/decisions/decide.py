"""What becomes of an account's signals: a named reason for every address, and the messages that follow from it."""

from collections.abc import Iterable, Sequence

from alerts.decisions.account import (
    AccountDecisions,
    AccountHistory,
    NewMessage,
    PendingMessage,
    RoutedSignal,
    SignalDecision,
    closes_episode,
)
from alerts.decisions.deduplicate import Candidate, CandidateDecision, deduplicate
from alerts.decisions.reasons import DecisionReason, DecisionVerdict
from alerts.routing.destination import Destination
from alerts.signals.score import SEVERITY_RANK
from common.contracts.signals import Kind, Signal


def decide_account(history: AccountHistory, signals: Sequence[RoutedSignal], *, now: float) -> AccountDecisions:
    """`signals` are new, oldest first; without any, only the pending messages are decided again.

    `now` is record time. The same history and signals give the same decisions.
    """
    # A log that is read again, or another log, may go back in time: a decision must not seem to lie ahead of it.
    at = max([now, *(pending.decided for pending in history.pending)])
    decided = AccountDecisions(history.account_id, at, tuple(_without_channel(signals)))
    for address_key in _address_keys(history, signals):
        decided = _decide_address(decided, address_key, history, signals)
    return decided


def address_key_of(destination: Destination) -> str | None:
    """Where its next message goes; None if the routes tell nobody."""
    return destination.ways[0].address_key if destination.ways else None


def _without_channel(signals: Sequence[RoutedSignal]) -> Iterable[SignalDecision]:
    for routed in signals:
        for destination in routed.destinations:
            # A receiver without a channel: the signal is recorded and told to nobody.
            if not destination.ways:
                yield SignalDecision(routed.signal.signal_id, DecisionReason.NO_CHANNEL, destination)


def _address_keys(history: AccountHistory, signals: Sequence[RoutedSignal]) -> list[str]:
    """Every address with something to decide: routed to it, pending for it, or told to it and closed now."""
    closing = {routed.signal.episode for routed in signals if closes_episode(routed.signal)}
    concerned = [
        *(destination for routed in signals for destination in routed.destinations),
        *(pending.destination for pending in history.pending),
        *(told.destination for told in history.told if told.signal.episode in closing),
    ]
    return list(dict.fromkeys(key for destination in concerned if (key := address_key_of(destination)) is not None))


def _decide_address(
    decided: AccountDecisions, address_key: str, history: AccountHistory, signals: Sequence[RoutedSignal]
) -> AccountDecisions:
    pending = [one for one in history.pending if address_key_of(one.destination) == address_key]
    told = [one for one in history.told if address_key_of(one.destination) == address_key]
    routed = list(_routed_candidates(address_key, signals))
    # What the same receiver was told over a later way counts as told, or a repeat would reach them twice.
    first_ways = {one.destination for one in routed if one.destination is not None}
    told_receiver = [
        one
        for one in history.told
        if address_key_of(one.destination) == address_key
        or any(_is_later_way(one.destination, of=first) for first in first_ways)
    ]
    candidates = deduplicate(
        [*_pending_candidates(pending), *_newest_bands(address_key, history, routed), *routed],
        told,
        told_receiver=told_receiver,
        acknowledged=history.acknowledged,
        left=history.left,
        now=decided.at,
    )
    messages = list(decided.messages)
    # A message that would read the same stays as it is, with the attempts that were made.
    standing = {_ids(one.signals): one.notification_id for one in pending}
    kept: set[str] = set()
    message_of: dict[str, str | int] = {}
    for message in _compose(candidates):
        ids = _ids(message.signals)
        if ids in standing:
            kept.add(standing[ids])
        else:
            messages.append(message)
        message_of |= dict.fromkeys(ids, standing.get(ids, len(messages) - 1))
    # A pending message that no longer says what stands is replaced or taken back.
    dropped = [one.notification_id for one in pending if one.notification_id not in kept]
    return AccountDecisions(
        decided.account_id,
        decided.at,
        decisions=(*decided.decisions, *_signal_decisions(candidates, message_of)),
        messages=tuple(messages),
        dropped=(*decided.dropped, *dropped),
    )


def _pending_candidates(pending: Sequence[PendingMessage]) -> list[Candidate]:
    """Pending signals are decided as if they came now: nobody has been told of them yet."""
    candidates = [
        Candidate(signal, one.destination, one.notification_id, one.maybe_told)
        for one in pending
        for signal in one.signals
    ]
    return sorted(candidates, key=lambda one: one.signal.at)


def _newest_bands(address_key: str, history: AccountHistory, routed: Sequence[Candidate]) -> Iterable[Candidate]:
    """The newest bands of episodes with pending messages, unless this address is told of them anyway.

    If another address is told of a band, it only overtakes what is pending here. If nobody is, it replaces that.
    """
    keys: dict[str, set[str | None]] = {one.signal.signal_id: {address_key} for one in routed}
    for told in history.told:
        keys.setdefault(told.signal.signal_id, set()).add(address_key_of(told.destination))
    for pending in history.pending:
        for signal in pending.signals:
            keys.setdefault(signal.signal_id, set()).add(address_key_of(pending.destination))
    for band in history.bands:
        told_to = keys.get(band.signal_id, set())
        if address_key not in told_to:
            yield Candidate(band, None, decided_before=True, replaces=not told_to)


def _is_later_way(told: Destination, *, of: Destination) -> bool:
    """Whether the same receiver was told over a later way, because the ways before it had failed."""
    if told.receiver != of.receiver or address_key_of(told) not in {way.address_key for way in of.ways[1:]}:
        return False
    # While a person is away their back-up comes first: telling the back-up did not tell the person.
    return told.path == of.path or told.ways[0].person == of.ways[0].person


def _routed_candidates(address_key: str, signals: Sequence[RoutedSignal]) -> Iterable[Candidate]:
    for routed in signals:
        here = (destination for destination in routed.destinations if address_key_of(destination) == address_key)
        yield Candidate(routed.signal, next(here, None))


def _compose(candidates: Sequence[CandidateDecision]) -> list[NewMessage]:
    """A recovery closes its own thread; everything else is one message, the most urgent signal at its head."""
    recoveries: list[NewMessage] = []
    others: list[CandidateDecision] = []
    for one in candidates:
        # Kept and waiting signals are in no message.
        if one.reason is None or one.reason.verdict is not DecisionVerdict.TELL or one.destination is None:
            continue
        if one.reason is DecisionReason.RECOVERED:
            signals = (one.candidate.signal,)
            recoveries.append(NewMessage(one.destination, one.reason, signals, one.candidate.maybe_told))
        else:
            others.append(one)
    return [*recoveries, *([_merge(others)] if others else [])]


def _merge(candidates: Sequence[CandidateDecision]) -> NewMessage:
    ordered = sorted(candidates, key=lambda one: _urgency(one.candidate.signal))
    head = ordered[0]
    assert head.destination is not None
    assert head.reason is not None
    signals = tuple(one.candidate.signal for one in ordered)
    return NewMessage(head.destination, head.reason, signals, any(one.candidate.maybe_told for one in ordered))


def _urgency(signal: Signal) -> tuple[int, bool, float]:
    """The most severe first; of equals a band before what belongs to it, then the newest."""
    return SEVERITY_RANK[signal.severity], signal.kind is not Kind.BAND, -signal.at.timestamp()


def _signal_decisions(
    candidates: Sequence[CandidateDecision], message_of: dict[str, str | int]
) -> Iterable[SignalDecision]:
    """One for every new signal; for a pending one only if its message has changed."""
    for candidate, destination, reason in candidates:
        if reason is None:
            continue
        signal_id = candidate.signal.signal_id
        message = message_of.get(signal_id) if reason.verdict is DecisionVerdict.TELL else None
        if candidate.pending is None or message != candidate.pending:
            yield SignalDecision(signal_id, reason, destination, message)


def _ids(signals: Sequence[Signal]) -> tuple[str, ...]:
    return tuple(signal.signal_id for signal in signals)
