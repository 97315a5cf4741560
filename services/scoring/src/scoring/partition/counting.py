"""Says which events of a batch count (each id once), and which duplicates differ from the event that counted."""

from common.contracts.events import Event
from scoring.partition.contents import LIMIT as CONTENTS
from scoring.partition.contents import content_hash
from scoring.partition.dedupe import BatchDedupe, digest
from scoring.partition.memory import PartitionMemory


class EventCounting:
    def __init__(self, memory: PartitionMemory) -> None:
        self._memory = memory
        self._dedupe = BatchDedupe(memory.seen, memory.remembered)
        self.contents: list[int] = []  # hashes of the events that this batch counted, in the order of the log

    @property
    def counted(self) -> int:
        """How many events of this batch were counted."""
        return self._dedupe.counted

    def count_if_new(self, event: Event, hour: int) -> bool:
        """Counts the event if its id is new; returns whether it was."""
        if not self._dedupe.count_if_new(_digest_of(event), hour):
            return False
        self.contents.append(content_hash(event))
        return True

    def says_otherwise(self, duplicate: Event) -> bool:
        """Whether the counted event of this id had other content; False if that event is no longer remembered."""
        begun = self._memory.seen.end
        number = self._dedupe.number_of(_digest_of(duplicate), begun - CONTENTS)
        if number is None:
            return False
        first = self.contents[number - begun] if number >= begun else self._memory.contents.get(number)
        return first is not None and first != content_hash(duplicate)

    def blobs(self) -> dict[int, bytes]:
        """The ids that this batch counted, by clock hour, in the order of the log."""
        return self._dedupe.blobs()


def _digest_of(event: Event) -> bytes:
    return digest(event.source, event.account_id, event.event_id)
