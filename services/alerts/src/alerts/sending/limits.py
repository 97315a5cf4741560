"""What may be sent now: so many messages at a time, so many a second, none where a pause was asked for. Pure.

Each replica keeps its own limits. `now` is any clock that never goes back, in seconds.
"""

from collections.abc import Mapping
from math import floor
from typing import NamedTuple

from msgspec import Struct

from alerts.channels.registry import ADDRESS_KINDS, Channel, ChannelLimits
from alerts.routing.destination import Target
from common.token_bucket import TokenBucket

_NEARLY = 1e-9  # sums of fractions of a second may miss a whole message by this


class KindCapacity(NamedTuple):
    """How many messages a kind of address may take now; the kinds of one channel share its `slots`."""

    kind: str
    channel: Channel
    slots: int


class SendCapacity(Struct, frozen=True):
    """What may be claimed: one message for each address of these kinds, except for the `closed` address keys."""

    kinds: tuple[KindCapacity, ...]
    closed: frozenset[str] = frozenset()


class SendLimits:
    def __init__(self, channels: Mapping[Channel, ChannelLimits]) -> None:
        """Of every channel: messages over one that is not set up are claimed too, and then given up."""
        self._channels = {channel: channels[channel] for channel in Channel}
        # A channel without a rate has no bucket. The others may use at once what one second allows.
        self._buckets = {
            channel: TokenBucket(per_second=limits.per_second, burst=max(1.0, limits.per_second), now=0.0)
            for channel, limits in channels.items()
            if limits.per_second
        }
        self._busy: dict[str, Channel] = {}
        self._paused: dict[str, float] = {}  # address keys and kinds of addresses, until when
        self._failures: dict[str, int] = {}

    def capacity(self, now: float) -> SendCapacity:
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

    def seconds_to_capacity(self, now: float) -> float | None:
        """Until time alone allows more; None if only the end of a delivery does."""
        moments = [until - now for until in self._paused.values() if until > now]
        moments += [bucket.seconds_until(1.0, now=now) for bucket in self._buckets.values() if not _whole(bucket, now)]
        return min(moments, default=None)

    def started(self, target: Target, now: float) -> None:
        self._busy[target.address_key] = target.channel
        if (bucket := self._buckets.get(target.channel)) is not None:
            bucket.take(1.0, now=now)

    def ended(self, target: Target, now: float) -> None:
        del self._busy[target.address_key]
        rate = self._channels[target.channel].address_per_second
        # The next message to this address waits until its rate allows one.
        if rate:
            self._pause(target.address_key, now + 1 / rate)

    def succeeded(self, target: Target) -> None:
        self._failures.pop(target.address_key, None)

    def failed(self, target: Target) -> int:
        """How many deliveries to this address have failed in a row, with this one."""
        self._failures[target.address_key] = self._failures.get(target.address_key, 0) + 1
        return self._failures[target.address_key]

    def pause(self, target: Target, until: float) -> None:
        """Nothing is sent to this address until then."""
        self._pause(target.address_key, until)

    def pause_all(self, target: Target, until: float) -> None:
        """Nothing is sent to any address that shares a rate limit with this one.

        Slack limits its API by workspace and app, and an incoming webhook by itself. A mail server limits its client.
        """
        self._pause(target.address_key if target.webhook else target.channel.value, until)

    def _pause(self, name: str, until: float) -> None:
        self._paused[name] = max(until, self._paused.get(name, until))

    def _free(self, channel: Channel, now: float) -> int:
        busy = sum(one is channel for one in self._busy.values())
        slots = self._channels[channel].concurrency - busy
        bucket = self._buckets.get(channel)
        return slots if bucket is None else min(slots, _whole(bucket, now))


def _whole(bucket: TokenBucket, now: float) -> int:
    """How many whole messages a channel's rate allows now."""
    return floor(bucket.level(now) + _NEARLY)
