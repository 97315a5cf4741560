"""What scoring's read API knows of one account, as far as the console asks it. Points are 0 to 100, moments are UTC."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final
from urllib.parse import quote

from msgspec import Struct, field

from common.contracts.signals import Band, Contribution, Facts, Health, MovingEvent, Override, Part
from console.clients.account_lists import EntriesAnswer, EntryRow, PeopleAnswer, TicketsAnswer
from console.clients.delay import ScoresDelay
from console.clients.service_api import ServiceApi

# The most days and signals of one answer: more than two years.
_MOST_DAYS: Final = 800
_MOST_ENTRIES: Final = 200


class RaisedFlag(Struct, frozen=True):
    """`told` is false while it waits for its minimum duration; `count` says for how many it is up."""

    name: str
    since: datetime
    cap: float | None = None
    told: bool = True
    count: int = 1


class MissedStep(Struct, frozen=True):
    step: str
    due: datetime


class WaitingBand(Struct, frozen=True):
    """A worse band that is told at `confirmed_at` if the score stays there; None while a feed is silent."""

    band: Band
    since: datetime
    confirmed_at: datetime | None


class StageAhead(Struct, frozen=True):
    stage: str
    at: datetime


class JourneyNow(Struct, frozen=True):
    """`since` is None where nobody knows it; `next` is what dates alone bring."""

    stage: str
    since: datetime | None
    posted: bool
    next: StageAhead | None
    days_to_renewal: int | None


class SilentFeed(Struct, frozen=True):
    source: str
    since: datetime
    until: datetime | None


class BandLimits(Struct, frozen=True):
    """Below `red` and below `yellow` are those bands; they end `hysteresis` points above. Coverage is 0 to 1."""

    red: float
    yellow: float
    hysteresis: float
    min_coverage: float


class ForecastWords(Struct, frozen=True):
    band: Band
    at: datetime


class MergedInto(Struct, frozen=True):
    account_id: str


class AccountBelow(Struct, frozen=True):
    account_id: str
    name: str | None
    score: float | None
    band: Band | None
    arr: float | None


class AccountsBelow(Struct, frozen=True, kw_only=True):
    """The accounts that name this one as their parent, and those below them."""

    count: int
    churned: int
    arr: float
    arr_at_risk: float
    bands: Mapping[Band, int]
    worst: tuple[AccountBelow, ...]


class AccountNow(Struct, frozen=True, kw_only=True):
    """How an account stands at `as_of`, if it was silent since `clock`.

    Of an id that only other accounts name, as their parent, there are `children` and no health.
    """

    account_id: str
    score: float | None = None
    band: Band | None = None
    band_words: str = ""
    lines: BandLimits | None = None
    override: Override | None = None
    coverage: float = 0.0
    stage: str = ""
    status: str = "active"
    merged_into: MergedInto | None = None
    forecast: ForecastWords | None = None
    flags: tuple[RaisedFlag, ...] = ()
    missed: tuple[MissedStep, ...] = ()
    pending: WaitingBand | None = None
    journey: JourneyNow | None = None
    first_look: datetime | None = None
    on_hold: SilentFeed | None = None
    facts: Facts = field(default_factory=Facts)
    children: AccountsBelow | None = None
    as_of: datetime
    held: ScoresDelay | None = None


class LevelSum(Struct, frozen=True):
    """`score` is `sum`: the reference and all contributions added up."""

    score: float
    reference: float
    contributions: tuple[Contribution, ...]
    sum: float


class LevelAnswer(Struct, frozen=True):
    level: LevelSum
    as_of: datetime


class ScoreDay(Struct, frozen=True):
    """How the score moved within a day of the account's time zone."""

    day: date
    before: float
    after: float
    parts: tuple[Part, ...]
    events: tuple[MovingEvent, ...]


class SignalInHistory(Struct, frozen=True, kw_only=True):
    """What scoring told alerts. `history` if it came of an import and woke nobody."""

    signal_id: str
    kind: str
    severity: str
    to: str
    at: datetime
    before: Health | None
    after: Health
    history: bool


class HistoryAnswer(Struct, frozen=True, kw_only=True):
    """Newest first. `more_` of either lies before the oldest that is shown."""

    days: tuple[ScoreDay, ...]
    more_days: bool
    signals: tuple[SignalInHistory, ...]
    more_signals: bool
    as_of: datetime


class AccountClient:
    """Raises `ApiUnavailable` and `ApiRefused`, with status 404 for an account that nobody knows."""

    def __init__(self, api: ServiceApi) -> None:
        self._api = api

    async def account(self, account_id: str, *, as_of: date | None = None) -> AccountNow:
        return await self._api.get(_path(account_id), AccountNow, _ahead(as_of))

    async def level(self, account_id: str, *, as_of: date | None = None) -> LevelAnswer:
        return await self._api.get(_path(account_id, "/receipts"), LevelAnswer, {"limit": 1, **_ahead(as_of)})

    async def history(self, account_id: str, *, first: date | None, last: date | None) -> HistoryAnswer:
        """The newest days and signals within the bounds, two years of them at least."""
        query: dict[str, str | int] = {"limit": _MOST_DAYS}
        if first is not None:
            query["from"] = first.isoformat()
        if last is not None:
            query["to"] = last.isoformat()
        return await self._api.get(_path(account_id, "/history"), HistoryAnswer, query)

    async def people(self, account_id: str, *, limit: int, cursor: str | None) -> PeopleAnswer:
        return await self._api.get(_path(account_id, "/people"), PeopleAnswer, _page(limit, cursor))

    async def entries(
        self, account_id: str, *, limit: int, cursor: str | None = None, names: Sequence[str] = ()
    ) -> EntriesAnswer:
        """The newest in the log first; without `names` those of every name."""
        query: dict[str, str | int | Sequence[str]] = {**_page(limit, cursor), "name": names}
        return await self._api.get(_path(account_id, "/entries"), EntriesAnswer, query)

    async def every_entry(self, account_id: str, *, names: Sequence[str], most_pages: int) -> list[EntryRow]:
        """All pages, one after the other, the newest in the log first; entries beyond `most_pages` are left out."""
        found, cursor = list[EntryRow](), None
        for _ in range(most_pages):
            page = await self.entries(account_id, limit=_MOST_ENTRIES, cursor=cursor, names=names)
            found += page.entries
            cursor = page.next_cursor
            if cursor is None:
                break
        return found

    async def tickets(self, account_id: str, *, limit: int) -> TicketsAnswer:
        return await self._api.get(_path(account_id, "/tickets"), TicketsAnswer, {"limit": limit})


def _path(account_id: str, rest: str = "") -> str:
    return f"/v1/accounts/{quote(account_id, safe='')}{rest}"


def _ahead(as_of: date | None) -> dict[str, str]:
    return {} if as_of is None else {"as_of": as_of.isoformat()}


def _page(limit: int, cursor: str | None) -> dict[str, str | int]:
    return {"limit": limit} if cursor is None else {"limit": limit, "cursor": cursor}
