"""When a message that was not delivered is tried again, and when its way is given up. Pure."""

from collections.abc import Callable

from msgspec import Struct

from alerts.errors import DeliveryFailed, Failure
from alerts.sending.claims import Failed

_MOST_DOUBLINGS = 40  # enough for any longest wait; more would overflow

RandomFraction = Callable[[], float]
"""Evenly between 0 and 1."""


class Backoff(Struct, frozen=True, kw_only=True):
    """Seconds: the first and the longest wait between two attempts, and for how long a message is tried.

    `hand_on` is for how long it is tried over one way while there is another, or a fallback.
    """

    retry: float
    most: float
    give_up: float
    hand_on: float


def delay(failures: int, backoff: Backoff, draw: RandomFraction) -> float:
    """After so many failures in a row: exponential, with full jitter, so that retries do not come all at once."""
    return float(draw() * min(backoff.most, backoff.retry * 2.0 ** min(failures - 1, _MOST_DOUBLINGS)))


def after_failure(
    failed: DeliveryFailed, *, attempt: int, age: float, backoff: Backoff, draw: RandomFraction, last_way: bool = True
) -> Failed:
    """`age` is seconds since the first attempt began; the last attempt is made when the time for this way is over."""
    # A person has another way: this one is given up earlier.
    left = (backoff.give_up if last_way else min(backoff.hand_on, backoff.give_up)) - age
    asked = max(0.0, failed.retry_after or 0.0)
    # Refused or misconfigured: the next attempt would fail, too.
    if not failed.retryable:
        return Failed(failed.reason, failed.detail, failed.maybe_delivered, None)
    # The time for this way is over, or the channel asks for a longer pause than that.
    if left <= 0 or asked > left:
        return Failed(Failure.TOO_OLD, str(failed), failed.maybe_delivered, None)
    wait = asked if failed.retry_after is not None else min(left, delay(attempt, backoff, draw))
    return Failed(failed.reason, failed.detail, failed.maybe_delivered, wait)
