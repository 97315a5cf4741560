"""What still stands of all that one receiver has not been told about one account, and whether to tell it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from alerts.core.case import RANK, Past, Told, closes
from alerts.core.destination import Destination
from alerts.core.reasons import Reason, Verdict
from common.contracts.signals import Band, Kind, Severity, Signal

_BADNESS = {Band.YELLOW.value: 1, Band.RED.value: 2}


class Untold(NamedTuple):
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


class Ruling(NamedTuple):
    """`reason` is None where the signal is none of this receiver's business."""

    untold: Untold
    destination: Destination | None
    reason: Reason | None


def rule(
    untold: Sequence[Untold],
    told: Sequence[Told],
    *,
    heard: Sequence[Told],
    acknowledged: Mapping[str, Severity],
    left: bool,
    now: float,
) -> list[Ruling]:
    """One ruling for each, in order; `untold` and `told` are one lane's, oldest first. `now` is record time.

    `heard` is `told` with what the same receiver was told by another of the ways that begin with this lane.
    """
    lane = _Lane(untold, told, heard, acknowledged=acknowledged, left=left, now=now)
    for index in range(len(untold)):
        lane.take(index)
    return [
        Ruling(one, destination, reason)
        for one, destination, reason in zip(untold, lane.destinations, lane.reasons, strict=True)
    ]


class _Lane:
    """What stands is kept by what can end it: a run may hold thousands of signals of one account."""

    def __init__(
        self,
        untold: Sequence[Untold],
        told: Sequence[Told],
        heard: Sequence[Told],
        *,
        acknowledged: Mapping[str, Severity],
        left: bool,
        now: float,
    ) -> None:
        self._untold = untold
        self._acknowledged = acknowledged
        self._left = left
        self._now = now
        self._thread = {one.signal.episode: one for one in told}
        self._last = {_subject(one.signal): one for one in heard if one.sure}
        self._doubtful = {one.signal.episode: one.destination for one in untold if one.maybe_told}
        self._standing: dict[_Key, list[int]] = defaultdict(list)
        self._causes: dict[str, set[_Key]] = defaultdict(set)
        for one in untold:
            if one.signal.kind is Kind.BAND and not closes(one.signal):
                self._causes[one.signal.episode].add(("cause", one.signal.cause))
        self.destinations = [one.destination for one in untold]
        self.reasons: list[Reason | None] = [None] * len(untold)

    def take(self, index: int) -> None:
        one = self._untold[index]
        if closes(one.signal):
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
        signal, destination, _, _, known, _ = self._untold[index]
        maybe = signal.episode in self._doubtful
        self.destinations[index] = destination or self._doubtful.get(signal.episode)
        for earlier in self._ended_with(signal.episode):
            self.reasons[earlier] = Reason.RECOVERED_BEFORE_TOLD
            maybe = maybe or self._untold[earlier].maybe_told
            self.destinations[index] = self.destinations[index] or self.destinations[earlier]
        heard = None if known else self._thread.get(signal.episode)
        if heard is not None or maybe:
            # Wherever the routes lead now, the thread is there.
            self.destinations[index] = self.destinations[index] if heard is None else heard.destination
            self.reasons[index] = Reason.RECOVERED
        elif destination is not None:
            self.reasons[index] = Reason.RECOVERED_BEFORE_TOLD

    def _ended_with(self, episode: str) -> Iterator[int]:
        """Of the episode, or of the same cause as one of its bands: a payment fails and the band with it."""
        for key in (("episode", episode), *self._causes[episode]):
            for earlier in self._standing.pop(key, ()):
                if self._stands(earlier):
                    yield earlier

    def _overtake(self, index: int) -> None:
        """Of the bands of an episode only the newest stands."""
        one = self._untold[index]
        for earlier in self._standing.pop(_subject(one.signal), ()):
            if self._stands(earlier):
                self.reasons[earlier] = Reason.OVERTAKEN
                if one.instead:
                    self.destinations[index] = self.destinations[earlier]

    def _band(self, signal: Signal, destination: Destination) -> Reason:
        if (silenced := self._silenced(signal)) is not None:
            return silenced
        last = self._last.get(_subject(signal))
        if last is None:
            return Reason.NEW
        worse = _badness(signal) - _badness(last.signal)
        if worse > 0:
            return Reason.WORSE
        if worse < 0:
            return Reason.BETTER
        return Reason.AGAIN if self._long_ago(last, destination) else Reason.NOT_WORSE

    def _thing(self, signal: Signal, destination: Destination) -> Reason:
        """A flag, a missed step, an outcome: the same thing once, however often it flickers."""
        if (silenced := self._silenced(signal)) is not None:
            return silenced
        standing = self._standing[_subject(signal)]
        while standing and not self._stands(standing[-1]):
            standing.pop()
        if standing:
            return Reason.REPEATED
        last = self._last.get(_subject(signal))
        if last is None:
            return Reason.NEW
        return Reason.AGAIN if self._long_ago(last, destination) else Reason.REPEATED

    def _silenced(self, signal: Signal) -> Reason | None:
        if signal.kind is Kind.OUTCOME:
            return None  # good news and the last news are told whoever works on it
        if self._left:
            return Reason.LEFT
        taken = self._acknowledged.get(signal.episode)
        if taken is not None and RANK[taken] <= RANK[signal.severity]:
            return Reason.ACKNOWLEDGED
        return None

    def _stands(self, index: int) -> bool:
        reason = self.reasons[index]
        return reason is not None and reason.verdict is Verdict.TELL

    def _long_ago(self, told: Told, destination: Destination) -> bool:
        return self._now - told.decided >= destination.repeat_interval


_Key = tuple[str, str | tuple[str, str]]


def _subject(signal: Signal | Past) -> _Key:
    """What is told once: of an episode its band, of all else its name. A recovery is one of its own."""
    if signal.kind is not Kind.BAND:
        return signal.kind.value, signal.to
    return ("recovery" if closes(signal) else "band"), signal.episode


def _keys(signal: Signal) -> Iterator[_Key]:
    """By what it can be overtaken, repeated or ended. Outcomes and recoveries are ended by nothing."""
    yield _subject(signal)
    if signal.kind is not Kind.OUTCOME and not closes(signal):
        yield "episode", signal.episode
        yield "cause", signal.cause


def _badness(signal: Signal | Past) -> int:
    return _BADNESS.get(signal.to, 0)
