"""The announcement of a source's pause or return, for scoring. Pure.

Its id comes from the source and the hour of its last event, so two processes with the same decision make one row.
"""

import json
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID, uuid5

import msgspec
from msgspec import Struct

_SOURCES = UUID("3a0c4f0e-6a55-5d0b-8f43-6f3f0c9b8a21")
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class FeedKind(StrEnum):
    PAUSED = "feed.paused"
    RESUMED = "feed.resumed"


class FeedAnnouncement(Struct, frozen=True, omit_defaults=True):
    """The body of `POST /v1/announcements`. `since` is when the last event of a paused source was received."""

    id: str
    kind: FeedKind
    source: str
    since: datetime | None = None

    def encoded(self) -> str:
        return msgspec.json.encode(self).decode()


def paused(source: str, since: datetime) -> FeedAnnouncement:
    since = since.astimezone(UTC)
    return FeedAnnouncement(_id(FeedKind.PAUSED, source, since), FeedKind.PAUSED, source, since)


def resumed(source: str, since: datetime) -> FeedAnnouncement:
    """Ends the pause that began at `since`. No two pauses of a source begin in one hour, so the id is unique."""
    return FeedAnnouncement(_id(FeedKind.RESUMED, source, since.astimezone(UTC)), FeedKind.RESUMED, source)


def _id(kind: FeedKind, source: str, since: datetime) -> str:
    return str(uuid5(_SOURCES, _json([kind, source, f"{since:%Y-%m-%dT%H}"])))
