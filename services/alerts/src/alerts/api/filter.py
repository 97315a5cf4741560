"""The filters of a list of alerts."""

from enum import StrEnum

from msgspec import Struct

from common.contracts.signals import Kind, Severity


class NotificationStatus(StrEnum):
    """Of a message; a held one waits for a timer."""

    HELD = "held"
    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


class AlertFilter(Struct, frozen=True, kw_only=True):
    """An alert matches one value of each set that is not empty, and every bound; bounds are seconds since the epoch.

    With `receivers`, `told` and `statuses` are about messages to these alone. `owners` match in any case.
    `open`: see `AlertListParameters`.
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
    messages: tuple[str, ...] = ()
    told: bool | None = None
    acknowledged: bool | None = None
    open: bool | None = None
    since: float | None = None
    until: float | None = None
