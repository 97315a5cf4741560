"""The read API of scoring, as far as the console asks it. Points are 0 to 100, moments are UTC."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final
from urllib.parse import quote

from msgspec import Struct

from common.contracts.signals import Band
from console.clients.delay import ScoresDelay
from console.clients.event_uses import EventUsesAnswer
from console.clients.kpis import KpisAnswer
from console.clients.service_api import Query, ServiceApi

_MOST_ROWS: Final = 500
_EVERY_STATUS: Final = ("active", "leaving", "churned", "merged")


class DayScore(Struct, frozen=True):
    """The score at the end of a day."""

    day: date
    score: float


class ScoreReason(Struct, frozen=True):
    """What lowers or raises a score; `name` is that of a metric or a flag in the card, `words` are English."""

    name: str
    points: int
    words: str


class AccountInList(Struct, frozen=True, kw_only=True):
    """One account of the list; with an `error` it has no health. `trend` is the oldest first."""

    account_id: str
    name: str | None = None
    tier: str | None = None
    owner: str | None = None
    arr: float | None = None
    contract_end: date | None = None
    stage: str | None = None
    status: str
    parent: str | None = None
    band: Band | None = None
    score: float | None = None
    reasons: tuple[ScoreReason, ...] = ()
    trend: tuple[DayScore, ...] | None = None
    as_of: datetime
    error: str | None = None


_ROW_FIELDS: Final = AccountInList.__struct_fields__
"""Whatever else a row of the list has would be computed for nobody."""


class AccountsAnswer(Struct, frozen=True, kw_only=True):
    accounts: tuple[AccountInList, ...]
    total: int
    next_cursor: str | None
    as_of: datetime
    ordered_as_of: datetime | None
    held: ScoresDelay | None = None


class SumsOfBand(Struct, frozen=True):
    accounts: int
    arr: float


class AccountGroup(Struct, frozen=True, kw_only=True):
    """Of one owner, or below one parent; `key` is null for accounts without one."""

    key: str | None
    name: str | None
    accounts: int
    arr: float
    arr_at_risk: float
    bands: Mapping[Band, int]


class MovedRow(Struct, frozen=True, kw_only=True):
    """An account whose band has changed, and how."""

    account_id: str
    name: str | None
    owner: str | None
    arr: float | None
    band: Band | None
    at: datetime
    before: float | None
    after: float
    words: str


class MovedSums(Struct, frozen=True):
    since: datetime
    bands: Mapping[Band, SumsOfBand]
    accounts: tuple[MovedRow, ...]


class PortfolioSums(Struct, frozen=True, kw_only=True):
    accounts: int
    arr: float
    arr_unknown: int
    arr_at_risk: float
    bands: Mapping[Band, SumsOfBand]
    groups: tuple[AccountGroup, ...]
    more_groups: bool
    moved: MovedSums
    as_of: datetime


class ScoresFreshness(Struct, frozen=True):
    total: int
    as_of: datetime
    held: ScoresDelay | None = None


class _AccountId(Struct, frozen=True):
    account_id: str


class _AccountIds(Struct, frozen=True):
    accounts: tuple[_AccountId, ...]
    next_cursor: str | None


class _OwnerFact(Struct, frozen=True):
    owner: str | None = None


class _AccountOwner(Struct, frozen=True):
    facts: _OwnerFact


class ScoringReader:
    """Raises `ApiUnavailable` and `ApiRefused`."""

    def __init__(self, api: ServiceApi) -> None:
        self._api = api

    async def accounts(
        self, filters: Query, *, sort: str, limit: int, trend_days: int, cursor: str | None = None
    ) -> AccountsAnswer:
        """A page of the list. `filters` are the API's own parameters."""
        query: dict[str, str | int | float | Sequence[str]] = {
            **filters,
            "sort": sort,
            "limit": limit,
            "trend_days": trend_days,
            "fields": _ROW_FIELDS,
        }
        if cursor is not None:
            query["cursor"] = cursor
        return await self._api.get("/v1/accounts", AccountsAnswer, query)

    async def every_account(self, filters: Query, *, sort: str, trend_days: int) -> AsyncIterator[AccountInList]:
        """All pages, one after the other."""
        cursor = None
        while True:
            page = await self.accounts(filters, sort=sort, limit=_MOST_ROWS, trend_days=trend_days, cursor=cursor)
            for row in page.accounts:
                yield row
            if page.next_cursor is None:
                return
            cursor = page.next_cursor

    async def portfolio(self, filters: Query, *, group_by: str | None, groups: int, movers: int) -> PortfolioSums:
        """Sums over the accounts of the list, and what has moved this week."""
        query: dict[str, str | int | float | Sequence[str]] = {**filters, "groups": groups, "movers": movers}
        if group_by is not None:
            query["group_by"] = group_by
        return await self._api.get("/v1/portfolio", PortfolioSums, query)

    async def owned_ids(self, owner: str) -> frozenset[str] | None:
        """The accounts that have this owner now, those that have left too. None if they are more than 500."""
        query: Query = {"owner": owner, "status": _EVERY_STATUS, "limit": _MOST_ROWS, "fields": "account_id"}
        answer = await self._api.get("/v1/accounts", _AccountIds, query)
        return None if answer.next_cursor else frozenset(one.account_id for one in answer.accounts)

    async def owner_of(self, account_id: str) -> str | None:
        """Whom the account has as its owner now."""
        answer = await self._api.get(f"/v1/accounts/{quote(account_id, safe='')}", _AccountOwner)
        return answer.facts.owner

    async def event_uses(self, *, limit: int) -> EventUsesAnswer:
        """Which names events had, and what of the card uses them."""
        return await self._api.get("/v1/events/names", EventUsesAnswer, {"limit": limit})

    async def freshness(self) -> ScoresFreshness:
        """Of which moment the scores are."""
        return await self._api.get("/v1/accounts", ScoresFreshness, {"limit": 1})

    async def kpis(self, asked: Query) -> KpisAnswer:
        """KPIs of one or more spans; `asked` are the API's own parameters."""
        return await self._api.get("/v1/kpis", KpisAnswer, asked)

    async def kpis_csv(self, asked: Query) -> bytes:
        """The same as a file for spreadsheets."""
        return await self._api.get_bytes("/v1/kpis", {**asked, "format": "csv"})
