"""Dead letters, as ingest lists them and sends them again. Moments are UTC."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from console.clients.service_api import Query, ServiceApi

# Ingest answers after some 8 seconds at most, and waits for Kafka as long again.
_SECONDS: Final = 40.0


class Letter(Struct, frozen=True, kw_only=True):
    """`means` and `do` explain the reason, in English."""

    position: str
    at: datetime
    reason: str
    origin: str
    source: str | None
    account: str | None
    event: str | None
    event_id: str | None
    attempt: int
    resent: bool
    means: str
    do: str


class Letters(Struct, frozen=True, kw_only=True):
    """`counts` are of all that match, by reason; unless `complete` of those that could be read in time."""

    letters: tuple[Letter, ...]
    counts: Mapping[str, int]
    resent: Mapping[str, int]
    complete: bool


class RefusedLetter(Struct, frozen=True):
    position: str
    detail: str


class ResendOutcome(Struct, frozen=True, kw_only=True):
    dry_run: bool
    sent: int
    refused: Mapping[str, int]
    refusals: tuple[RefusedLetter, ...]
    complete: bool


class DeadLetterClient:
    """Raises `ApiUnavailable`, `ScopeMissing` and `ApiRefused`."""

    def __init__(self, ingest: ServiceApi) -> None:
        self._ingest = ingest

    async def letters(self, filters: Query, *, limit: int) -> Letters:
        """The newest last."""
        return await self._ingest.get("/v1/dead-letters", Letters, {**filters, "limit": limit})

    async def resend(
        self, filters: Mapping[str, str], positions: Sequence[str], *, again: bool, dry_run: bool
    ) -> ResendOutcome:
        """Those at the positions; without any, all that match the filters."""
        body: dict[str, Any] = {**filters, "positions": list(positions), "again": again, "dry_run": dry_run}
        return await self._ingest.post("/v1/dead-letters/resend", ResendOutcome, body, seconds=_SECONDS)
