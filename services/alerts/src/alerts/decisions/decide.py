"""What becomes of an account's signals: a named reason for every address, and the messages that follow from it."""

from collections.abc import Collection, Iterable, Sequence

from msgspec.structs import replace

from alerts.decisions.account import (
    AccountDecisions,
    AccountHistory,
    NewMessage,
    PendingMessage,
    RoutedSignal,
    SignalDecision,
    ToldSignal,
    amends,
)
from alerts.decisions.deduplicate import Candidate, CandidateDecision, deduplicate
from alerts.decisions.first_look import gather
from alerts.decisions.joining import JoinedEpisodes, joining_interval, past_signal
from alerts.decisions.reasons import DecisionReason, DecisionVerdict
from alerts.routing.destination import Destination
from alerts.signals.score import SEVERITY_RANK
from alerts.signals.signal_kinds import rules_of
from common.contracts.signals import Kind, Signal


def decide_account(history: AccountHistory, signals: Sequence[RoutedSignal], *, now: float) -> AccountDecisions:
    """`signals` are new, oldest first; without any, only the pending messages are decided again.

    `now` is record time. The same history and signals give the same decisions.
    """
    # A log that is read again, or another log, may go back in time: a decision must not seem to lie ahead of it.
    at = max([now, *(pending.decided for pending in history.pending)])
    decided = AccountDecisions(history.account_id, at, tuple(_without_channel(signals)), timer_before=history.timer)
    # First looks are told with those of other accounts.
    looks = [one for one in signals if one.signal.kind is Kind.FIRST_LOOK]
    others = [one for one in signals if one.signal.kind is not Kind.FIRST_LOOK] if looks else signals
    for address_key in _address_keys(history, others):
        decided = _decide_address(decided, address_key, history, others)
    return gather(decided, history, looks) if looks else decided


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
    """Every address with something to decide: routed to it, pending for it, or told of what may be amended now."""
    amending = any(amends(routed.signal) for routed in signals)
    concerned = [
        *(destination for routed in signals for destination in routed.destinations),
        *(pending.destination for pending in history.pending),
        *(told.destination for told in history.told if amending),
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
    episodes = _joined_episodes(history, signals, told_receiver, pending=pending, routed=routed)
    candidates = deduplicate(
        [*_pending_candidates(pending), *_newest_bands(address_key, history, routed, episodes), *routed],
        told,
        told_receiver=told_receiver,
        episodes=episodes,
        acknowledged=history.acknowledged,
        left=history.left,
        now=decided.at,
    )
    messages = list(decided.messages)
    # A message that would read the same stays as it is, with the attempts that were made.
    standing = {_ids(one.signals): one for one in pending}
    kept: set[str] = set()
    released: dict[str, DecisionReason] = {}
    message_of: dict[str, str | int] = {}
    composed = _compose(candidates)
    for message in composed:
        ids = _ids(message.signals)
        same = standing.get(ids)
        if same is None:
            messages.append(message)
        else:
            kept.add(same.notification_id)
            if same.held and message.held_until is None:
                released[same.notification_id] = message.reason
        message_of |= dict.fromkeys(ids, len(messages) - 1 if same is None else same.notification_id)
    # A pending message that no longer says what stands is replaced or taken back.
    dropped = [one.notification_id for one in pending if one.notification_id not in kept]
    held = [until for message in composed if (until := message.held_until) is not None]
    return replace(
        decided,
        decisions=(*decided.decisions, *_signal_decisions(candidates, message_of, released)),
        messages=tuple(messages),
        dropped=(*decided.dropped, *dropped),
        released={**decided.released, **released},
        timer=min([*held, *([] if decided.timer is None else [decided.timer])], default=None),
    )


def _joined_episodes(
    history: AccountHistory,
    signals: Sequence[RoutedSignal],
    told: Sequence[ToldSignal],
    *,
    pending: Sequence[PendingMessage],
    routed: Sequence[Candidate],
) -> JoinedEpisodes:
    """As one address sees them: it goes by the repeat intervals of what it was told, or is about to be."""
    new = {one.signal.signal_id: one.signal for one in signals if not one.again}
    bands = [band for band in history.past_bands if band.signal_id not in new]
    bands += [past_signal(signal) for signal in new.values() if signal.told_band is not None]
    destinations = {one.signal.signal_id: one.destination for one in told}
    destinations |= {signal.signal_id: one.destination for one in pending for signal in one.signals}
    destinations |= {one.signal.signal_id: one.destination for one in routed if one.destination}
    return JoinedEpisodes(bands, told, {name: joining_interval(one) for name, one in destinations.items()})


def _pending_candidates(pending: Sequence[PendingMessage]) -> list[Candidate]:
    """Pending signals are decided as if they came now: nobody has been told of them yet."""
    candidates = [
        Candidate(signal, one.destination, one.notification_id, one.maybe_told)
        for one in pending
        for signal in one.signals
    ]
    return sorted(candidates, key=lambda one: one.signal.at)


def _newest_bands(
    address_key: str, history: AccountHistory, routed: Sequence[Candidate], episodes: JoinedEpisodes
) -> Iterable[Candidate]:
    """The newest bands of alerts with pending messages, unless this address is told of them anyway.

    If another address is told of a band, it only overtakes what is pending here. If nobody is, it replaces that.
    """
    keys: dict[str, set[str | None]] = {one.signal.signal_id: {address_key} for one in routed}
    for told in history.told:
        keys.setdefault(told.signal.signal_id, set()).add(address_key_of(told.destination))
    for pending in history.pending:
        for signal in pending.signals:
            keys.setdefault(signal.signal_id, set()).add(address_key_of(pending.destination))
    for band in {episodes.first(band.episode): band for band in history.bands}.values():
        told_to = keys.get(band.signal_id, set())
        if address_key not in told_to:
            yield Candidate(band, None, decided_before=True, replaces=not told_to)


def _is_later_way(told: Destination, *, of: Destination) -> bool:
    """Whether the same receiver was told over a later way, or its fallback, because the ways before had failed."""
    fallback = of.fallback
    if fallback is not None and told.receiver == fallback.receiver and told.path[:-1] == of.path:
        return address_key_of(told) in {target.address_key for target in fallback.targets}
    if told.receiver != of.receiver or address_key_of(told) not in {way.address_key for way in of.ways[1:]}:
        return False
    # While a person is away their back-up comes first: telling the back-up did not tell the person.
    return told.path == of.path or told.ways[0].person == of.ways[0].person


def _routed_candidates(address_key: str, signals: Sequence[RoutedSignal]) -> Iterable[Candidate]:
    for routed in signals:
        here = next((one for one in routed.destinations if address_key_of(one) == address_key), None)
        if here is not None or not routed.again:
            yield Candidate(routed.signal, here)


def _compose(candidates: Sequence[CandidateDecision]) -> list[NewMessage]:
    """A recovery, a held message and an alert of its own are a message each; everything else is one message.

    A withdrawal goes to the thread that told what it withdraws.
    """
    alone: list[NewMessage] = []
    withdrawn: dict[str, list[CandidateDecision]] = {}
    others: list[CandidateDecision] = []
    for one in candidates:
        # Kept and late signals are in no message.
        if one.reason is None or one.destination is None or not _is_in_a_message(one):
            continue
        own = rules_of(one.candidate.signal.kind).is_own_alert
        if own or one.reason is DecisionReason.RECOVERED or one.held_until is not None:
            signals = (one.candidate.signal,)
            alone.append(
                NewMessage(one.destination, one.reason, signals, one.candidate.maybe_told, one.thread, one.held_until)
            )
        elif one.reason is DecisionReason.WITHDRAWN:
            withdrawn.setdefault(one.thread, []).append(one)
        else:
            others.append(one)
    alone += [_merge(together) for together in withdrawn.values()]
    return [*alone, *([_merge(others)] if others else [])]


def _is_in_a_message(one: CandidateDecision) -> bool:
    told = one.reason is not None and one.reason.verdict is DecisionVerdict.TELL
    return told or one.held_until is not None


def _merge(candidates: Sequence[CandidateDecision]) -> NewMessage:
    """The most urgent signal heads it."""
    ordered = sorted(candidates, key=lambda one: _urgency(one.candidate.signal))
    head = ordered[0]
    assert head.destination is not None
    assert head.reason is not None
    signals = tuple(one.candidate.signal for one in ordered)
    maybe_told = any(one.candidate.maybe_told for one in ordered)
    return NewMessage(head.destination, head.reason, signals, maybe_told, head.thread)


def _urgency(signal: Signal) -> tuple[int, bool, float]:
    """The most severe first; of equals a band before what belongs to it, then the newest."""
    return SEVERITY_RANK[signal.severity], signal.told_band is None, -signal.at.timestamp()


def _signal_decisions(
    candidates: Sequence[CandidateDecision], message_of: dict[str, str | int], released: Collection[str]
) -> Iterable[SignalDecision]:
    """One for every new signal; for a pending one only if its message has changed, or is sent now."""
    for one in candidates:
        if one.reason is None:
            continue
        signal_id, pending = one.candidate.signal.signal_id, one.candidate.pending
        message = message_of.get(signal_id) if _is_in_a_message(one) else None
        if pending is None or message != pending or pending in released:
            yield SignalDecision(signal_id, one.reason, one.destination, message)


def _ids(signals: Sequence[Signal]) -> tuple[str, ...]:
    return tuple(signal.signal_id for signal in signals)
