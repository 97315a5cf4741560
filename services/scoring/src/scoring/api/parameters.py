"""The query parameters with their bounds, and the problem for a value outside of them."""

import re
from collections.abc import Collection
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import unquote_to_bytes

from fastapi import Path
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from common.contracts.signals import Band
from common.query_parameters import (
    FIRST_DATE,
    LAST_DATE,
    DateOrMoment,
    QueryParameters,
    Start,
    Text,
    bad_parameter,
    without_nul,
)
from scoring.api.account_reader import MAX_AHEAD
from scoring.api.cursor import Cursor, InvalidCursor, decode_cursor, decode_entry_cursor, decode_person_cursor
from scoring.api.listed_fields import ListedField
from scoring.health import Stage
from scoring.kpis.entry_source import EntryPlace
from scoring.postgres.people import PersonPlace
from scoring.postgres.queries import AccountFilter, AccountStatus
from scoring.postgres.sort_orders import Sort

ID_CHARS = 512
# With the most accounts of a page that is 15,500 rows, of which only three numbers are read.
MOST_TREND_DAYS = 31
CUSTOMERS = (AccountStatus.ACTIVE, AccountStatus.LEAVING)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# An account id and the beginning of a name, in base64.
CursorText = Annotated[str, StringConstraints(min_length=1, max_length=4_096)]
AccountIdText = Annotated[str, StringConstraints(min_length=1, max_length=ID_CHARS), AfterValidator(without_nul)]
CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Cohort = Annotated[str, StringConstraints(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
Amount = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]


def _require_date_text(value: Any) -> Any:
    """Otherwise Pydantic takes a number for seconds since the epoch."""
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError("is a date (2026-01-31)")
    return value


Day = Annotated[date, BeforeValidator(_require_date_text), Field(ge=FIRST_DATE, le=LAST_DATE)]


class PointsParameters(QueryParameters):
    exact: bool = Field(
        default=False, description="scores and points as they are computed; without it to a tenth, without what is less"
    )


class AccountFilterParameters(QueryParameters):
    """Filters hold together; a parameter given several times asks for any of its values."""

    band: list[Band] = Field(default=[], max_length=20, description="any of these bands, as told")
    status: list[AccountStatus] = Field(
        default=[], max_length=20, description="any of these; without it, who is active or leaving"
    )
    tier: list[Text] = Field(default=[], max_length=20, description="any of these tiers")
    country: list[CountryCode] = Field(
        default=[], max_length=20, description="any of these countries: two letters of ISO 3166"
    )
    owner: list[Text] = Field(
        default=[], max_length=20, description="any of these owners' e-mail addresses, in any case"
    )
    parent: list[AccountIdText] = Field(
        default=[], max_length=20, description="accounts that name any of these ids as their parent"
    )
    stage: list[Stage] = Field(default=[], max_length=20, description="any of these stages")
    segment: list[Text] = Field(default=[], max_length=20, description="any of these segments")
    cohort: list[Cohort] = Field(
        default=[], max_length=120, description="customers who began in any of these months, as KPIs have them"
    )
    min_arr: Amount | None = Field(default=None, description="accounts without a known ARR are left out")
    max_arr: Amount | None = Field(default=None, description="accounts without a known ARR are left out")
    contract_end_from: Day | None = Field(default=None, description="the contract ends on this day or later")
    contract_end_to: Day | None = Field(default=None, description="the contract ends on this day or earlier")
    renewal_within_days: int | None = Field(
        default=None, ge=0, le=3660, description="the contract ends within so many days from today"
    )
    renewal_overdue: bool = Field(
        default=False,
        description="the contract ended before today; of who is active or leaving, no event says that it was renewed "
        "or that they left",
    )
    starts_with: Text | None = Field(default=None, description="beginning of the name or the id, in any case")

    def account_filter(self, *, today: date, among: Collection[str] | None) -> AccountFilter:
        """`among` are the accounts of the cohorts; None without that filter."""
        ends_from, ends_to = self.contract_end_from, self.contract_end_to
        if self.renewal_within_days is not None:
            last = today + timedelta(days=self.renewal_within_days)
            ends_from = max(ends_from or today, today)
            ends_to = min(ends_to or last, last)
        if self.renewal_overdue:
            yesterday = today - timedelta(days=1)
            ends_to = min(ends_to or yesterday, yesterday)
        return AccountFilter(
            bands=tuple(self.band),
            statuses=tuple(self.status) or CUSTOMERS,
            tiers=tuple(self.tier),
            countries=tuple(self.country),
            owners=tuple(self.owner),
            stages=tuple(self.stage),
            segments=tuple(self.segment),
            parents=tuple(self.parent),
            min_arr=self.min_arr,
            max_arr=self.max_arr,
            ends_from=ends_from,
            ends_to=ends_to,
            starts_with=self.starts_with,
            among=None if among is None else tuple(among),
        )


class AccountListParameters(AccountFilterParameters, PointsParameters):
    sort: Sort = Field(default=Sort.SCORE, description="ascending: the worst first; with a minus descending")
    limit: int = Field(default=50, ge=1, le=500)
    cursor: CursorText | None = Field(
        default=None, description="`next_cursor` of the page before, with the same filters and the same order"
    )
    trend_days: int = Field(
        default=0, ge=0, le=MOST_TREND_DAYS, description="also the scores of so many days back, as `trend`"
    )

    fields: list[ListedField] = Field(
        default=[],
        max_length=len(ListedField),
        description="only these fields of each account, all by default; without `forecast` a row takes half the time, "
        "and with nothing but facts no account is computed",
    )

    def decoded_cursor(self) -> Cursor | None:
        """Where the page before ended. Raises a 422 for an invalid cursor, or one of another order."""
        if self.cursor is None:
            return None
        try:
            found = decode_cursor(self.cursor)
        except InvalidCursor as error:
            raise bad_parameter("query.cursor", "cursor", "is not a `next_cursor` of an answer") from error
        if found.order.sort is not self.sort:
            detail = f"is of a list that is sorted by {found.order.sort.value}"
            raise bad_parameter("query.cursor", "other_order", detail)
        return found


class GroupBy(StrEnum):
    OWNER = "owner"
    PARENT = "parent"
    RENEWAL_MONTH = "renewal_month"


class PortfolioParameters(AccountFilterParameters):
    group_by: GroupBy | None = Field(
        default=None, description="also the sums of each owner, of each parent, or of each month in which contracts end"
    )
    groups: int = Field(default=100, ge=1, le=500, description="at most so many groups")
    moved_days: int = Field(default=7, ge=1, le=31, description="what has moved within so many days")
    movers: int = Field(default=10, ge=0, le=50, description="at most so many accounts that have moved")


class AccountParameters(PointsParameters):
    as_of: Start | None = Field(
        default=None, description=f"look ahead, at most {MAX_AHEAD.days} days: how it would read then in silence"
    )


class HistoryParameters(PointsParameters):
    since: DateOrMoment | None = Field(
        default=None, alias="from", description="not older than this; a date is a day in the account's time zone"
    )
    until: DateOrMoment | None = Field(
        default=None,
        alias="to",
        description="not newer than this; a date is a day in the account's time zone, and included",
    )
    limit: int = Field(default=90, ge=1, le=800, description="at most so many days, and so many signals")


class ReceiptParameters(AccountParameters):
    limit: int = Field(default=20, ge=1, le=100, description="at most so many signals")


class PeopleParameters(QueryParameters):
    limit: int = Field(default=50, ge=1, le=500, description="at most so many people")
    cursor: CursorText | None = Field(default=None, description="`next_cursor` of the page before")

    def after(self) -> PersonPlace | None:
        """Whom the page before ended with. Raises a 422 for an invalid cursor."""
        if self.cursor is None:
            return None
        try:
            return decode_person_cursor(self.cursor)
        except InvalidCursor as error:
            raise bad_parameter("query.cursor", "cursor", "is not a `next_cursor` of an answer") from error


class EntryParameters(QueryParameters):
    name: list[Text] = Field(default=[], max_length=20, description="entries of any of these names")
    limit: int = Field(default=50, ge=1, le=200, description="at most so many entries")
    cursor: CursorText | None = Field(default=None, description="`next_cursor` of the page before, with the same names")

    def before(self) -> EntryPlace | None:
        """What the page before ended with. Raises a 422 for an invalid cursor."""
        if self.cursor is None:
            return None
        try:
            return decode_entry_cursor(self.cursor)
        except InvalidCursor as error:
            raise bad_parameter("query.cursor", "cursor", "is not a `next_cursor` of an answer") from error


class TicketParameters(QueryParameters):
    limit: int = Field(default=50, ge=1, le=500, description="at most so many tickets")


class EventNameParameters(QueryParameters):
    limit: int = Field(default=500, ge=1, le=2000, description="at most so many names, and so many unusable values")


def account_id(
    account_id: Annotated[str, Path(description="Any characters; percent-encoded, slashes too.", examples=["acme"])],
) -> str:
    """The id that was percent-encoded in the path."""
    try:
        decoded = unquote_to_bytes(account_id.encode("latin-1")).decode()
    except UnicodeDecodeError:
        raise bad_parameter("path.account_id", "encoding", "is not UTF-8") from None
    if "\0" in decoded:
        raise bad_parameter("path.account_id", "nul", "must not contain the character NUL")
    if len(decoded) > ID_CHARS:
        raise bad_parameter("path.account_id", "too_long", f"has more than {ID_CHARS} characters")
    return decoded
