"""Posts events to ingest, for what a person says of an account."""

from typing import Any

from msgspec import Struct

from console.clients.service_api import ServiceApi


class EventsTaken(Struct, frozen=True):
    accepted: int


class EventClient:
    """Raises `ApiUnavailable`, and `ApiRefused` for an event that ingest does not take."""

    def __init__(self, api: ServiceApi) -> None:
        self._api = api

    async def post(self, *, event_id: str, account_id: str, name: str, properties: dict[str, Any]) -> None:
        """The same event id again counts once."""
        event = {"event_id": event_id, "account_id": account_id, "name": name, "properties": properties}
        await self._api.post("/v1/events", EventsTaken, event)
