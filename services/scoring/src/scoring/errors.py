"""Named by what the worker does about them.

ScoringError
├── Doubt              drop the partition's memory and open it again: nobody knows whether the commit was written
│   ├── Fenced         the same at once: another writer was first
│   └── Unreachable    the same after a pause: the database does not answer
├── UnknownRecordType  stop this partition before the record: only a newer version can score it
└── StopWorker         end the process: only a person can decide
"""

LONGEST_SHOWN = 60  # characters of a type: any program may have written it


class ScoringError(Exception):
    pass


class Doubt(ScoringError):
    pass


class Fenced(Doubt):
    pass


class Unreachable(Doubt):
    pass


class UnknownRecordType(ScoringError):
    def __init__(self, partition: int, offset: int, record_type: str) -> None:
        shown = record_type[:LONGEST_SHOWN]
        super().__init__(
            f"partition {partition} stopped before offset {offset}: a newer version wrote this record of type {shown!r}"
        )
        self.partition = partition
        self.offset = offset
        self.record_type = shown


class StopWorker(ScoringError):
    pass
