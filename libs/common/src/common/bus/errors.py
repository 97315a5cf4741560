"""Errors of the bus, named by what the caller should do.

BusError
├── BusUnavailable     back off and retry; whether the operation took effect is unknown
├── RecordRefused      never send this record again
└── OffsetOutOfRange   stop and ask an operator: the log does not hold the reader's position
"""


class BusError(Exception):
    pass


class BusUnavailable(BusError):
    pass


class RecordRefused(BusError):
    pass


class OffsetOutOfRange(BusError):
    def __init__(self, partition: int, offset: int) -> None:
        super().__init__(f"partition {partition} does not hold offset {offset}")
        self.partition = partition
        self.offset = offset
