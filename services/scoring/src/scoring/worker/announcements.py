"""Appends to an owned partition the announcements that the partition has not read yet."""

from collections.abc import Callable, Sequence
from typing import Protocol

import structlog
from msgspec import Struct

from common.bus.ports import Ack, Outgoing
from common.errors import Doubt
from scoring.partition.memory import PartitionMemory

_log = structlog.get_logger()

LOOK_EVERY = 2.0  # seconds
_MOST = 500  # announcements appended at once


class FiledAnnouncement(Struct, frozen=True):
    """An announcement as the read API took it; `number` is its place among all of them."""

    number: int
    body: bytes


class AnnouncementStore(Protocol):
    async def newest_announcement(self) -> int:
        """The number of the last announcement, 0 before the first. Raises `Doubt`."""

    async def load_unread_announcements(self, partition: int, *, after: int, limit: int) -> list[FiledAnnouncement]:
        """Announcements after a number that have not taken effect in the partition, by number. Raises `Doubt`."""


class AnnouncementSender(Protocol):
    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]: ...


class AnnouncementWatch:
    """Looks every few seconds whether there is a new announcement, once for all partitions of a worker."""

    def __init__(self, store: AnnouncementStore, *, steady: Callable[[], float]) -> None:
        self.newest = 0
        self._store = store
        self._steady = steady
        self._looked_at = float("-inf")

    async def look_if_due(self) -> None:
        now = self._steady()
        if now - self._looked_at < LOOK_EVERY:
            return
        self._looked_at = now
        try:
            self.newest = await self._store.newest_announcement()
        except Doubt as error:
            _log.warning("announcements.unreadable", reason=str(error))


class Announcer:
    """Appends for one partition. An extra copy is harmless: an announcement takes effect once, when it is read back."""

    def __init__(
        self,
        partition: int,
        *,
        watch: AnnouncementWatch,
        store: AnnouncementStore,
        sender: AnnouncementSender,
        topic: str,
    ) -> None:
        self._partition = partition
        self._watch = watch
        self._store = store
        self._sender = sender
        self._topic = topic

    async def send_unread(self, memory: PartitionMemory) -> None:
        """Appends what is unread. Raises `BusUnavailable`; the next call then sends all of it again."""
        if memory.announced_to >= self._watch.newest:
            return
        newest = self._watch.newest
        try:
            unread = await self._store.load_unread_announcements(
                self._partition, after=memory.announced_to, limit=_MOST
            )
        except Doubt as error:
            _log.warning("announcements.unreadable", partition=self._partition, reason=str(error))
            return
        if unread:
            await self._sender.send(self._topic, [Outgoing(self._partition, None, one.body) for one in unread])
            _log.info("announcements.sent", partition=self._partition, announcements=len(unread))
        # A full page: the next call sends the rest.
        memory.announced_to = unread[-1].number if len(unread) == _MOST else newest
