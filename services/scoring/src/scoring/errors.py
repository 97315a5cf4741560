"""What stops one partition of the events topic; the errors that every worker knows are in `common.errors`."""

from common.errors import PartitionStopped

LONGEST_SHOWN = 60  # characters of a type: any program may have written it


class UnknownRecordType(PartitionStopped):
    """A newer version wrote the record: whoever passes over it makes other states."""

    def __init__(self, partition: int, offset: int, record_type: str) -> None:
        shown = record_type[:LONGEST_SHOWN]
        reason = f"a newer version wrote this record of type {shown!r}"
        super().__init__(f"partition {partition} stopped before offset {offset}: {reason}", offset=offset, type=shown)
        self.partition = partition
        self.offset = offset
        self.record_type = shown
