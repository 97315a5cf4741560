from msgspec import Struct


class Beat(Struct, frozen=True):
    """What the owner of a partition last said of itself; seconds. Readers trust `now` only while it is fresh."""

    partition: int
    at: float
    caught_up: bool
    lag_seconds: float
