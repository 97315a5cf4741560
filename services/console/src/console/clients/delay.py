"""Why scoring's figures are not of now."""

from enum import StrEnum

from msgspec import Struct


class ScoresDelayReason(StrEnum):
    """The reasons that pages have words for, as scoring names them."""

    STREAM = "time is the stream's"
    NO_WORKER = "no worker reports"
    CATCHING_UP = "scoring is catching up"


class ScoresDelay(Struct, frozen=True):
    """`reason` is one of `ScoresDelayReason`, or one that a newer scoring has.

    `lag_seconds` is how far behind scoring said that it was, where it could tell.
    """

    reason: str
    lag_seconds: float | None = None
