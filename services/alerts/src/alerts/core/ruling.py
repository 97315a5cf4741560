"""What still stands of all that one receiver has not been told about one account, and whether to tell it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from alerts.core.case import RANK, PastSignal, ToldSignal, closes_episode
from alerts.core.destination import Destination
from alerts.core.reasons import DecisionReason, DecisionVerdict
from common.contracts.signals import Band, Kind, Severity, Signal

_BADNESS = {Band.YELLOW.value: 1, Band.RED.value: 2}


class Candidate(NamedTuple):
    """`destination` is None if no route leads this signal here: it can still overtake or close another.

    `pending` is the message in which it waits to be sent, if it does. `known`: it has been decided before and is here
    for what it means to the others; `instead` then says that it is told in place of what it overtakes.
    """

    signal: Signal
    destination: Destination | None
    pending: str | None = None
    maybe_told: bool = False
    known: bool = False
    instead: bool = False


class CandidateDecision(NamedTuple):
    """`reason` is None where the signal is none of this receiver's business."""

    candidates: Candidate
    destination: Destination | None
    reason: DecisionReason | None


def deduplicate(
    candidates: Sequence[Candidate],
    told: Sequence[ToldSignal],
    *,
    heard: Sequence[ToldSignal],
    acknowledged: Mapping[str, Severity],
    left: bool,
    now: float,
) -> list[CandidateDecision]:
    """One ruling for each, in order; `candidates` and `told` are one lane's, oldest first. `now` is record time.

    `heard` is `told` with what the same receiver was told by another of the ways that begin with this lane.
    """
    lane = _AddressDeduplication(candidates, told, heard, acknowledged=acknowledged, left=left, now=now)
    for index in range(len(candidates)):
        lane.take(index)
    return [
        CandidateDecision(one, destination, reason)
        for one, destination, reason in zip(candidates, lane.destinations, lane.reasons, strict=True)
    ]


class _AddressDeduplication:
    """What stands is kept by what can end it: a run may hold thousands of signals of one account."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        told: Sequence[ToldSignal],
        heard: Sequence[ToldSignal],
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
        self._last = {_subject(one.signal): one for one in heard if one.sure}
        self._doubtful = {one.signal.episode: one.destination for one in candidates if one.maybe_told}
        self._standing: dict[_Key, list[int]] = defaultdict(list)
        self._causes: dict[str, set[_Key]] = defaultdict(set)
        for one in candidates:
            if one.signal.kind is Kind.BAND and not closes_episode(one.signal):
                self._causes[one.signal.episode].add(("cause", one.signal.cause))
        self.destinations = [one.destination for one in candidates]
        self.reasons: list[DecisionReason | None] = [None] * len(candidates)

    def take(self, index: int) -> None:
        one = self._candidates[index]
        if closes_episode(one.signal):
            self._close(index)
        elif one.signal.kind is Kind.BAND:
            self._overtake(index)
            if (destination := self.destinations[index]) is not None:
                self.reasons[index] = self._band(one.signal, destination)
        elif one.destination is not None:
            self.reasons[index] = self._thing(one.signal, one.destination)
        if self._stands(index):
            for key in _keys(one.signal):
                self._standing[key].append(index)

    def _close(self, index: int) -> None:
        """Never told and recovered: nobody hears of it. Told: the recovery goes to whoever was told."""
        signal, destination, _, _, known, _ = self._candidates[index]
        maybe = signal.episode in self._doubtful
        self.destinations[index] = destination or self._doubtful.get(signal.episode)
        for earlier in self._ended_with(signal.episode):
            self.reasons[earlier] = DecisionReason.RECOVERED_BEFORE_TOLD
            maybe = maybe or self._candidates[earlier].maybe_told
            self.destinations[index] = self.destinations[index] or self.destinations[earlier]
        heard = None if known else self._thread.get(signal.episode)
        if heard is not None or maybe:
            # Wherever the routes lead now, the thread is there.
            self.destinations[index] = self.destinations[index] if heard is None else heard.destination
            self.reasons[index] = DecisionReason.RECOVERED
        elif destination is not None:
            self.reasons[index] = DecisionReason.RECOVERED_BEFORE_TOLD

    def _ended_with(self, episode: str) -> Iterator[int]:
        """Of the episode, or of the same cause as one of its bands: a payment fails and the band with it."""
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
                if one.instead:
                    self.destinations[index] = self.destinations[earlier]

    def _band(self, signal: Signal, destination: Destination) -> DecisionReason:
        if (silenced := self._silenced(signal)) is not None:
            return silenced
        last = self._last.get(_subject(signal))
        if last is None:
            return DecisionReason.NEW
        worse = _badness(signal) - _badness(last.signal)
        if worse > 0:
            return DecisionReason.WORSE
        if worse < 0:
            return DecisionReason.BETTER
        return DecisionReason.AGAIN if self._long_ago(last, destination) else DecisionReason.NOT_WORSE

    def _thing(self, signal: Signal, destination: Destination) -> DecisionReason:
        """A flag, a missed step, an outcome: the same thing once, however often it flickers."""
        if (silenced := self._silenced(signal)) is not None:
            return silenced
        standing = self._standing[_subject(signal)]
        while standing and not self._stands(standing[-1]):
            standing.pop()
        if standing:
            return DecisionReason.REPEATED
        last = self._last.get(_subject(signal))
        if last is None:
            return DecisionReason.NEW
        return DecisionReason.AGAIN if self._long_ago(last, destination) else DecisionReason.REPEATED

    def _silenced(self, signal: Signal) -> DecisionReason | None:
        if signal.kind is Kind.OUTCOME:
            return None  # good news and the last news are told whoever works on it
        if self._left:
            return DecisionReason.LEFT
        taken = self._acknowledged.get(signal.episode)
        if taken is not None and RANK[taken] <= RANK[signal.severity]:
            return DecisionReason.ACKNOWLEDGED
        return None

    def _stands(self, index: int) -> bool:
        reason = self.reasons[index]
        return reason is not None and reason.verdict is DecisionVerdict.TELL

    def _long_ago(self, told: ToldSignal, destination: Destination) -> bool:
        return self._now - told.decided >= destination.repeat_interval


_Key = tuple[str, str | tuple[str, str]]


def _subject(signal: Signal | PastSignal) -> _Key:
    """What is told once: of an episode its band, of all else its name. A recovery is one of its own."""
    if signal.kind is not Kind.BAND:
        return signal.kind.value, signal.to
    return ("recovery" if closes_episode(signal) else "band"), signal.episode


def _keys(signal: Signal) -> Iterator[_Key]:
    """By what it can be overtaken, repeated or ended. Outcomes and recoveries are ended by nothing."""
    yield _subject(signal)
    if signal.kind is not Kind.OUTCOME and not closes_episode(signal):
        yield "episode", signal.episode
        yield "cause", signal.cause


def _badness(signal: Signal | PastSignal) -> int:
    return _BADNESS.get(signal.to, 0)
