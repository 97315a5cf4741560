"""Announcements about feeds that a batch reads. Accounts follow them from the next run on: the batch ends with one."""

from typing import final

from common.contracts.events import Announcement
from scoring.partition.commit import AnnouncementOutcome
from scoring.partition.feeds import follow
from scoring.partition.memory import PartitionMemory


@final
class BatchFeeds:
    """`applied` are the ids of those that took effect in this batch, `pauses` what holds after them."""

    def __init__(self, memory: PartitionMemory) -> None:
        self._before = memory.applied
        self.applied: list[str] = []
        self.pauses = memory.pauses

    def apply(self, said: Announcement, *, at: float) -> AnnouncementOutcome:
        """Of one that was appended more than once, the first counts."""
        if said.id in self._before or said.id in self.applied:
            return AnnouncementOutcome.REPEATED
        self.applied.append(said.id)
        self.pauses = follow(self.pauses, said, at=at)
        return AnnouncementOutcome.APPLIED
