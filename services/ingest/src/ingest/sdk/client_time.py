"""When something happened by our clock, though the client told it by its own. Pure."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

# Below this the client's clock is taken as right. A message that is sent again then keeps its time to the microsecond,
# and its copy has the same content.
_TOLERATED: Final = timedelta(minutes=1)
# As long as a client may keep a message before it sends it. Beyond that its times say nothing of its clock.
_LONGEST_IN_QUEUE: Final = timedelta(days=30)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Seconds since the epoch have ten digits until the year 2286, milliseconds thirteen.
_MOST_SECONDS: Final = 100_000_000_000


def our_time(time: datetime | None, *, sent_at: datetime | None, received_at: datetime) -> datetime | None:
    """`received_at - (sent_at - time)`: how long before it was sent it happened, the client's clock knows.

    As it came, if the client's clock is right, or if `time` and `sent_at` cannot both be of one clock.
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
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _since_epoch(value)
    try:
        time = msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        raise ValueError("expected ISO 8601, such as 2026-01-31T09:00:00Z") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def time_or_none(value: Any) -> datetime | None:
    """Like `parse_time`; None too for what is no moment."""
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
