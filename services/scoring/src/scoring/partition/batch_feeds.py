"""Announcements about feeds in a batch. A batch ends after one, so accounts follow it from the next batch on."""

from typing import final

from common.contracts.events import Announcement
from scoring.partition.commit import AnnouncementOutcome
from scoring.partition.feeds import follow
from scoring.partition.memory import PartitionMemory


@final
class BatchFeeds:
    """`applied` are the ids of announcements that took effect in this batch, `pauses` the pauses after them."""

    def __init__(self, memory: PartitionMemory) -> None:
        self._before = memory.applied
        self.applied: list[str] = []
        self.pauses = memory.pauses

    def apply(self, said: Announcement, *, at: float) -> AnnouncementOutcome:
        """Applies an announcement once per id; later copies of it are `REPEATED`. `at` is record time."""
        if said.id in self._before or said.id in self.applied:
            return AnnouncementOutcome.REPEATED
        self.applied.append(said.id)
        self.pauses = follow(self.pauses, said, at=at)
        return AnnouncementOutcome.APPLIED
