"""What the worker that owns a partition reports to the read API."""

from msgspec import Struct


class Heartbeat(Struct, frozen=True):
    """A report of a partition's owner; times in seconds. Readers trust it only while it is fresh."""

    partition: int
    at: float
    caught_up: bool
    lag_seconds: float


class PartitionStatus(Struct, frozen=True):
    """A partition's clock (the last tick read), its last heartbeat, and the newest record time read.

    Seconds (since the epoch); `clock` and `newest` are 0 before there was such a record.
    """

    clock: float
    heartbeat_at: float | None = None
    caught_up: bool = False
    lag: float = 0.0
    newest: float = 0.0
