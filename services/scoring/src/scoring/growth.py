"""What would grow for ever if nobody kept it small."""

from enum import StrEnum


class Table(StrEnum):
    JOURNAL = "journal"
    SEEN = "seen"
    DAY = "day"
    SIGNAL = "signal"
