"""Which of an account's signals one address is told: what still stands, and what repeats something told before."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from alerts.decisions.account import PastSignal, ToldSignal, closes_episode
from alerts.decisions.reasons import DecisionReason, DecisionVerdict
from alerts.routing.destination import Destination
from alerts.signals.score import SEVERITY_RANK
from alerts.signals.signal_kinds import rules_of
from common.contracts.signals import Band, Kind, Severity, Signal

_BADNESS = {Band.YELLOW.value: 1, Band.RED.value: 2}


class Candidate(NamedTuple):
    """A signal that this address has not been told of.

    `destination` is None if no route leads it here: it can still overtake or close another. `pending` is the message in
    which it waits to be sent, if it does. `decided_before`: it is here only for what it means to the others; `replaces`
    then says that it is told in place of what it overtakes.
    """

    signal: Signal
    destination: Destination | None
    pending: str | None = None
    maybe_told: bool = False
    decided_before: bool = False
    replaces: bool = False


class CandidateDecision(NamedTuple):
    """`reason` is None where the signal does not concern this address."""

    candidate: Candidate
    destination: Destination | None
    reason: DecisionReason | None


def deduplicate(
    candidates: Sequence[Candidate],
    told: Sequence[ToldSignal],
    *,
    told_receiver: Sequence[ToldSignal],
    acknowledged: Mapping[str, Severity],
    left: bool,
    now: float,
) -> list[CandidateDecision]:
    """One decision for each candidate; candidates and `told` are of one address, oldest first. `now` is record time.

    `told_receiver` is `told` and what the same receiver was told at the addresses that follow this one.
    """
    address = _AddressDeduplication(candidates, told, told_receiver, acknowledged=acknowledged, left=left, now=now)
    for index in range(len(candidates)):
        address.decide(index)
    return [
        CandidateDecision(one, destination, reason)
        for one, destination, reason in zip(candidates, address.destinations, address.reasons, strict=True)
    ]


class _AddressDeduplication:
    """Keeps what stands by the keys that can end it: a batch may hold thousands of signals of one account."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        told: Sequence[ToldSignal],
        told_receiver: Sequence[ToldSignal],
        *,
        acknowledged: Mapping[str, Severity],
        left: bool,
        now: float,
    ) -> None:
        self._candidates = candidates
        self._acknowledged = acknowledged
        self._left = left
        self._now = now
        self._thread = {one.signal.episode: one for one in told}
        self._last = {_subject(one.signal): one for one in told_receiver if one.sure}
        self._maybe_told = {one.signal.episode: one.destination for one in candidates if one.maybe_told}
        self._standing: dict[_Key, list[int]] = defaultdict(list)
        self._causes: dict[str, set[_Key]] = defaultdict(set)
        for one in candidates:
            if one.signal.kind is Kind.BAND and not closes_episode(one.signal):
                self._causes[one.signal.episode].add(("cause", one.signal.cause))
        self.destinations = [one.destination for one in candidates]
        self.reasons: list[DecisionReason | None] = [None] * len(candidates)

    def decide(self, index: int) -> None:
        one = self._candidates[index]
        if closes_episode(one.signal):
            self._close_episode(index)
        elif one.signal.kind is Kind.BAND:
            self._overtake(index)
            if (destination := self.destinations[index]) is not None:
                self.reasons[index] = self._decide_band(one.signal, destination)
        elif one.destination is not None:
            self.reasons[index] = self._decide_other(one.signal, one.destination)
        if self._stands(index):
            for key in _keys(one.signal):
                self._standing[key].append(index)

    def _close_episode(self, index: int) -> None:
        """An episode that was never told ends silently; one that was told ends with a recovery."""
        signal, destination, _, _, decided_before, _ = self._candidates[index]
        maybe_told = signal.episode in self._maybe_told
        self.destinations[index] = destination or self._maybe_told.get(signal.episode)
        for earlier in self._ended_with(signal.episode):
            self.reasons[earlier] = DecisionReason.RECOVERED_BEFORE_TOLD
            maybe_told = maybe_told or self._candidates[earlier].maybe_told
            self.destinations[index] = self.destinations[index] or self.destinations[earlier]
        told = None if decided_before else self._thread.get(signal.episode)
        # Told, or possibly told: the recovery goes out.
        if told is not None or maybe_told:
            # To the address with the thread, wherever the routes lead now.
            self.destinations[index] = self.destinations[index] if told is None else told.destination
            self.reasons[index] = DecisionReason.RECOVERED
        # Never told: the recovery is not told, either.
        elif destination is not None:
            self.reasons[index] = DecisionReason.RECOVERED_BEFORE_TOLD

    def _ended_with(self, episode: str) -> Iterator[int]:
        """What the recovery takes back: signals of the episode, or of the cause of one of its bands.

        A failed payment raises a flag and a band; once the band is green again the flag is over, too.
        """
        for key in (("episode", episode), *self._causes[episode]):
            for earlier in self._standing.pop(key, ()):
                if self._stands(earlier):
                    yield earlier

    def _overtake(self, index: int) -> None:
        """Of the bands of an episode only the newest stands."""
        one = self._candidates[index]
        for earlier in self._standing.pop(_subject(one.signal), ()):
            if self._stands(earlier):
                self.reasons[earlier] = DecisionReason.OVERTAKEN
                if one.replaces:
                    self.destinations[index] = self.destinations[earlier]

    def _decide_band(self, signal: Signal, destination: Destination) -> DecisionReason:
        if (silenced := self._silenced(signal)) is not None:
            return silenced
        last = self._last.get(_subject(signal))
        # The first band of the episode that this receiver is told.
        if last is None:
            return DecisionReason.NEW
        worse = _badness(signal) - _badness(last.signal)
        # Yellow was told, now it is red: told at once.
        if worse > 0:
            return DecisionReason.WORSE
        # Red was told, now it is yellow: nothing more to do than before.
        if worse < 0:
            return DecisionReason.BETTER
        return DecisionReason.AGAIN if self._repeat_is_due(last, destination) else DecisionReason.NOT_WORSE

    def _decide_other(self, signal: Signal, destination: Destination) -> DecisionReason:
        """A flag, a missed step, an outcome: the same one is told once, however often it comes and goes."""
        if (silenced := self._silenced(signal)) is not None:
            return silenced
        standing = self._standing[_subject(signal)]
        while standing and not self._stands(standing[-1]):
            standing.pop()
        # The same one is about to be told.
        if standing:
            return DecisionReason.REPEATED
        last = self._last.get(_subject(signal))
        if last is None:
            return DecisionReason.NEW
        return DecisionReason.AGAIN if self._repeat_is_due(last, destination) else DecisionReason.REPEATED

    def _silenced(self, signal: Signal) -> DecisionReason | None:
        # An outcome is always told, even of an account that has left or is acknowledged.
        if rules_of(signal.kind).always_told:
            return None
        # The account's last outcome was final.
        if self._left:
            return DecisionReason.LEFT
        # Somebody acknowledged the episode, and it has not got worse since.
        acknowledged = self._acknowledged.get(signal.episode)
        if acknowledged is not None and SEVERITY_RANK[acknowledged] <= SEVERITY_RANK[signal.severity]:
            return DecisionReason.ACKNOWLEDGED
        return None

    def _stands(self, index: int) -> bool:
        reason = self.reasons[index]
        return reason is not None and reason.verdict is DecisionVerdict.TELL

    def _repeat_is_due(self, last: ToldSignal, destination: Destination) -> bool:
        return self._now - last.decided >= destination.repeat_interval


_Key = tuple[str, str | tuple[str, str]]


def _subject(signal: Signal | PastSignal) -> _Key:
    """What is told once: a band by its episode, a recovery by its episode, everything else by its name."""
    if signal.kind != Kind.BAND:
        return str(signal.kind), signal.to
    return ("recovery" if closes_episode(signal) else "band"), signal.episode


def _keys(signal: Signal) -> Iterator[_Key]:
    """By what a signal can be overtaken, repeated or ended."""
    yield _subject(signal)
    if rules_of(signal.kind).ends_with_episode and not closes_episode(signal):
        yield "episode", signal.episode
        yield "cause", signal.cause


def _badness(signal: Signal | PastSignal) -> int:
    return _BADNESS.get(signal.to, 0)
