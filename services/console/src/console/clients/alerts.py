"""The API of alerts, as far as the console asks it: who was told what, why and why not. Moments are UTC."""

from datetime import datetime
from urllib.parse import quote

from msgspec import Struct

from common.contracts.signals import Severity
from console.clients.service_api import Query, ServiceApi


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
    """One message to one receiver; `status` is held, pending, sent, failed or dropped.

    `resent` is when somebody last had it sent again, `resent_by` who. `every_attempt` is there in the answer about one
    alert.
    """

    id: str
    receiver: str
    channel: str
    address: str
    reason: str
    status: str
    attempts: int
    last_failure: SendAttempt | None
    maybe_told: bool
    due: datetime | None
    held_until: datetime | None
    done: datetime | None
    resent: datetime | None = None
    resent_by: str | None = None
    every_attempt: tuple[SendAttempt, ...] = ()


class AlertAcknowledgement(Struct, frozen=True, kw_only=True):
    """Somebody has taken the episode of an alert in hand."""

    by: str
    note: str | None
    at: datetime


class AlertInList(Struct, frozen=True, kw_only=True):
    """One alert. With an `error` it has no words, decisions or messages. `owner` is whom the signal named."""

    id: str
    account_id: str
    name: str | None = None
    what: str | None = None
    why: str | None = None
    kind: str
    to: str
    severity: Severity
    owner: str | None
    at: datetime
    history: bool
    waiting: bool
    told: bool
    told_to: tuple[str, ...] = ()
    acknowledged: bool
    acknowledgement: AlertAcknowledgement | None
    decisions: tuple[AlertDecision, ...] = ()
    notifications: tuple[AlertMessage, ...] = ()
    error: str | None = None


class AlertsAnswer(Struct, frozen=True, kw_only=True):
    alerts: tuple[AlertInList, ...]
    next_cursor: str | None


class OneAlert(Struct, frozen=True, kw_only=True):
    """The parts of one alert that an act asks for."""

    id: str
    account_id: str
    name: str | None
    what: str
    acknowledged: bool
    acknowledgement: AlertAcknowledgement | None
    notifications: tuple[AlertMessage, ...]


class OwnerWithAlerts(Struct, frozen=True, kw_only=True):
    owner: str | None
    alerts: int
    critical: int
    accounts: int
    newest: datetime


class AlertOwnersAnswer(Struct, frozen=True, kw_only=True):
    owners: tuple[OwnerWithAlerts, ...]
    more: bool


class ResentMessages(Struct, frozen=True):
    notification_ids: tuple[str, ...]


class AlertsReader:
    """Raises `ApiUnavailable` and `ApiRefused`."""

    def __init__(self, api: ServiceApi) -> None:
        self._api = api

    async def alerts(self, filters: Query, *, limit: int, cursor: str | None = None) -> AlertsAnswer:
        """A page, the newest first. `filters` are the API's own parameters."""
        query = {**filters, "limit": limit, **({} if cursor is None else {"cursor": cursor})}
        return await self._api.get("/v1/alerts", AlertsAnswer, query)

    async def owners(self, filters: Query, *, limit: int) -> AlertOwnersAnswer:
        return await self._api.get("/v1/alert-owners", AlertOwnersAnswer, {**filters, "limit": limit})

    async def alert(self, alert_id: str) -> OneAlert:
        return await self._api.get(_path(alert_id), OneAlert)

    async def acknowledge(self, alert_id: str, *, by: str, note: str | None) -> AlertAcknowledgement:
        """That of the alert's episode, which may be somebody else's: the first stays until something worse comes."""
        body = {"by": by, "note": note}
        return await self._api.post(f"{_path(alert_id)}/ack", AlertAcknowledgement, body)

    async def resend(self, alert_id: str, *, by: str) -> ResentMessages:
        """Refused with 409 if no message of it has failed for good."""
        return await self._api.post(f"{_path(alert_id)}/resend", ResentMessages, {"by": by})


def _path(alert_id: str) -> str:
    return f"/v1/alerts/{quote(alert_id, safe='')}"
