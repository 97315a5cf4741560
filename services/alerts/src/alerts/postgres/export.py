"""Which rows of the tables of alerts are of an account."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import ARRAY, ColumnElement, Select, Text, any_, case, exists, func, null, or_, select

from alerts.postgres.decision_statements import TimerKind
from alerts.postgres.schema import (
    account_facts,
    acknowledgement,
    alert,
    attempt,
    decision,
    erased,
    gathered,
    gathering,
    notification,
    timer,
)
from common.exports.subject import ACCOUNT, PSEUDONYM, is_one_of, says_user
from common.exports.tables import ExportedTable

_ALERTS: Final = select(alert.c.signal_id).where(alert.c.account_id == ACCOUNT)
_NAMING_USER: Final = _ALERTS.where(says_user(alert.c.body))
_GATHERINGS: Final = select(gathered.c.gathering_id).where(gathered.c.account_id == ACCOUNT)
_ABOUT_MANY: Final = notification.c.account_id == ""
_MESSAGES: Final = or_(notification.c.account_id == ACCOUNT, is_one_of(notification.c.gathering_id, _GATHERINGS))


def _messages_naming_user() -> ColumnElement[bool]:
    of_user = (alert.c.account_id == ACCOUNT, says_user(alert.c.body))
    own = exists().where(*of_user, alert.c.signal_id == any_(notification.c.signals))
    others = _GATHERINGS.where(gathered.c.signal_id.in_(_NAMING_USER))
    return or_(own, notification.c.gathering_id.in_(others))


def _signals_of_account() -> ColumnElement[Any]:
    """The signals of a message, without those of other accounts in a message about many."""
    told = func.unnest(notification.c.signals).column_valued("told")
    own = select(told).where(told.in_(_ALERTS)).correlate(notification).scalar_subquery()
    return case((_ABOUT_MANY, func.array(own, type_=ARRAY(Text))), else_=notification.c.signals)


_SHOWN: Final[Mapping[str, ColumnElement[Any] | None]] = {
    "signals": _signals_of_account(),
    # The summary of a message about many accounts adds up all of them.
    "summary": case((_ABOUT_MANY, null()), else_=notification.c.summary),
    # Whoever has the token may write the outcome of an attempt that is under way.
    "lease_token": None,
}
_OF_USER_IN_MESSAGES: Final = select(notification.c.notification_id).where(_MESSAGES, _messages_naming_user())

EXPORTED: Final = (
    ExportedTable(
        table=alert,
        where=alert.c.account_id == ACCOUNT,
        order=("seq",),
        of_user=says_user(alert.c.body),
    ),
    ExportedTable(
        table=decision,
        where=decision.c.signal_id.in_(_ALERTS),
        order=("signal_id", "seq"),
        of_user=decision.c.signal_id.in_(_NAMING_USER),
    ),
    ExportedTable(
        table=notification,
        where=_MESSAGES,
        order=("seq",),
        of_user=_messages_naming_user(),
        shown=_SHOWN,
    ),
    ExportedTable(
        table=attempt,
        where=attempt.c.notification_id.in_(select(notification.c.notification_id).where(_MESSAGES)),
        order=("notification_id", "n"),
        of_user=attempt.c.notification_id.in_(_OF_USER_IN_MESSAGES),
    ),
    ExportedTable(
        table=acknowledgement,
        where=acknowledgement.c.account_id == ACCOUNT,
        order=("episode",),
        of_user=acknowledgement.c.signal_id.in_(_NAMING_USER),
    ),
    ExportedTable(table=account_facts, where=account_facts.c.account_id == ACCOUNT, order=("account_id",)),
    ExportedTable(
        table=timer,
        where=(timer.c.kind == TimerKind.ACCOUNT.value) & (timer.c.subject == ACCOUNT),
        order=("kind", "subject"),
    ),
    ExportedTable(table=gathering, where=gathering.c.gathering_id.in_(_GATHERINGS), order=("kind", "address_key")),
    ExportedTable(table=gathered, where=gathered.c.account_id == ACCOUNT, order=("gathering_id",)),
    ExportedTable(table=erased, where=erased.c.pseudonym == PSEUDONYM, order=("partition", "erased_at")),
)

NOT_EXPORTED: Final = {
    "progress": "how far partitions were read: nothing of an account",
    "erased_signal": "ids of erased signals, which no longer say of which account they were",
    "api_key": "keys of programs that ask: nothing of an account",
    "schema_version": "the version of the tables",
}
"""The other tables, and why nothing of theirs belongs into an export."""


def merged_into() -> Select[Any]:
    into = account_facts.c.facts["merged_into"].as_string()
    return select(into).where(account_facts.c.account_id == ACCOUNT)
