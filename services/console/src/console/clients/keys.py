"""The API keys of one service, which each service lists, makes, rotates and revokes alike. Moments are UTC."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from console.clients.service_api import ServiceApi


class ApiKey(Struct, frozen=True, kw_only=True):
    id: str
    source: str
    scopes: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None

    def ended(self, now: datetime) -> bool:
        return self.revoked_at is not None or (self.expires_at is not None and self.expires_at <= now)


class ApiKeys(Struct, frozen=True, kw_only=True):
    """`asking` is the console's own key, `may_grant` the scopes that it may give."""

    asking: str
    may_grant: tuple[str, ...]
    keys: tuple[ApiKey, ...]


class MadeKey(Struct, frozen=True, kw_only=True):
    """`token` is a secret: for the one page that shows it. `expires_at`: None if it does not end by itself."""

    id: str
    token: str
    replaces: str | None
    replaced_until: datetime | None
    expires_at: datetime | None = None


class KeyClient:
    """Raises `ApiUnavailable`, `ScopeMissing` and `ApiRefused`."""

    def __init__(self, api: ServiceApi) -> None:
        self._api = api

    async def keys(self) -> ApiKeys:
        return await self._api.get("/v1/keys", ApiKeys)

    async def create(self, *, source: str, scopes: Collection[str], expires_days: int | None) -> MadeKey:
        body: dict[str, Any] = {"source": source, "scopes": sorted(scopes), "expires_days": expires_days}
        return await self._api.post("/v1/keys", MadeKey, body)

    async def rotate(self, key_id: str, *, overlap_hours: int) -> MadeKey:
        return await self._api.post(f"{_path(key_id)}/rotate", MadeKey, {"overlap_hours": overlap_hours})

    async def revoke(self, key_id: str) -> None:
        await self._api.delete_silently(_path(key_id))


def _path(key_id: str) -> str:
    return f"/v1/keys/{quote(key_id, safe='')}"
