"""What an alert must be to be shown."""

from enum import StrEnum

from msgspec import Struct

from common.contracts.signals import Kind, Severity


class NotificationStatus(StrEnum):
    """Of a message."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


class AlertFilter(Struct, frozen=True, kw_only=True):
    """One of each set that is not empty, and within every bound; `since` and `until` are seconds since the epoch.

    With `receivers`, `told` and `statuses` are about messages to these alone. `owners` are in any case.
    """

    accounts: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    tos: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    stages: tuple[str, ...] = ()
    receivers: tuple[str, ...] = ()
    statuses: tuple[NotificationStatus, ...] = ()
    told: bool | None = None
    acknowledged: bool | None = None
    since: float | None = None
    until: float | None = None
