"""Files announcements, each once; the worker that owns a partition appends them there."""

from collections.abc import Callable
from typing import Annotated, Literal

import structlog
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from common.contracts.events import (
    LONGEST_ANNOUNCED,
    Announcement,
    FeedPaused,
    FeedResumed,
    decode_events_record,
    encode_events_record,
)
from common.database_errors import DatabaseUnavailable
from common.problems import Problem, database_unavailable
from common.query_parameters import QueryParameters, Start, bad_parameter, without_nul
from scoring.api import answers
from scoring.api.active_card import ActiveCardReader
from scoring.health.moments import to_datetime
from scoring.postgres.announcements import AnnouncementRow, AnnouncementTable

_log = structlog.get_logger()

MAX_AHEAD_SECONDS = 300.0  # how far the clock of another machine may be ahead

Name = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_ANNOUNCED), AfterValidator(without_nul)]


class AnnouncementBody(BaseModel):
    """What is posted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Name = Field(description="whoever sends the same again uses the same id; a correction is a new one")
    kind: Literal["feed.paused", "feed.resumed"]
    source: Name = Field(description="of the API keys whose events it is about")
    since: Start | None = Field(default=None, description="of `feed.paused`: nothing has come since then")

    def record(self, *, now: float) -> Announcement:
        """The record for the log. Raises a 422 if the fields do not fit the kind. `now` is seconds since the epoch."""
        if self.kind == "feed.resumed":
            if self.since is not None:
                raise bad_parameter("body.since", "not_of_this_kind", "belongs to `feed.paused` alone")
            return FeedResumed(self.id, self.source)
        if self.since is None:
            raise bad_parameter("body.since", "missing", "`feed.paused` says since when nothing has come")
        if self.since > now + MAX_AHEAD_SECONDS:
            raise bad_parameter("body.since", "in_the_future", "lies more than 5 minutes ahead")
        return FeedPaused(self.id, self.source, to_datetime(self.since))


class AnnouncementListParameters(QueryParameters):
    limit: int = Field(default=50, ge=1, le=200)
    before: int | None = Field(default=None, ge=1, le=2**63 - 1, description="`number` of the last one of a page")


class AnnouncementService:
    """Raises `Problem`: 409 for an id that has other content, or in stream mode; 503 while the database is away."""

    def __init__(self, table: AnnouncementTable, active_card: ActiveCardReader, *, clock: Callable[[], float]) -> None:
        self._table = table
        self._active_card = active_card
        self._clock = clock

    async def announce(self, body: AnnouncementBody) -> answers.Announced:
        active_card = self._active_card.active_card()
        if not active_card.wall:
            raise Problem(409, "stream_mode", "time is the stream's: whoever replays it appends its announcements")
        text = encode_events_record(body.record(now=self._clock())).decode()
        try:
            row = await self._table.file(body.id, text)
        except DatabaseUnavailable as error:
            raise database_unavailable(error) from error
        if row.body != text:
            raise Problem(409, "id_taken", f"another announcement has the id {body.id!r}: a correction needs a new id")
        _log.info("announcement.filed", id=body.id, kind=body.kind, number=row.number)
        return _announced(row, active_card.partitions)

    async def announcements(self, asked: AnnouncementListParameters) -> answers.Announcements:
        partitions = self._active_card.active_card().partitions
        try:
            rows = await self._table.newest(before=asked.before, limit=asked.limit)
        except DatabaseUnavailable as error:
            raise database_unavailable(error) from error
        return answers.Announcements(tuple(_announced(row, partitions) for row in rows))


def _announced(row: AnnouncementRow, partitions: int) -> answers.Announced:
    record = decode_events_record(row.body.encode())
    assert isinstance(record, Announcement)
    return answers.Announced(
        id=row.id,
        kind=str(record.__struct_config__.tag),
        source=record.source,
        since=record.since if isinstance(record, FeedPaused) else None,
        number=row.number,
        filed_at=row.filed_at,
        applied=row.applied,
        partitions=partitions,
    )
