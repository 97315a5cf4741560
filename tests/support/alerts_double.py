"""Alerts as the console sees it, without a database: the answers are those of alerts' own types."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec

from alerts.api import answers
from alerts.api.filter import NotificationStatus
from alerts.channels.registry import Channel
from alerts.decisions.reasons import DecisionReason
from common.contracts.signals import Severity
from support.portfolio_double import ARABIC, LONG, OVERRIDE, SCRIPT

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


def alerted(number: int, **fields: Any) -> answers.AlertSummary:
    """An open alert of which one message was sent and one has failed."""
    at = NOW - timedelta(hours=number)
    usual: dict[str, Any] = {
        "id": f"signal-{number}",
        "account_id": f"cust-{number:03}",
        "name": f"Customer {number}",
        "what": "red 61>38",
        "why": "active seats -14",
        "kind": "band",
        "to": "red",
        "severity": Severity.CRITICAL,
        "tier": "high",
        "owner": "dana@example.com",
        "stage": "adoption",
        "at": at,
        "recorded": at,
        "history": False,
        "waiting": False,
        "episode": f"signal-{number}",
        "told": True,
        "told_to": ("owner",),
        "acknowledged": False,
        "acknowledgement": None,
        "decisions": (_decision(at),),
        "notifications": (
            _message(number, "owner", NotificationStatus.SENT, at),
            _message(number, "back-up", NotificationStatus.FAILED, at),
        ),
    }
    return answers.AlertSummary(**{**usual, **fields})


class AlertsDouble:
    """Acknowledges for whoever asks first."""

    def __init__(self, alerts: Sequence[answers.AlertSummary] = ()) -> None:
        self.alerts = list(alerts)
        self.transport = httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path, query = request.url.path, request.url.params
        if path == "/v1/alerts":
            wanted = query.get_list("severity")
            rows = [one for one in self.alerts if not wanted or one.severity in wanted]
            rows = [one for one in rows if "open" not in query or not one.acknowledged]
            first, limit = int(query.get("cursor", "0")), int(query["limit"])
            following = str(first + limit) if len(rows) > first + limit else None
            return _json(answers.Alerts(alerts=tuple(rows[first : first + limit]), next_cursor=following))
        if path == "/v1/alert-owners":
            owner = answers.OwnerAlerts(owner=SCRIPT, alerts=3, critical=1, accounts=2, newest=NOW)
            return _json(answers.AlertOwners(owners=(owner,), more=False))
        found = next((one for one in self.alerts if one.id == path.split("/")[3]), None)
        if found is None:
            return httpx.Response(404, json={"code": "unknown_alert", "detail": "there is no alert with this id"})
        return self._act(request, found) if request.method == "POST" else _json(found)

    def _act(self, request: httpx.Request, alert: answers.AlertSummary) -> httpx.Response:
        if request.url.path.endswith("/resend"):
            return self._resend(alert, msgspec.json.decode(request.content)["by"])
        asked = msgspec.json.decode(request.content)
        taken = alert.acknowledgement or answers.Acknowledgement(
            account_id=alert.account_id,
            episode=alert.episode,
            alert_id=alert.id,
            severity=alert.severity,
            by=asked["by"],
            note=asked["note"],
            at=NOW,
        )
        place = self.alerts.index(alert)
        self.alerts[place] = msgspec.structs.replace(alert, acknowledged=True, acknowledgement=taken)
        return _json(taken)

    def _resend(self, alert: answers.AlertSummary, by: str) -> httpx.Response:
        self.alerts[self.alerts.index(alert)] = msgspec.structs.replace(
            alert, notifications=_sent_again(alert.notifications, by)
        )
        return _json(answers.Resent(alert_id=alert.id, notification_ids=("m-1",)))


def _sent_again(messages: Sequence[answers.Notification], by: str) -> tuple[answers.Notification, ...]:
    return tuple(
        msgspec.structs.replace(one, resent=NOW, resent_by=by) if one.status is NotificationStatus.FAILED else one
        for one in messages
    )


def _decision(at: datetime) -> answers.Decision:
    reason = DecisionReason.NOT_WORSE
    return answers.Decision(
        at=at,
        verdict=reason.verdict,
        reason=reason,
        receiver="cs-desk",
        address_key=None,
        path=("root",),
        notification_id=None,
    )


def _message(number: int, receiver: str, status: NotificationStatus, at: datetime) -> answers.Notification:
    failure = answers.Attempt(n=3, started=at, ended=at, outcome="no answer in time", detail=SCRIPT)
    return answers.Notification(
        id=f"{number} {receiver}",
        receiver=receiver,
        address_key="email:x",
        channel=Channel.EMAIL,
        address="desk@example.com",
        reason=DecisionReason.NEW,
        status=status,
        attempts=3,
        last_failure=failure if status is NotificationStatus.FAILED else None,
        maybe_told=False,
        decided=at,
        due=None,
        held_until=None,
        done=at,
    )


def _json(answer: msgspec.Struct) -> httpx.Response:
    return httpx.Response(200, content=msgspec.json.encode(answer))


HOSTILE_ALERTS = (
    alerted(1, name=SCRIPT, what=SCRIPT, why=SCRIPT, owner='"><img src=x onerror=alert(1)>'),
    alerted(2, name=OVERRIDE, notifications=_sent_again(alerted(2).notifications, SCRIPT)),
    alerted(3, name=ARABIC, account_id="a/b?c#d"),
    alerted(4, name=LONG, why=LONG, owner=f"{'o' * 120}@example.com"),
    alerted(5, name=None, what=None, why=None, error="another version wrote it", decisions=(), notifications=()),
)
