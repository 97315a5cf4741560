"""Which of alerts' messages it is that has come: about whom, when it was decided, and why."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from alerts.api.answers import AlertSummary, Notification
from alerts.decisions.reasons import DecisionReason
from alerts.signals.score import SEVERITY_RANK
from common.contracts.signals import Kind
from local.fakes.arrivals import Arrivals
from local.fakes.messages import ReceivedMessage
from local.stack.processes import ServerError


@dataclass(frozen=True)
class DeliveredMessage:
    """`at` is the log's time; `alerts` are those in it, the gravest first, whose account is `account_id`.

    `repeated`: it has come before.
    """

    message: ReceivedMessage
    account_id: str
    notification_id: str
    at: datetime
    reason: DecisionReason
    alerts: tuple[AlertSummary, ...]
    repeated: bool = False

    @property
    def why(self) -> str:
        return self.alerts[0].why or ""


class AlertsOfAccount(Protocol):
    async def of(self, account_id: str) -> Sequence[AlertSummary]: ...

    async def first_looks(self) -> Sequence[AlertSummary]:
        """The newest, of all accounts."""


class MessageTracer:
    """`accounts` are ids by the names that messages call them.

    An e-mail says which notification it is. Slack messages do not: to one address they come account by account in the
    order in which they were decided, so the next that comes is the oldest that has not come.
    """

    def __init__(self, alerting: AlertsOfAccount, accounts: Mapping[str, str]) -> None:
        self._alerting = alerting
        self._accounts = accounts
        self._come: dict[str, DeliveredMessage] = {}

    async def trace(self, message: ReceivedMessage) -> DeliveredMessage:
        """Messages are traced in the order in which they came. Raises `ServerError` for one that is nobody's."""
        account_id = next((known for name, known in self._accounts.items() if name in message.title), None)
        # A message about many accounts names them in its lines alone.
        listed = await (self._alerting.first_looks() if account_id is None else self._alerting.of(account_id))
        begun = _begun(listed, message)
        if not begun:
            raise ServerError(f"alerts knows of no such message: {message.title}")
        fresh = [one for one in begun if one.id not in self._come]
        notification = fresh[0] if fresh else list(begun)[-1]
        delivered = _told(message, notification, begun[notification], repeated=not fresh)
        self._come[notification.id] = delivered
        return delivered


def _begun(listed: Sequence[AlertSummary], message: ReceivedMessage) -> dict[Notification, list[AlertSummary]]:
    """What alerts has begun to send to this address, in the order of its decisions, each with its alerts."""
    found: dict[Notification, list[AlertSummary]] = {}
    for alert in listed:
        for one in alert.notifications:
            if one.address_key == message.lane and one.attempts and message.name in (None, one.id):
                found.setdefault(one, []).append(alert)
    return {one: found[one] for one in sorted(found, key=lambda one: one.decided)}


def _told(
    message: ReceivedMessage,
    notification: Notification,
    alerts: Sequence[AlertSummary],
    *,
    repeated: bool,
) -> DeliveredMessage:
    ordered = sorted(alerts, key=lambda alert: (SEVERITY_RANK[alert.severity], alert.kind != Kind.BAND))
    return DeliveredMessage(
        message=message,
        account_id=ordered[0].account_id,
        notification_id=notification.id,
        at=notification.decided,
        reason=notification.reason,
        alerts=tuple(ordered),
        repeated=repeated,
    )


async def report(
    messages: Arrivals[ReceivedMessage],
    tracer: MessageTracer,
    *,
    delivered: Arrivals[DeliveredMessage],
    tell: Callable[[DeliveredMessage], None],
) -> None:
    """Traces and tells every message as it comes, until cancelled."""
    async for message in messages.each():
        one = await tracer.trace(message)
        tell(one)
        await delivered.add(one)
