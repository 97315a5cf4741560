"""How long rows are kept, and how much housekeeping may do at once."""

from enum import StrEnum
from typing import Protocol

from msgspec import Struct


class Table(StrEnum):
    """The tables that would grow for ever. Tickets and words are parts of `kpi_entry`."""

    JOURNAL = "journal"
    SEEN = "seen"
    DAY = "day"
    SIGNAL = "signal"
    PERSON = "person"
    TICKET = "ticket"
    WORDS = "words"


class RetentionRules(Struct, frozen=True, kw_only=True):
    """A round begins every `every` seconds. A statement takes at most `batch_rows` rows, or writes a blob of at most
    `blob_ids` ids; the next one follows after `pause` seconds. Days are by the partition's clock; 0 keeps for ever.
    """

    every: float = 60.0
    journal_days: int = 35
    history_days: int = 800
    batch_rows: int = 2_000
    blob_ids: int = 62_500  # ids of 16 bytes: a megabyte
    pause: float = 0.05
    warn_after: float = 600.0  # seconds; a journal merge that waits longer is logged


class Counters(Protocol):
    def merged(self, table: Table, rows: int) -> None:
        """So many rows were merged into others."""

    def pruned(self, table: Table, rows: int) -> None:
        """So many rows were deleted, for their age or because newer ones are enough."""
