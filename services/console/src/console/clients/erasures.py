"""Erasures: ingest takes and lists the requests; scoring and alerts say what they deleted. Moments are UTC."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final
from urllib.parse import quote

from msgspec import Struct

from console.clients.service_api import Query, ServiceApi

_SECONDS: Final = 30.0


class Erasure(Struct, frozen=True, kw_only=True):
    """A request. `kind` is account or user, `state` filed, announced, lifting or lifted. `removed` is of ingest."""

    erasure_id: str
    kind: str
    partitions: int
    state: str
    filed_at: datetime
    filed_by: str
    announced_at: datetime | None
    lift_asked_by: str | None
    lifted_at: datetime | None
    removed: Mapping[str, int] | None
    log_forgets_on: date | None


class ListedErasures(Struct, frozen=True, kw_only=True):
    erasures: tuple[Erasure, ...]
    next_cursor: str | None


class ReceiptOfService(Struct, frozen=True, kw_only=True):
    """What one service deleted, in so many partitions so far."""

    erased_at: datetime
    partitions: int
    lifted: bool
    removed: Mapping[str, int]
    log_forgets_on: date | None


class ErasureClient:
    """Raises `ApiUnavailable`, `ScopeMissing` and `ApiRefused`."""

    def __init__(self, ingest: ServiceApi) -> None:
        self._ingest = ingest

    async def newest(self, *, limit: int, cursor: str | None) -> ListedErasures:
        query: Query = {"limit": limit, **({} if cursor is None else {"cursor": cursor})}
        return await self._ingest.get("/v1/erasures", ListedErasures, query)

    async def erasure(self, erasure_id: str) -> Erasure:
        return await self._ingest.get(_path(erasure_id), Erasure)

    async def receipt(self, service: ServiceApi, erasure_id: str) -> ReceiptOfService:
        """Refused with 404 until the service has read the erasure."""
        return await service.get(_path(erasure_id), ReceiptOfService)

    async def erase_account(self, account_id: str) -> Erasure:
        """The erasure that is in force: this one, or an earlier one."""
        return await self._ingest.delete(f"/v1/accounts/{quote(account_id, safe='')}", Erasure)

    async def erase_user(self, user_id: str) -> Erasure:
        return await self._ingest.delete(f"/v1/users/{quote(user_id, safe='')}", Erasure)

    async def lift(self, erasure_id: str) -> Erasure:
        return await self._ingest.post(f"{_path(erasure_id)}/lift", Erasure, seconds=_SECONDS)


def _path(erasure_id: str) -> str:
    return f"/v1/erasures/{quote(erasure_id, safe='')}"
