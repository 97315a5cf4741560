"""What keeping small is allowed: how often, how much at once, how long things stay."""

from enum import StrEnum
from typing import Protocol

from msgspec import Struct


class Table(StrEnum):
    """The tables that would grow for ever."""

    JOURNAL = "journal"
    SEEN = "seen"
    DAY = "day"
    SIGNAL = "signal"


class Keep(Struct, frozen=True, kw_only=True):
    """Every `every` seconds a round; a statement takes at most `step` rows or writes a blob of at most `blob` ids, and
    the next one follows after `pause` seconds. Days are by the partition's clock; 0 keeps for ever.
    """

    every: float = 60.0
    journal_days: int = 35
    history_days: int = 800
    step: int = 2_000
    blob: int = 62_500  # ids of 16 bytes: a megabyte
    pause: float = 0.05
    long: float = 600.0  # seconds; a merge of the journal that waits longer is told of


class Counters(Protocol):
    def merged(self, table: Table, rows: int) -> None:
        """So many rows went into others."""

    def pruned(self, table: Table, rows: int) -> None:
        """So many rows went for good."""
