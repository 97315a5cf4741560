"""The keys of each service, as far as the page shows them: fifty of each, those that have ended only on request."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

from msgspec import Struct

from console.clients.keys import ApiKey, ApiKeys, KeyClient
from console.errors import ApiUnavailable, ServiceName
from console.pages.keys.view import ROWS, KeysView


class KeysOfService(Struct, frozen=True, kw_only=True):
    """`away` says why there are none to see. `rows` are those of the page, the newest first; `ended` counts those that
    can be used no more, and `more` says whether there is a page after this one."""

    service: ServiceName
    keys: ApiKeys | None = None
    away: ApiUnavailable | None = None
    rows: tuple[ApiKey, ...] = ()
    ended: frozenset[str] = frozenset()
    more: bool = False

    def has_ended(self, key_id: str) -> bool:
        return key_id in self.ended


async def read_keys(clients: Mapping[ServiceName, KeyClient], view: KeysView) -> list[KeysOfService]:
    """Asks the services of the page at the same time."""
    asked = [(service, client) for service, client in clients.items() if view.service in ("", service)]
    return list(await asyncio.gather(*(_keys_of(service, client, view) for service, client in asked)))


async def _keys_of(service: ServiceName, client: KeyClient, view: KeysView) -> KeysOfService:
    try:
        found = await client.keys()
    except ApiUnavailable as error:
        return KeysOfService(service=service, away=error)
    now, first = datetime.now(UTC), (view.page - 1) * ROWS
    ended = frozenset(key.id for key in found.keys if key.ended(now))
    newest = [key for key in found.keys[::-1] if (key.id in ended) is view.of_ended]
    return KeysOfService(
        service=service,
        keys=found,
        rows=tuple(newest[first : first + ROWS]),
        ended=ended,
        more=len(newest) > first + ROWS,
    )
