"""What still stands of all that one receiver has not been told about one account, and whether to tell it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from alerts.core.case import RANK, Told, closes
from alerts.core.destination import Destination
from alerts.core.reasons import Reason, Verdict
from common.contracts.signals import Band, Kind, Severity, Signal

_BADNESS = {Band.YELLOW: 1, Band.RED: 2}


class Untold(NamedTuple):
    """`destination` is None if no route leads this signal here: it can still overtake or close another.

    `pending` is the message in which it waits to be sent, if it does.
    """

    signal: Signal
    destination: Destination | None
    pending: str | None = None
    maybe_told: bool = False


class Ruling(NamedTuple):
    """`reason` is None where the signal is none of this receiver's business."""

    untold: Untold
    destination: Destination | None
    reason: Reason | None


def rule(
    untold: Sequence[Untold],
    told: Sequence[Told],
    *,
    acknowledged: Mapping[str, Severity],
    left: bool,
    now: float,
) -> list[Ruling]:
    """One ruling for each, in order; `untold` and `told` are one lane's, oldest first. `now` is record time."""
    lane = _Lane(untold, told, acknowledged=acknowledged, left=left, now=now)
    for index in range(len(untold)):
        lane.take(index)
    return [
        Ruling(one, destination, reason)
        for one, destination, reason in zip(untold, lane.destinations, lane.reasons, strict=True)
    ]


class _Lane:
    def __init__(
        self,
        untold: Sequence[Untold],
        told: Sequence[Told],
        *,
        acknowledged: Mapping[str, Severity],
        left: bool,
        now: float,
    ) -> None:
        self._untold = untold
        self._told = told
        self._acknowledged = acknowledged
        self._left = left
        self._now = now
        self.destinations = [one.destination for one in untold]
        self.reasons: list[Reason | None] = [None] * len(untold)

    def take(self, index: int) -> None:
        signal, destination, _, _ = self._untold[index]
        if closes(signal):
            self._close(index)
        elif signal.kind is Kind.BAND:
            self._overtake(index)
            if destination is not None:
                self.reasons[index] = self._band(signal, destination)
        elif destination is not None:
            self.reasons[index] = self._thing(index, destination)

    def _close(self, index: int) -> None:
        """Never told and recovered: nobody hears of it. Told: the recovery goes to whoever was told."""
        signal, destination, _, _ = self._untold[index]
        maybe = False
        for earlier in self._standing(index):
            if self._belongs(earlier, signal.episode):
                self.reasons[earlier] = Reason.RECOVERED_BEFORE_TOLD
                maybe = maybe or self._untold[earlier].maybe_told
                self.destinations[index] = self.destinations[index] or self.destinations[earlier]
        heard = [one for one in self._told if one.signal.episode == signal.episode]
        if heard or maybe:
            # Wherever the routes lead now, the thread is there.
            self.destinations[index] = heard[-1].destination if heard else self.destinations[index]
            self.reasons[index] = Reason.RECOVERED
        elif destination is not None:
            self.reasons[index] = Reason.RECOVERED_BEFORE_TOLD

    def _overtake(self, index: int) -> None:
        """Of the bands of an episode only the newest stands."""
        episode = self._untold[index].signal.episode
        for earlier in self._standing(index):
            signal = self._untold[earlier].signal
            if signal.kind is Kind.BAND and signal.episode == episode and not closes(signal):
                self.reasons[earlier] = Reason.OVERTAKEN

    def _band(self, signal: Signal, destination: Destination) -> Reason:
        if (silenced := self._silenced(signal)) is not None:
            return silenced
        heard = [
            one
            for one in self._told
            if one.sure and one.signal.kind is Kind.BAND and one.signal.episode == signal.episode
        ]
        if not heard:
            return Reason.NEW
        last = heard[-1]
        worse = _badness(signal) - _badness(last.signal)
        if worse > 0:
            return Reason.WORSE
        if worse < 0:
            return Reason.BETTER
        return Reason.AGAIN if self._long_ago(last, destination) else Reason.NOT_WORSE

    def _thing(self, index: int, destination: Destination) -> Reason:
        """A flag, a missed step, an outcome: the same thing once, however often it flickers."""
        signal = self._untold[index].signal
        if (silenced := self._silenced(signal)) is not None:
            return silenced
        if any(_same(self._untold[earlier].signal, signal) for earlier in self._standing(index)):
            return Reason.REPEATED
        heard = [one for one in self._told if one.sure and _same(one.signal, signal)]
        if not heard:
            return Reason.NEW
        return Reason.AGAIN if self._long_ago(heard[-1], destination) else Reason.REPEATED

    def _silenced(self, signal: Signal) -> Reason | None:
        if signal.kind is Kind.OUTCOME:
            return None  # good news and the last news are told whoever works on it
        if self._left:
            return Reason.LEFT
        taken = self._acknowledged.get(signal.episode)
        if taken is not None and RANK[taken] <= RANK[signal.severity]:
            return Reason.ACKNOWLEDGED
        return None

    def _standing(self, before: int) -> list[int]:
        return [
            index
            for index in range(before)
            if (reason := self.reasons[index]) is not None and reason.verdict is Verdict.TELL
        ]

    def _belongs(self, index: int, episode: str) -> bool:
        """Of the episode, or of the same cause as one of its bands: a payment fails and the band with it."""
        signal = self._untold[index].signal
        if signal.kind is Kind.OUTCOME or closes(signal):
            return False
        if signal.episode == episode:
            return True
        causes = [one.signal.cause for one in self._untold if _band_of(one.signal, episode)]
        return signal.cause in causes

    def _long_ago(self, told: Told, destination: Destination) -> bool:
        return self._now - told.decided >= destination.repeat_interval


def _band_of(signal: Signal, episode: str) -> bool:
    return signal.kind is Kind.BAND and signal.episode == episode and not closes(signal)


def _badness(signal: Signal) -> int:
    return _BADNESS.get(Band(signal.to), 0)


def _same(one: Signal, other: Signal) -> bool:
    return one.kind is other.kind and one.to == other.to
