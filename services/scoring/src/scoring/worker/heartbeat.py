"""What the owner of a partition says of itself, for the read API."""

from msgspec import Struct


class Heartbeat(Struct, frozen=True):
    """What the owner of a partition last said of itself; seconds. Readers trust `now` only while it is fresh."""

    partition: int
    at: float
    caught_up: bool
    lag_seconds: float


class PartitionStatus(Struct, frozen=True):
    """How a partition stands: its clock (the last tick read), what its owner last said of itself, and the newest record
    time read. Seconds (since the epoch); clock and `newest` are 0 while there was no such record.
    """

    clock: float
    beat_at: float | None = None
    caught_up: bool = False
    lag: float = 0.0
    newest: float = 0.0
