"""The timers of one partition, as its owner sees them in the tables."""

from msgspec import Struct


class PartitionTimers(Struct, frozen=True):
    """Moments are record time in seconds, None if there is none.

    `earliest` is when this partition needs a tick next: a timer of an account is due, or the moment of a gathering has
    come, wherever that person's timer lives. A gathering is told once every partition has read past its moment, for an
    account of any partition may belong to it. `gathering` is the next such moment that this partition has not passed.
    `ready`: a person's timer that lives here is due, and all partitions have passed it. `behind` is what a due one
    waits for: it changes with every record that the slowest partition reads.
    """

    earliest: float | None = None
    gathering: float | None = None
    ready: bool = False
    behind: str | None = None
