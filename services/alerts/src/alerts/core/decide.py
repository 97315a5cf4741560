"""What becomes of an account's signals: for every receiver a named reason, and the messages that follow from it."""

from collections.abc import Collection, Iterable, Sequence

from alerts.core.case import (
    RANK,
    AccountDecisions,
    AccountHistory,
    NewMessage,
    PendingMessage,
    RoutedSignal,
    SignalDecision,
    closes_episode,
)
from alerts.core.destination import Destination
from alerts.core.reasons import DecisionReason, DecisionVerdict
from alerts.core.ruling import Candidate, CandidateDecision, deduplicate
from common.contracts.signals import Kind, Signal


def decide_account(history: AccountHistory, fresh: Sequence[RoutedSignal], *, now: float) -> AccountDecisions:
    """`fresh` are the account's signals since, oldest first (none: look again at what waits to be sent).

    `now` is record time. The same dossier and signals give the same outcome.
    """
    # A log that is read again, or another, may go back: what was decided must not seem to lie ahead.
    at = max([now, *(pending.decided for pending in history.pending)])
    outcome = AccountDecisions(
        history.account_id, at, tuple(decision for one in fresh for decision in _without_channel(one))
    )
    for lane in _lanes(history, fresh):
        outcome = _with_lane(outcome, lane, history, fresh)
    return outcome


def address_key_of(destination: Destination) -> str | None:
    """Where its next message goes; None if the routes tell nobody."""
    return destination.ways[0].lane if destination.ways else None


def _without_channel(fresh: RoutedSignal) -> Iterable[SignalDecision]:
    for destination in fresh.destinations:
        if not destination.ways:
            yield SignalDecision(fresh.signal.signal_id, DecisionReason.NO_CHANNEL, destination)


def _lanes(history: AccountHistory, fresh: Sequence[RoutedSignal]) -> list[str]:
    """Every lane that may have something to hear: routed there, waiting there, or told there what now closes."""
    closing = {one.signal.episode for one in fresh if closes_episode(one.signal)}
    concerned = [
        *(destination for one in fresh for destination in one.destinations),
        *(pending.destination for pending in history.pending),
        *(told.destination for told in history.told if told.signal.episode in closing),
    ]
    return list(dict.fromkeys(lane for destination in concerned if (lane := address_key_of(destination)) is not None))


def _with_lane(
    outcome: AccountDecisions, lane: str, history: AccountHistory, fresh: Sequence[RoutedSignal]
) -> AccountDecisions:
    pending = [one for one in history.pending if address_key_of(one.destination) == lane]
    told = [one for one in history.told if address_key_of(one.destination) == lane]
    routed = list(_routed(lane, fresh))
    begun = {one.destination for one in routed if one.destination is not None}
    rulings = deduplicate(
        [*_waiting(pending), *_known(lane, history, routed), *routed],
        told,
        heard=[
            one for one in history.told if address_key_of(one.destination) == lane or _went_on(one.destination, begun)
        ],
        acknowledged=history.acknowledged,
        left=history.left,
        now=outcome.at,
    )
    composed = list(outcome.composed)
    # A message that would read the same stays as it is, with what was tried of it.
    standing = {_ids(one.signals): one.notification_id for one in pending}
    kept: set[str] = set()
    become: dict[str, str | int] = {}
    for message in _messages(rulings):
        ids = _ids(message.signals)
        if ids in standing:
            kept.add(standing[ids])
        else:
            composed.append(message)
        become |= dict.fromkeys(ids, standing.get(ids, len(composed) - 1))
    dropped = [one.notification_id for one in pending if one.notification_id not in kept]
    return AccountDecisions(
        outcome.account_id,
        outcome.at,
        decisions=(*outcome.decisions, *_decisions(rulings, become)),
        composed=tuple(composed),
        dropped=(*outcome.dropped, *dropped),
    )


