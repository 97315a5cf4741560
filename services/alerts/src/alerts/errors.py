"""`DeliveryFailed`, of one message: try again if it is retryable, else give this way up.

What concerns a partition or the whole process is in `common.errors`.
"""

from enum import StrEnum


class Failure(StrEnum):
    """Why a message was not delivered."""

    RATE_LIMITED = "rate limited"
    UNAVAILABLE = "the channel answered that it is not available"
    UNREACHABLE = "the channel could not be reached"
    NO_ANSWER = "no answer in time"
    BAD_ANSWER = "an answer that the channel does not give"
    REFUSED = "refused"
    UNAUTHORIZED = "the channel refuses our credentials"
    MISCONFIGURED = "not allowed, or no such address"
    TOO_OLD = "not delivered in the time given"
    CUT_SHORT = "cut short"
    UNREADABLE = "what is stored of it cannot be read"


class DeliveryFailed(Exception):
    """`retry_after` is seconds, where the channel named them. `maybe_delivered`: whether it arrived cannot be known."""

    def __init__(
        self,
        reason: Failure,
        detail: str,
        *,
        retryable: bool,
        retry_after: float | None = None,
        maybe_delivered: bool = False,
    ) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.retryable = retryable
        self.retry_after = retry_after
        self.maybe_delivered = maybe_delivered
