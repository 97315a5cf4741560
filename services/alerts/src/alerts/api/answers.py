"""The API's answers. Points are 0 to 100, moments are UTC."""

from datetime import datetime

from msgspec import Struct

from alerts.api.filter import NotificationStatus
from alerts.channels.registry import Channel
from alerts.decisions.reasons import DecisionReason, DecisionVerdict
from alerts.routing.destination import Target
from common.contracts.signals import Severity, Signal


class Decision(Struct, frozen=True, kw_only=True):
    """One yes or no, and why; `at` is record time. While a signal waits, and of history, there is no receiver.

    `path` is the route that led there, root first; `notification_id` the message that the signal became part of. `by`
    is who had that message sent again, if they said who they are; `resent` of the message says when.
    """

    at: datetime
    verdict: DecisionVerdict
    reason: DecisionReason
    receiver: str | None
    address_key: str | None
    path: tuple[str, ...]
    notification_id: str | None
    by: str | None = None


class Attempt(Struct, frozen=True, kw_only=True):
    """One try to send. Without an `outcome` it is on its way, or was cut short."""

    n: int
    started: datetime
    ended: datetime | None
    outcome: str | None
    detail: str | None


class Notification(Struct, frozen=True, kw_only=True):
    """One message to one receiver. `channel` and `address` are the way that it takes; a webhook has a name only.

    `due` is when it is tried next, `done` when it was sent, failed or dropped. `held_until` is the record time until
    which it waits, or waited, before it is sent. `maybe_told`: an attempt ended without an answer, so it may have
    arrived. `resent` is when somebody last had it sent again after it had failed, `resent_by` who, if they said it.
    """

    id: str
    receiver: str
    address_key: str
    channel: Channel
    address: str
    reason: DecisionReason
    status: NotificationStatus
    attempts: int
    last_failure: Attempt | None
    maybe_told: bool
    decided: datetime
    due: datetime | None
    held_until: datetime | None
    done: datetime | None
    resent: datetime | None = None
    resent_by: str | None = None


class NotificationDetail(Notification, frozen=True, kw_only=True):
    """With every attempt, the signals in it (the one that heads it first) and the ways that are left, its own first."""

    path: tuple[str, ...]
    signals: tuple[str, ...]
    ways: tuple[Target, ...]
    every_attempt: tuple[Attempt, ...]


class Acknowledgement(Struct, frozen=True, kw_only=True):
    """Somebody has taken an episode in hand. `alert_id` was acknowledged; `severity` is the worst of the episode then.

    What is not worse than that is not told again.
    """

    account_id: str
    episode: str
    alert_id: str
    severity: Severity
    by: str
    note: str | None
    at: datetime


class Resent(Struct, frozen=True, kw_only=True):
    """The messages of an alert that had failed and are decided again; they are sent if they still stand."""

    alert_id: str
    notification_ids: tuple[str, ...]


class AlertSummary(Struct, frozen=True, kw_only=True):
    """One alert of a list. `at` is when it happened, `recorded` when it was told to alerts.

    `kind` is as in the signal; a newer scoring may send others than this document names.
    `told`: a message with it has gone out, to the receivers in `told_to`. `waiting`: it is late, and what still stands
    is decided when scoring has caught up. With an `error` there are no words, decisions or notifications: another
    version wrote them.
    """

    id: str
    account_id: str
    name: str | None = None
    what: str | None = None
    why: str | None = None
    kind: str
    to: str
    severity: Severity
    tier: str | None
    owner: str | None
    stage: str
    at: datetime
    recorded: datetime
    history: bool
    waiting: bool
    episode: str
    told: bool
    told_to: tuple[str, ...] = ()
    acknowledged: bool
    acknowledgement: Acknowledgement | None
    decisions: tuple[Decision, ...] = ()
    notifications: tuple[Notification, ...] = ()
    error: str | None = None


class Alerts(Struct, frozen=True, kw_only=True):
    """The newest first; `next_cursor` is null on the last page."""

    alerts: tuple[AlertSummary, ...]
    next_cursor: str | None


class OwnerAlerts(Struct, frozen=True, kw_only=True):
    """How many alerts one owner has, in lower case; null for alerts of accounts without one. `newest` is as `at`."""

    owner: str | None
    alerts: int
    critical: int
    accounts: int
    newest: datetime


class AlertOwners(Struct, frozen=True, kw_only=True):
    """Whoever has the most critical ones first. `more`: there are further owners."""

    owners: tuple[OwnerAlerts, ...]
    more: bool


class Alert(Struct, frozen=True, kw_only=True):
    """One alert in full: the signal as scoring told it, every decision in order, every message and every attempt.

    `episode_alerts` are the other alerts of the episode, in the order in which they were recorded, the newest 500.
    """

    id: str
    account_id: str
    name: str | None
    what: str
    why: str
    recorded: datetime
    history: bool
    waiting: bool
    told: bool
    told_to: tuple[str, ...]
    acknowledged: bool
    acknowledgement: Acknowledgement | None
    episode: str
    episode_alerts: tuple[str, ...]
    signal: Signal
    decisions: tuple[Decision, ...]
    notifications: tuple[NotificationDetail, ...]
