"""What `GET /v1/portfolio` answers, as it goes over the wire. Moments are UTC."""

from datetime import datetime

from msgspec import Struct

from common.contracts.signals import Band
from scoring.api.delay import Delay


class BandSums(Struct, frozen=True):
    """How many accounts have a band, and their ARR, as far as it is known."""

    accounts: int
    arr: float


class PortfolioGroup(Struct, frozen=True, kw_only=True):
    """The accounts of one owner, below one parent, or whose contracts end in one month (`2026-03`).

    `key` is the filter's value, or the month; null for those without one.
    """

    key: str | None
    name: str | None
    accounts: int
    arr: float
    arr_at_risk: float
    bands: dict[Band, int]


class BandMover(Struct, frozen=True, kw_only=True):
    """An account whose band has changed: the last time it did, and what moved it."""

    account_id: str
    name: str | None
    owner: str | None
    arr: float | None
    band: Band | None
    at: datetime
    before: float | None
    after: float
    words: str


class PortfolioMoves(Struct, frozen=True):
    """The accounts whose band has changed since then, by the band that they have now; `accounts` are the worst."""

    since: datetime
    bands: dict[Band, BandSums]
    accounts: tuple[BandMover, ...]


class Portfolio(Struct, frozen=True, kw_only=True):
    """Sums over the accounts that match the filters. `arr_at_risk` is the ARR of red and yellow ones.

    `arr_unknown` have no known ARR, and are in no sum of it. `groups` are there if they were asked for, those with the
    most ARR at risk first; `more_groups` if there are more than were asked for.
    """

    accounts: int
    arr: float
    arr_unknown: int
    arr_at_risk: float
    bands: dict[Band, BandSums]
    groups: tuple[PortfolioGroup, ...]
    more_groups: bool
    moved: PortfolioMoves
    as_of: datetime
    held: Delay | None
