"""What may be asked and sent: every parameter and field with its bounds."""

import base64
from typing import Annotated, Any

from fastapi import Path
from pydantic import AfterValidator, Field, StringConstraints

from alerts.api.filter import AlertFilter, NotificationStatus
from common.contracts.signals import Kind, Severity
from common.query_parameters import End, QueryParameters, Start, Text, bad_parameter, without_nul

_FIRST_SEQ, _LAST_SEQ = 1, 2**63 - 1

AccountId = Annotated[str, StringConstraints(min_length=1, max_length=512), AfterValidator(without_nul)]

AlertId = Annotated[
    str, Path(description="As in a list, and as `signal_id` in scoring.", max_length=200), AfterValidator(without_nul)
]


def _any_of(what: str) -> Any:
    return Field(default=[], max_length=20, description=f"any of these {what}")


class AlertFilterParameters(QueryParameters):
    """Filters hold together; a parameter given several times asks for any of its values."""

    account: list[AccountId] = _any_of("account ids")
    owner: list[Text] = _any_of("owners' e-mail addresses, in any case")
    tier: list[Text] = _any_of("tiers")
    kind: list[Kind] = _any_of("kinds")
    to: list[Text] = _any_of("bands, flags, steps or outcomes")
    severity: list[Severity] = _any_of("severities")
    stage: list[Text] = _any_of("stages")
    receiver: list[Text] = _any_of("receivers: a route led there, whether or not they were told")
    told: bool | None = Field(
        default=None,
        description="whether a message with it has gone out; with `receiver`: to one of these receivers",
    )
    message: list[Text] = _any_of("ids of messages: they tell of it")
    acknowledged: bool | None = Field(default=None, description="whether somebody has taken it in hand")
    open: bool | None = Field(
        default=None,
        description="whether it waits for somebody: it is no history, its episode has not ended with green, and nobody "
        "has taken it in hand",
    )
    status: list[NotificationStatus] = Field(
        default=[],
        max_length=20,
        description="any of these states of a message with it; with `receiver`: to one of these receivers",
    )
    since: Start | None = Field(default=None, description="happened not before this")
    until: End | None = Field(default=None, description="happened not after this; a date is included")

    def wanted(self) -> AlertFilter:
        return AlertFilter(
            accounts=tuple(self.account),
            owners=tuple(self.owner),
            tiers=tuple(self.tier),
            kinds=tuple(self.kind),
            tos=tuple(self.to),
            severities=tuple(self.severity),
            stages=tuple(self.stage),
            receivers=tuple(self.receiver),
            statuses=tuple(self.status),
            messages=tuple(self.message),
            told=self.told,
            acknowledged=self.acknowledged,
            open=self.open,
            since=self.since,
            until=self.until,
        )


class AlertListParameters(AlertFilterParameters):
    limit: int = Field(default=50, ge=1, le=200)
    cursor: Text | None = Field(default=None, description="`next_cursor` of the page before, with the same filters")

    def before(self) -> int | None:
        """The `seq` that ended the page before. Raises the 422 of a cursor that is none of ours."""
        return None if self.cursor is None else _seq(self.cursor)


class AlertOwnersParameters(AlertFilterParameters):
    limit: int = Field(default=200, ge=1, le=500, description="at most so many owners")


Person = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(without_nul)
]
_WHO = "who they are, for people to read: an e-mail address or a name"


class Acknowledge(QueryParameters):
    """Who takes the alert's episode in hand. Until something worse comes, nobody is told of it again."""

    by: Person = Field(description=_WHO, examples=["dana@example.com"])
    note: (
        Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000), AfterValidator(without_nul)] | None
    ) = Field(default=None, description="what they will do, or why nothing is to be done")


class Resend(QueryParameters):
    """Who has the alert's failed messages sent again."""

    by: Person | None = Field(default=None, description=_WHO, examples=["dana@example.com"])


def cursor(seq: int) -> str:
    """Opaque, so that nobody counts on what is in it."""
    return base64.urlsafe_b64encode(str(seq).encode()).decode().rstrip("=")


def _seq(text: str) -> int:
    try:
        seq = int(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii"))
    except ValueError:  # binascii.Error and UnicodeDecodeError are ValueErrors
        seq = 0
    if not _FIRST_SEQ <= seq <= _LAST_SEQ or cursor(seq) != text:
        raise bad_parameter("query.cursor", "cursor", "is not a `next_cursor` of an answer")
    return seq
