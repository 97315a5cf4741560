"""The API of ingest, as far as the console asks it: sources against their baseline, and rejects. Moments are UTC."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from msgspec import Struct

from console.clients.service_api import Query, ServiceApi


class HourlyVolume(Struct, frozen=True):
    """`expected` is null while the source is learned."""

    events: int
    expected: float | None


class SourceState(Struct, frozen=True, kw_only=True):
    """One source; counts are of the last 24 whole hours. `status` is never, learning, usual, low or silent."""

    source: str
    status: str
    has_key: bool
    last_received_at: datetime | None
    last_hour: HourlyVolume
    last_day: HourlyVolume
    refused: Mapping[str, int]
    not_standard: int
    lag_seconds: int | None
    silent_since: datetime | None


class SourceStates(Struct, frozen=True):
    """`judged` is false where no source is judged."""

    as_of: datetime
    judged: bool
    sources: tuple[SourceState, ...]


class HourOfSource(Struct, frozen=True):
    hour: datetime
    events: int
    expected: float | None


class SourceInHours(Struct, frozen=True):
    """The last 14 days by the hour; hours in which nothing came or is usual are left out."""

    as_of: datetime
    summary: SourceState
    hours: tuple[HourOfSource, ...]


class FieldFault(Struct, frozen=True):
    field: str
    reason: str
    detail: str


class RejectedMessage(Struct, frozen=True, kw_only=True):
    received_at: datetime
    source: str
    format: str
    label: str
    message_id: str | None
    reason: str
    errors: tuple[FieldFault, ...]
    dead_letter: str | None


class RejectedMessages(Struct, frozen=True):
    rejects: tuple[RejectedMessage, ...]
    next: int | None


class IngestReader:
    """Raises `ApiUnavailable` and `ApiRefused`."""

    def __init__(self, api: ServiceApi) -> None:
        self._api = api

    async def sources(self) -> SourceStates:
        return await self._api.get("/v1/sources", SourceStates)

    async def source(self, name: str) -> SourceInHours:
        return await self._api.get(f"/v1/sources/{quote(name, safe='')}", SourceInHours)

    async def rejects(self, filters: Query, *, limit: int) -> RejectedMessages:
        """The newest first. `filters` are the API's own parameters."""
        return await self._api.get("/v1/rejects", RejectedMessages, {**filters, "limit": limit})
