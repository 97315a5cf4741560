"""The API's answers, made from rows of the tables."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from alerts.api import answers
from alerts.api.filter import NotificationStatus
from alerts.decisions.reasons import DecisionReason
from alerts.errors import Failure
from alerts.routing.destination import Target
from alerts.signals import wording
from alerts.signals.decoding import decode_signal
from common.contracts.signals import Severity

_ways = msgspec.json.Decoder(tuple[Target, ...])
_FAILURES = frozenset(Failure)
_RESENT = DecisionReason.RESENT.value

UNREADABLE = (msgspec.DecodeError, ValueError)
"""Raised by a row of another version of alerts: its body has another form, or its reason is not known here."""


class AlertRows(Struct, frozen=True):
    """One alert with its decisions, messages and attempts, as rows. `attempts` are by message."""

    alert: Any
    decisions: Sequence[Any]
    notifications: Sequence[Any]
    attempts: dict[str, Sequence[Any]]


def alert_summary(rows: AlertRows) -> answers.AlertSummary:
    """Raises what is `UNREADABLE`."""
    row = rows.alert
    signal = decode_signal(row.body)
    return msgspec.structs.replace(
        _from_columns(row),
        name=signal.facts.name,
        what=wording.describe(signal),
        why=wording.explain(signal),
        told=bool(_told_to(rows)),
        told_to=_told_to(rows),
        decisions=tuple(_decision(one) for one in rows.decisions),
        notifications=tuple(answers.Notification(**_notification(one, rows)) for one in rows.notifications),
    )


def unreadable_summary(rows: AlertRows, *, error: str) -> answers.AlertSummary:
    told_to = _told_to(rows)
    return msgspec.structs.replace(_from_columns(rows.alert), told=bool(told_to), told_to=told_to, error=error)


def alert_detail(rows: AlertRows, *, episode: Sequence[str]) -> answers.Alert:
    """Raises what is `UNREADABLE`."""
    row = rows.alert
    signal = decode_signal(row.body)
    told_to = _told_to(rows)
    return answers.Alert(
        id=row.signal_id,
        account_id=row.account_id,
        name=signal.facts.name,
        what=wording.describe(signal),
        why=wording.explain(signal),
        recorded=moment(row.recorded),
        history=row.history,
        waiting=row.waiting,
        told=bool(told_to),
        told_to=told_to,
        acknowledged=row.acknowledged,
        acknowledgement=acknowledgement(row),
        episode=row.episode,
        episode_alerts=tuple(one for one in episode if one != row.signal_id),
        signal=signal,
        decisions=tuple(_decision(one) for one in rows.decisions),
        notifications=tuple(_detail(one, rows) for one in rows.notifications),
    )


def acknowledgement(row: Any) -> answers.Acknowledgement | None:
    if row.ack_at is None:
        return None
    return answers.Acknowledgement(
        account_id=row.ack_account_id,
        episode=row.ack_episode,
        alert_id=row.ack_signal_id,
        severity=Severity(row.ack_severity),
        by=row.ack_by,
        note=row.ack_note,
        at=moment(row.ack_at),
    )


def owner_alerts(row: Any) -> answers.OwnerAlerts:
    return answers.OwnerAlerts(
        owner=row.owner,
        alerts=row.alerts,
        critical=row.critical,
        accounts=row.accounts,
        newest=moment(row.newest),
    )


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _from_columns(row: Any) -> answers.AlertSummary:
    return answers.AlertSummary(
        id=row.signal_id,
        account_id=row.account_id,
        kind=row.kind,
        to=row.to,
        severity=row.severity,
        tier=row.tier,
        owner=row.owner,
        stage=row.stage,
        at=moment(row.at),
        recorded=moment(row.recorded),
        history=row.history,
        waiting=row.waiting,
        episode=row.episode,
        told=False,
        acknowledged=row.acknowledged,
        acknowledgement=acknowledgement(row),
    )


def _told_to(rows: AlertRows) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.receiver for one in rows.notifications if one.status == NotificationStatus.SENT))


def _decision(row: Any) -> answers.Decision:
    reason = DecisionReason(row.reason)
    return answers.Decision(
        at=moment(row.at),
        verdict=reason.verdict,
        reason=reason,
        receiver=row.receiver,
        address_key=row.address_key,
        path=tuple(row.path),
        notification_id=row.notification_id,
        by=row.by,
    )


def _notification(row: Any, rows: AlertRows) -> dict[str, Any]:
    """The fields of a notification in a list and alone; its last failure is the last one of its attempts."""
    way = _ways.decode(row.ways)[0]
    attempts = rows.attempts.get(row.notification_id, ())
    resent = [one for one in rows.decisions if one.reason == _RESENT and one.notification_id == row.notification_id]
    failures = [one for one in attempts if one.outcome in _FAILURES]
    return {
        "id": row.notification_id,
        "receiver": row.receiver,
        "address_key": row.address_key,
        "channel": way.channel,
        "address": way.address,
        "reason": DecisionReason(row.reason),
        "status": NotificationStatus(row.status),
        "attempts": row.attempts,
        "last_failure": _attempt(failures[-1]) if failures else None,
        "maybe_told": row.maybe_told,
        "decided": moment(row.decided),
        "due": moment(row.due) if row.status == NotificationStatus.PENDING else None,
        "held_until": None if row.held_until is None else moment(row.held_until),
        "done": None if row.done is None else moment(row.done),
        "resent": None if row.resent is None else moment(row.resent),
        "resent_by": resent[-1].by if resent else None,
    }


def _detail(row: Any, rows: AlertRows) -> answers.NotificationDetail:
    return answers.NotificationDetail(
        **_notification(row, rows),
        path=tuple(row.path),
        signals=tuple(row.signals),
        ways=_ways.decode(row.ways),
        every_attempt=tuple(_attempt(one) for one in rows.attempts.get(row.notification_id, ())),
    )


def _attempt(row: Any) -> answers.Attempt:
    return answers.Attempt(
        n=row.n,
        started=moment(row.started),
        ended=None if row.ended is None else moment(row.ended),
        outcome=row.outcome,
        detail=row.detail,
    )
