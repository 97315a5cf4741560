"""Selects the rows of ingest's tables that belong to an account, for its export."""

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Text, case, cast, func, literal, null, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, JSON, array
from sqlalchemy.ext.asyncio import AsyncEngine

from common.erasures.erasure_key import ErasureKey
from common.exports.account_exports import AccountExports, PostgresExportLookup
from common.exports.subject import ACCOUNT, PSEUDONYM, USER, is_one_of, mentions
from common.exports.tables import ExportedTable, TableSection
from ingest.schema import (
    alias,
    erasure,
    identity,
    reject,
    stripe_customer,
    stripe_delivery,
    stripe_subscription,
    stripe_told,
)

_PATIENCE: Final = 10.0  # seconds for a page
_ACCOUNTS: Final = cast(array([ACCOUNT]), ARRAY(Text))
_CUSTOMERS: Final = select(stripe_customer.c.id).where(stripe_customer.c.account_id == ACCOUNT)


def _json(body: ColumnElement[bytes]) -> ColumnElement[Any]:
    return cast(func.convert_from(body, "UTF8"), JSON)


def _told_keys() -> ColumnElement[bool]:
    """Whether the key is of the account or of one of its customers, as `account_key` makes keys."""
    of_customers = select(literal("customer ", Text).concat(stripe_customer.c.id)).where(
        stripe_customer.c.account_id == ACCOUNT
    )
    return or_(
        stripe_told.c.key == literal("account ", Text).concat(ACCOUNT), is_one_of(stripe_told.c.key, of_customers)
    )


_OF_ONE_ACCOUNT: Final = func.cardinality(stripe_delivery.c.account_ids) == 1

EXPORTED: Final = (
    ExportedTable(
        table=identity,
        where=identity.c.account_id == ACCOUNT,
        order=("space", "id"),
        of_user=identity.c.id == USER,
    ),
    ExportedTable(
        table=alias,
        where=or_(alias.c.account_id == ACCOUNT, alias.c.into_id == ACCOUNT),
        order=("account_id",),
    ),
    ExportedTable(
        table=reject,
        where=or_(reject.c.message_id == ACCOUNT, mentions(reject.c.errors, "account")),
        order=("id",),
        of_user=or_(reject.c.message_id == USER, mentions(reject.c.errors, "user")),
    ),
    ExportedTable(table=stripe_customer, where=stripe_customer.c.account_id == ACCOUNT, order=("webhook", "id")),
    ExportedTable(
        table=stripe_subscription,
        where=or_(stripe_subscription.c.account_id == ACCOUNT, is_one_of(stripe_subscription.c.customer, _CUSTOMERS)),
        order=("webhook", "id"),
        shown={"body": _json(stripe_subscription.c.body)},
    ),
    ExportedTable(table=stripe_told, where=_told_keys(), order=("webhook", "key")),
    ExportedTable(
        table=stripe_delivery,
        where=stripe_delivery.c.account_ids.contains(_ACCOUNTS),
        order=("webhook", "message_id"),
        # A message that moved a customer between accounts names the other account, too.
        shown={
            "account_ids": _ACCOUNTS,
            "body": case((_OF_ONE_ACCOUNT, _json(stripe_delivery.c.body)), else_=null()),
        },
    ),
    ExportedTable(table=erasure, where=erasure.c.pseudonym == PSEUDONYM, order=("erasure_id",)),
)

NOT_EXPORTED: Final = {
    "source_hour": "how much a source sent by the hour: nothing of an account",
    "source_refusal": "how much of it was refused, by reason",
    "source_state": "whether a source is silent",
    "announcement_outbox": "pauses of sources that scoring has not heard of yet",
    "api_key": "keys of programs that post: nothing of an account",
    "schema_version": "the version of the tables",
}
"""The other tables, and why nothing of theirs belongs into an export."""


def ingest_exports(engine: AsyncEngine, *, key: ErasureKey | None) -> AccountExports:
    return AccountExports(
        "ingest",
        [TableSection(one, engine, service="ingest", patience=_PATIENCE) for one in EXPORTED],
        lookup=PostgresExportLookup(
            engine, service="ingest", erasures="erasure", merged=_merged_into(), patience=_PATIENCE
        ),
        key=key,
        now=lambda: datetime.now(UTC),
    )


def row_schemas() -> dict[str, dict[str, Any]]:
    """By section, for the OpenAPI document."""
    return {one.name: one.row_schema() for one in EXPORTED}


def _merged_into() -> Select[tuple[str]]:
    return select(alias.c.into_id).where(alias.c.account_id == ACCOUNT)
