"""Converts times of a client's clock into times of ours. Pure."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

# A smaller difference is not corrected. So a message that is sent again has exactly the same time, and its copy the
# same content.
_TOLERATED: Final = timedelta(minutes=1)
# How long a client may keep a message before it sends it. A longer time is not used to correct its clock.
_LONGEST_IN_QUEUE: Final = timedelta(days=30)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Seconds since the epoch have ten digits until the year 2286, milliseconds thirteen.
_MOST_SECONDS: Final = 100_000_000_000


def our_time(time: datetime | None, *, sent_at: datetime | None, received_at: datetime) -> datetime | None:
    """`received_at - (sent_at - time)`: the client's clock measures correctly how long it kept the message.

    Returns `time` unchanged if the client's clock is right, or if `time` and `sent_at` cannot be of one clock.
    """
    if time is None or sent_at is None:
        return time
    in_queue = sent_at - time
    ahead = sent_at - received_at
    if abs(ahead) <= _TOLERATED or not -_TOLERATED <= in_queue <= _LONGEST_IN_QUEUE:
        return time
    return received_at - max(in_queue, timedelta(0))


def parse_time(value: Any) -> datetime | None:
    """A moment as clients write it: ISO 8601, or seconds or milliseconds since the epoch; None for null.

    Without a zone it is UTC. Raises `ValueError`.
    """
    if value is None:
        return None
    # Nearly all are texts. A union in `isinstance` is made anew by each call.
    if not isinstance(value, str) and isinstance(value, int | float) and not isinstance(value, bool):
        return _since_epoch(value)
    try:
        time = msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        raise ValueError("expected ISO 8601, such as 2026-01-31T09:00:00Z") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def time_or_none(value: Any) -> datetime | None:
    """Like `parse_time`, but returns None for a value that is no time."""
    try:
        return parse_time(value)
    except ValueError:
        return None


def _since_epoch(value: float) -> datetime:
    milliseconds = value if abs(value) >= _MOST_SECONDS else value * 1000
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except (OverflowError, ValueError):
        raise ValueError("a moment beyond what can be told") from None
