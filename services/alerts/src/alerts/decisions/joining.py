"""Which episodes one address takes for one alert: trouble that comes back soon goes on with what was before. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from alerts.decisions.account import PAST_BANDS, PastSignal, ToldSignal, closes_episode
from alerts.routing.destination import Destination
from common.contracts.signals import Band, Kind, Signal

_BADNESS = {Band.YELLOW.value: 1, Band.RED.value: 2}


def badness(signal: Signal | PastSignal) -> int:
    """The greater, the worse; 0 for green, for a band that says nothing, and for a signal that tells no band."""
    band = signal.to if signal.kind == Kind.FIRST_LOOK else signal.told_band
    return _BADNESS.get(band or "", 0)


def past_signal(signal: Signal) -> PastSignal:
    brings = signal.told_band if signal.kind is Kind.FLAG else None
    return PastSignal(signal.signal_id, signal.episode, signal.kind.value, signal.to, signal.at.timestamp(), brings)


def joining_interval(destination: Destination) -> float:
    """Seconds after the end of some trouble within which more trouble is the same alert."""
    return max(destination.repeat_interval, destination.resolve_after)


class JoinedEpisodes:
    """By episode, the first of those that it goes on with.

    An episode is joined to the one before if that had been closed for less than an interval, the longer one of
    `repeat_interval` and `resolve_after` of the route by which the trouble before was told.
    """

    def __init__(self, bands: Sequence[PastSignal], told: Iterable[ToldSignal], intervals: Mapping[str, float]) -> None:
        """`bands` are all of the account, oldest first. `intervals` are those of the signals, by id."""
        self._first: dict[str, str] = {}
        before = [one for one in told if one.signal.told_band is not None]
        known = {band.signal_id for band in bands}
        outside = [one for one in before if one.signal.signal_id not in known]
        self._join(bands, intervals, joining_interval(outside[-1].destination) if outside else 0.0)
        # The account changed its band so often that what was told of it is no longer among its bands.
        if bands and len(bands) >= PAST_BANDS:
            for one in outside:
                self._first.setdefault(one.signal.episode, self.first(bands[0].episode))

    def first(self, episode: str) -> str:
        return self._first.get(episode, episode)

    def _join(self, bands: Sequence[PastSignal], intervals: Mapping[str, float], interval: float) -> None:
        first: str | None = None
        closed: float | None = None  # since when no episode is open
        for band in bands:
            if closes_episode(band):
                first = self._first.setdefault(band.episode, band.episode)
                closed = band.at
            elif badness(band):
                came_back = closed is not None and band.at - closed < interval
                first = self._first.setdefault(band.episode, first if came_back and first else band.episode)
                closed = None
                interval = intervals.get(band.signal_id, interval)
