"""What may be sent at this moment: so many at a time, so many a second, and nothing where a pause was asked for. Pure.

Each replica keeps its own limits. `now` is any clock that never goes back, in seconds.
"""

from collections.abc import Mapping
from math import floor
from sys import maxsize
from typing import NamedTuple

from msgspec import Struct

from alerts.core.destination import Channel, Target

ADDRESS_KINDS = {"slack": Channel.SLACK, "webhook": Channel.SLACK, "email": Channel.EMAIL}
"""How lanes begin."""

_NEARLY = 1e-9  # sums of fractions of a second may miss a whole message by this


class ChannelLimits(Struct, frozen=True, kw_only=True):
    """At most `concurrency` messages at a time, `per_second` in all and `lane_per_second` to one address (0: any)."""

    concurrency: int
    per_second: float = 0.0
    lane_per_second: float = 0.0


class KindCapacity(NamedTuple):
    """A kind of lane with room; the kinds of one channel share its `slots`."""

    kind: str
    channel: Channel
    slots: int


class SendCapacity(Struct, frozen=True):
    """What may be claimed: one message for each lane of an open kind, but for the lanes that are closed."""

    openings: tuple[KindCapacity, ...]
    closed: frozenset[str] = frozenset()


class SendLimits:
    def __init__(self, channels: Mapping[Channel, ChannelLimits]) -> None:
        """Every channel, for what goes over one that is not set up has to be given up, not to wait."""
        self._channels = {channel: channels[channel] for channel in Channel}
        self._buckets = {channel: _TokenBucket(limits.per_second) for channel, limits in channels.items()}
        self._busy: dict[str, Channel] = {}
        self._paused: dict[str, float] = {}  # lanes, and kinds of lanes, until when
        self._failures: dict[str, int] = {}

    def room(self, now: float) -> SendCapacity:
        self._paused = {name: until for name, until in self._paused.items() if until > now}
        free = {channel: self._free(channel, now) for channel in self._channels}
        return SendCapacity(
            tuple(
                KindCapacity(kind, channel, free[channel])
                for kind, channel in ADDRESS_KINDS.items()
                if kind not in self._paused and free[channel] > 0
            ),
            frozenset(self._busy) | (self._paused.keys() - ADDRESS_KINDS.keys()),
        )

    def opens(self, now: float) -> float | None:
        """Seconds until time alone makes more room; None if only the end of what is on its way does."""
        moments = [until - now for until in self._paused.values() if until > now]
        moments += [wait for bucket in self._buckets.values() if (wait := bucket.opens(now)) > 0]
        return min(moments, default=None)

    def began(self, target: Target, now: float) -> None:
        self._busy[target.lane] = target.channel
        self._buckets[target.channel].take(now)

    def ended(self, target: Target, now: float) -> None:
        del self._busy[target.lane]
        rate = self._channels[target.channel].lane_per_second
        if rate:
            self._pause(target.lane, now + 1 / rate)

    def went_well(self, target: Target) -> None:
        self._failures.pop(target.lane, None)

    def failures(self, target: Target) -> int:
        """Counts one more; how many there were in a row."""
        self._failures[target.lane] = self._failures.get(target.lane, 0) + 1
        return self._failures[target.lane]

    def pause(self, target: Target, until: float) -> None:
        """Nothing to this address until then."""
        self._pause(target.lane, until)

    def pause_all(self, target: Target, until: float) -> None:
        """Nothing to whatever shares a rate limit with this address.

        Slack limits its API for a whole workspace and app, an incoming webhook by itself; a mail server limits us.
        """
        self._pause(target.lane if target.webhook else target.channel.value, until)

    def _pause(self, name: str, until: float) -> None:
        self._paused[name] = max(until, self._paused.get(name, until))

    def _free(self, channel: Channel, now: float) -> int:
        busy = sum(one is channel for one in self._busy.values())
        return min(self._channels[channel].concurrency - busy, self._buckets[channel].ready(now))


class _TokenBucket:
    """Holds what one second allows, at least one, and fills at that rate."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._size = self._level = max(1.0, rate)
        self._at = 0.0

    def ready(self, now: float) -> int:
        return floor(self._filled(now) + _NEARLY) if self._rate else maxsize

    def take(self, now: float) -> None:
        self._level, self._at = self._filled(now) - 1.0, now

    def opens(self, now: float) -> float:
        """Seconds until a whole message fits; 0 if one does."""
        if not self._rate or self.ready(now):
            return 0.0
        return (1.0 - self._filled(now)) / self._rate

    def _filled(self, now: float) -> float:
        return min(self._size, self._level + max(0.0, now - self._at) * self._rate)
