"""What alerts answers about signals and messages, and messages as they come, made up for tests."""

from datetime import datetime

from alerts.api.answers import AlertSummary, Decision, Notification
from alerts.api.filter import NotificationStatus
from alerts.channels.registry import Channel
from alerts.decisions.reasons import DecisionReason
from alerts.samples import NOON
from common.contracts.signals import Kind, Severity
from local.demo.message_tracing import DeliveredMessage
from local.fakes.messages import ReceivedMessage

DANA = "slack:U1"
DESK = "email:cs-desk@example.com"


def notification(
    name: str,
    address_key: str = DANA,
    *,
    attempts: int = 1,
    status: NotificationStatus = NotificationStatus.SENT,
    decided: datetime = NOON,
    reason: DecisionReason = DecisionReason.NEW,
) -> Notification:
    channel, _, address = address_key.partition(":")
    return Notification(
        id=name,
        receiver="account-owner",
        address_key=address_key,
        channel=Channel(channel),
        address=address,
        reason=reason,
        status=status,
        attempts=attempts,
        last_failure=None,
        maybe_told=False,
        decided=decided,
        held_until=None,
        due=None,
        done=decided,
    )


def listed(
    *notifications: Notification,
    account: str = "cust-001",
    to: str = "red",
    kind: Kind = Kind.BAND,
    severity: Severity = Severity.CRITICAL,
    why: str = "logins -14",
    reason: DecisionReason = DecisionReason.NEW,
    history: bool = False,
) -> AlertSummary:
    """Told if there are notifications; `reason` is the last one that was decided."""
    decision = Decision(
        at=NOON, verdict=reason.verdict, reason=reason, receiver=None, address_key=None, path=(), notification_id=None
    )
    return AlertSummary(
        id=f"{account}-{to}",
        account_id=account,
        name="Birch Foods",
        what=to,
        why=why,
        kind=kind,
        to=to,
        severity=severity,
        tier="high",
        owner="dana@example.com",
        stage="adoption",
        at=NOON,
        recorded=NOON,
        history=history,
        waiting=False,
        episode=f"{account}-episode",
        told=bool(notifications),
        acknowledged=False,
        acknowledgement=None,
        decisions=(decision,),
        notifications=notifications,
    )


def message(
    title: str = "🔴 Birch Foods is red: 61 → 38", lane: str = DANA, *, name: str | None = None
) -> ReceivedMessage:
    return ReceivedMessage(
        0.0, Channel(lane.partition(":")[0]), lane, title, (title, "", "*Why*  logins (14 points)"), name
    )


def told(
    message: ReceivedMessage,
    *,
    account: str = "cust-001",
    at: datetime = NOON,
    why: str = "logins -14",
    reason: DecisionReason = DecisionReason.NEW,
    repeated: bool = False,
    name: str = "n1",
) -> DeliveredMessage:
    return DeliveredMessage(message, account, name, at, reason, (listed(account=account, why=why),), repeated)
