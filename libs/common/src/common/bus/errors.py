"""Named by what the caller should do.

BusError
├── Unavailable     back off and try again; whether it was done is unknown
├── Refused         never try this record again
└── OffsetLost      stop and ask: the log does not reach where the reader stands
"""


class BusError(Exception):
    pass


class Unavailable(BusError):
    pass


class Refused(BusError):
    pass


class OffsetLost(BusError):
    def __init__(self, partition: int, offset: int) -> None:
        super().__init__(f"partition {partition} does not hold offset {offset}")
        self.partition = partition
        self.offset = offset
