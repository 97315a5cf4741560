"""A list with some fields of each account: whoever shows a few of them need not have the others computed."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from scoring.api.answers import Accounts
from scoring.api.delay import Delay


class ListedField(StrEnum):
    """What a row of the list has."""

    ACCOUNT_ID = "account_id"
    NAME = "name"
    TIER = "tier"
    OWNER = "owner"
    ARR = "arr"
    CONTRACT_END = "contract_end"
    STAGE = "stage"
    STATUS = "status"
    PARENT = "parent"
    BAND = "band"
    SCORE = "score"
    OVERRIDE = "override"
    COVERAGE = "coverage"
    DRIVERS = "drivers"
    REASONS = "reasons"
    TREND = "trend"
    FORECAST = "forecast"
    AS_OF = "as_of"
    ERROR = "error"


FACT_FIELDS: Final = frozenset([
    ListedField.ACCOUNT_ID, ListedField.NAME, ListedField.TIER, ListedField.OWNER, ListedField.ARR,
    ListedField.CONTRACT_END, ListedField.STATUS, ListedField.PARENT,
])  # fmt: skip
"""The fields that need no state of the account."""


class AccountFields(Struct, frozen=True, kw_only=True):
    """As `Accounts`; of each account the `fields` that were asked for."""

    accounts: tuple[dict[str, Any], ...]
    total: int
    limit: int
    next_cursor: str | None
    as_of: datetime
    ordered_as_of: datetime | None
    held: Delay | None


def fields_only(answer: Accounts, fields: Sequence[ListedField]) -> AccountFields:
    return AccountFields(
        accounts=tuple({field.value: getattr(row, field) for field in fields} for row in answer.accounts),
        total=answer.total,
        limit=answer.limit,
        next_cursor=answer.next_cursor,
        as_of=answer.as_of,
        ordered_as_of=answer.ordered_as_of,
        held=answer.held,
    )