def _waiting(pending: Sequence[PendingMessage]) -> list[Candidate]:
    """What waits to be sent, as if it came now: nobody has been told of it yet."""
    candidates = [
        Candidate(signal, one.destination, one.notification_id, one.maybe_told)
        for one in pending
        for signal in one.signals
    ]
    return sorted(candidates, key=lambda one: one.signal.at)


def _known(lane: str, history: AccountHistory, routed: Sequence[Candidate]) -> Iterable[Candidate]:
    """The newest bands of episodes that wait, unless this lane itself tells or has told them.

    One that is told over another lane only ends what waits here; one that nobody is told of takes its place.
    """
    lanes: dict[str, set[str | None]] = {one.signal.signal_id: {lane} for one in routed}
    for told in history.told:
        lanes.setdefault(told.signal.signal_id, set()).add(address_key_of(told.destination))
    for pending in history.pending:
        for signal in pending.signals:
            lanes.setdefault(signal.signal_id, set()).add(address_key_of(pending.destination))
    for band in history.bands:
        over = lanes.get(band.signal_id, set())
        if lane not in over:
            yield Candidate(band, None, known=True, instead=not over)


def _went_on(told: Destination, begun: Collection[Destination]) -> bool:
    """Whether it was told over a later way of one of these, because the ways before it had failed."""
    return any(_later_way(told, one) for one in begun)


def _later_way(told: Destination, of: Destination) -> bool:
    if told.receiver != of.receiver or address_key_of(told) not in {way.lane for way in of.ways[1:]}:
        return False
    # While somebody is away their back-up comes first: that is not to have told them.
    return told.path == of.path or told.ways[0].person == of.ways[0].person


def _routed(lane: str, fresh: Sequence[RoutedSignal]) -> Iterable[Candidate]:
    for one in fresh:
        here = (destination for destination in one.destinations if address_key_of(destination) == lane)
        yield Candidate(one.signal, next(here, None))


def _messages(rulings: Sequence[CandidateDecision]) -> list[NewMessage]:
    """A recovery closes its own thread; all else that stands goes into one message, the gravest at its head."""
    recoveries: list[NewMessage] = []
    others: list[CandidateDecision] = []
    for ruling in rulings:
        if ruling.reason is None or ruling.reason.verdict is not DecisionVerdict.TELL or ruling.destination is None:
            continue
        if ruling.reason is DecisionReason.RECOVERED:
            maybe = ruling.candidates.maybe_told
            recoveries.append(NewMessage(ruling.destination, ruling.reason, (ruling.candidates.signal,), maybe))
        else:
            others.append(ruling)
    return [*recoveries, *([_merged(others)] if others else [])]


def _merged(rulings: Sequence[CandidateDecision]) -> NewMessage:
    ordered = sorted(rulings, key=lambda ruling: _gravity(ruling.candidates.signal))
    head = ordered[0]
    assert head.destination is not None
    assert head.reason is not None
    signals = tuple(ruling.candidates.signal for ruling in ordered)
    return NewMessage(head.destination, head.reason, signals, any(ruling.candidates.maybe_told for ruling in ordered))


def _gravity(signal: Signal) -> tuple[int, bool, float]:
    """The gravest first; a band before what belongs to it, and then the newest."""
    return RANK[signal.severity], signal.kind is not Kind.BAND, -signal.at.timestamp()


def _decisions(rulings: Sequence[CandidateDecision], become: dict[str, str | int]) -> Iterable[SignalDecision]:
    """One for every new signal; for one that was waiting to be sent only if that has changed."""
    for candidates, destination, reason in rulings:
        if reason is None:
            continue
        signal_id = candidates.signal.signal_id
        told = become.get(signal_id) if reason.verdict is DecisionVerdict.TELL else None
        if candidates.pending is None or told != candidates.pending:
            yield SignalDecision(signal_id, reason, destination, told)


def _ids(signals: Sequence[Signal]) -> tuple[str, ...]:
    return tuple(signal.signal_id for signal in signals)
