"""Which rows of scoring's tables are of an account. The table `state` is told by the core: `api/export.py`."""

from typing import Final

from sqlalchemy import ColumnElement, Select, Text, case, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSON

from common.exports.subject import ACCOUNT, PSEUDONYM, USER, says_user
from common.exports.tables import ExportedTable
from scoring.postgres.schema import (
    account,
    day,
    erased,
    event_name,
    kpi_entry,
    outbox,
    person,
    ranking,
    signal,
    timer,
    unusable_value,
)


def _outbox_is_of_account() -> ColumnElement[bool]:
    """By the same rule as an erasure: changed facts have no key, and a dead letter may not be JSON."""
    written = cast(func.convert_from(outbox.c.value, "UTF8"), JSON)
    told = case((outbox.c.topic == literal("signals", Text), written.op("->>")("account_id") == ACCOUNT))
    return or_(outbox.c.key == func.convert_to(ACCOUNT, "UTF8"), case((outbox.c.key.is_(None), told)))


EXPORTED: Final = (
    ExportedTable(table=account, where=account.c.account_id == ACCOUNT, order=("account_id",)),
    ExportedTable(
        table=person,
        where=person.c.account_id == ACCOUNT,
        order=("user_id",),
        of_user=person.c.user_id == USER,
    ),
    ExportedTable(table=day, where=day.c.account_id == ACCOUNT, order=("day",)),
    ExportedTable(
        table=signal,
        where=signal.c.account_id == ACCOUNT,
        order=("at", "signal_id"),
        of_user=says_user(signal.c.body),
    ),
    ExportedTable(
        table=kpi_entry,
        where=kpi_entry.c.account_id == ACCOUNT,
        order=("partition", "seq", "n"),
        of_user=kpi_entry.c.person == func.convert_to(USER, "UTF8"),
    ),
    ExportedTable(table=timer, where=timer.c.account_id == ACCOUNT, order=("partition",)),
    ExportedTable(table=ranking, where=ranking.c.account_id == ACCOUNT, order=("ranking_id",)),
    ExportedTable(table=outbox, where=_outbox_is_of_account(), order=("partition", "seq", "n")),
    ExportedTable(table=event_name, where=event_name.c.account_id == ACCOUNT, order=("name",)),
    ExportedTable(
        table=unusable_value,
        where=unusable_value.c.account_id == ACCOUNT,
        order=("metric", "event", "property", "reason"),
    ),
    ExportedTable(table=erased, where=erased.c.pseudonym == PSEUDONYM, order=("partition", "erased_at")),
)

NOT_EXPORTED: Final = {
    "journal": "how far partitions were read, and the scorecard: nothing of an account",
    "erased_kpi_entry": "amounts and dates of erased accounts, under ids of erasures",
    "seen": "hashes of event ids, which say neither which account nor which event",
    "finished_ranking": "when rankings were made: nothing of an account",
    "announcement": "records about everybody",
    "applied": "which of these took effect in a partition",
    "feed_pause": "pauses of sources",
    "heartbeat": "what workers report on partitions",
    "api_key": "keys of programs that ask: nothing of an account",
    "schema_version": "the version of the tables",
}
"""The other tables, and why nothing of theirs belongs into an export."""


def merged_into() -> Select[tuple[str | None]]:
    return select(account.c.merged_into).where(account.c.account_id == ACCOUNT)
