"""The API of alerts, as far as the console asks it: who was told what, why and why not."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from console.clients.service_api import ServiceApi


class AlertDecision(Struct, frozen=True, kw_only=True):
    """One yes or no, and why. `path` is the route that led there, root first."""

    at: datetime
    verdict: str
    reason: str
    receiver: str | None
    path: tuple[str, ...]


class SendAttempt(Struct, frozen=True, kw_only=True):
    """One try to send. Without an `outcome` it is on its way, or was cut short."""

    n: int
    started: datetime
    ended: datetime | None
    outcome: str | None
    detail: str | None


class AlertMessage(Struct, frozen=True, kw_only=True):
    """One message to one receiver; `every_attempt` is there in the answer about one alert."""

    id: str
    receiver: str
    channel: str
    address: str
    status: str
    attempts: int
    last_failure: SendAttempt | None
    maybe_told: bool
    due: datetime | None
    held_until: datetime | None
    done: datetime | None
    every_attempt: tuple[SendAttempt, ...] = ()


class TakenInHand(Struct, frozen=True, kw_only=True):
    """Somebody has acknowledged the episode of an alert."""

    by: str
    note: str | None
    at: datetime


class ListedAlert(Struct, frozen=True, kw_only=True):
    """With an `error` there are no decisions and messages: another version wrote them."""

    id: str
    account_id: str
    kind: str
    to: str
    severity: str
    at: datetime
    history: bool
    waiting: bool
    told: bool
    told_to: tuple[str, ...] = ()
    acknowledgement: TakenInHand | None
    decisions: tuple[AlertDecision, ...] = ()
    notifications: tuple[AlertMessage, ...] = ()
    error: str | None = None


class AlertsAnswer(Struct, frozen=True, kw_only=True):
    alerts: tuple[ListedAlert, ...]
    next_cursor: str | None


class AlertInFull(Struct, frozen=True, kw_only=True):
    id: str
    account_id: str
    acknowledgement: TakenInHand | None
    notifications: tuple[AlertMessage, ...]


class SentAgain(Struct, frozen=True):
    notification_ids: tuple[str, ...]


class AlertsReader:
    """Raises `ApiUnavailable` and `ApiRefused`."""

    def __init__(self, api: ServiceApi) -> None:
        self._api = api

    async def alerts(self, account_id: str, *, limit: int, cursor: str | None) -> AlertsAnswer:
        """Of one account, the newest first."""
        query: dict[str, str | int] = {"account": account_id, "limit": limit}
        if cursor is not None:
            query["cursor"] = cursor
        return await self._api.get("/v1/alerts", AlertsAnswer, query)

    async def alert(self, alert_id: str) -> AlertInFull:
        return await self._api.get(_path(alert_id), AlertInFull)

    async def acknowledge(self, alert_id: str, *, by: str, note: str | None) -> TakenInHand:
        """Who has it in hand now, which is somebody else if they were first."""
        body: dict[str, Any] = {"by": by, "note": note}
        return await self._api.post(f"{_path(alert_id)}/ack", TakenInHand, body)

    async def send_again(self, alert_id: str) -> SentAgain:
        """Refused with status 409 if no message of it has failed."""
        return await self._api.post(f"{_path(alert_id)}/resend", SentAgain)


def _path(alert_id: str) -> str:
    return f"/v1/alerts/{quote(alert_id, safe='')}"
