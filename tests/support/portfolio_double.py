"""Scoring as the console sees it, without a database: the answers are those of scoring's own types."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import msgspec

from common.contracts.signals import Band
from scoring.api import answers, event_use_answers, portfolio_answers
from scoring.api.kpi_answers import Kpis, as_csv
from scoring.api.parameters import AccountFilterParameters
from scoring.partition.event_use import UnusableReason
from scoring.postgres.queries import AccountStatus
from support.account_double import AccountDouble
from support.kpi_double import kpi_answer

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
TODAY = NOW.date()

SCRIPT = "<script>alert(1)</script>"
OVERRIDE = "\u202egnp.exe\u202c"  # right-to-left override: shown backwards where nothing isolates it
ARABIC = "شركة النور"
JAPANESE = "株式会社東京"
LONG = "Donaudampfschifffahrtsgesellschaft" * 8
FORMULA = '=HYPERLINK("https://elsewhere.example")'


def listed(number: int, **fields: Any) -> answers.Listed:
    """A healthy account of the list, as far as `fields` do not say otherwise."""
    score = 80.0 - number % 60
    usual: dict[str, Any] = {
        "account_id": f"cust-{number:03}",
        "name": f"Customer {number}",
        "tier": ("high", "low", "tech")[number % 3],
        "owner": ("dana@example.com", "eva@example.com")[number % 2],
        "arr": 1_000.0 * (number + 1),
        "contract_end": date(2026, 4, 1) + timedelta(days=number),
        "stage": "adoption",
        "status": AccountStatus.ACTIVE,
        "band": Band.RED if score < 40 else Band.YELLOW if score < 70 else Band.GREEN,
        "score": score,
        "reasons": (answers.Reason("active_seats", -14, "active seats"),),
        "trend": tuple(
            answers.ScoreOnDay(TODAY - timedelta(days=day), min(100.0, score + day)) for day in range(28, -1, -4)
        ),
        "as_of": NOW,
    }
    return answers.Listed(**{**usual, **fields})


HOSTILE = (
    listed(1, name=SCRIPT, owner='"><img src=x onerror=alert(1)>', reasons=(answers.Reason("x", -3, SCRIPT),)),
    listed(2, name=OVERRIDE),
    listed(3, name=ARABIC),
    listed(4, name=JAPANESE),
    listed(5, name=LONG, owner=f"{'o' * 120}@example.com"),
    listed(6, name=FORMULA, parent="@SUM(A1)"),
    listed(7, band=None, score=None, trend=None, reasons=(), error="another version wrote it"),
    listed(8, name=None, owner=None, arr=None, contract_end=None, stage="no such stage", trend=()),
)


EVENT_USES = event_use_answers.EventUses(
    names=(
        event_use_answers.EventNameUse(name="ticket.opened", standard=True, count=0, used_by=("metric tickets",)),
        event_use_answers.EventNameUse(
            name="sesion.started",
            standard=False,
            count=12,
            used_by=(),
            last_seen=NOW,
            account_id=f"{LONG}/{SCRIPT}",
            event_id="e-1",
            nearest="session.started",
        ),
    ),
    unused=12,
    unusable=(
        event_use_answers.UnusableValue(
            metric="nps",
            event="nps.answered",
            property="score",
            reason=UnusableReason.NOT_A_NUMBER,
            count=3,
            last_seen=NOW,
            account_id=OVERRIDE,
            event_id="e-2",
            value=repr(SCRIPT),
        ),
    ),
    card_id="card",
)


class PortfolioDouble:
    """`failing` names paths that answer 503; after `away_after` more requests all do.

    `asked` are the queries of each request, by path. `account` answers about one account.
    """

    def __init__(self, rows: Sequence[answers.Listed]) -> None:
        self.rows = list(rows)
        self.ordered_as_of: datetime | None = NOW
        self.failing: set[str] = set()
        self.away_after: int | None = None
        self.account: AccountDouble | None = None
        self.asked: list[tuple[str, httpx.QueryParams]] = []
        self.transport = httpx.MockTransport(self._answer)

    def last(self, path: str) -> httpx.QueryParams:
        return next(query for asked, query in reversed(self.asked) if asked == path)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path, query = request.url.path, request.url.params
        self.asked.append((path, query))
        if self.away_after is not None:
            self.away_after -= 1
        if path in self.failing or (self.away_after is not None and self.away_after < 0):
            return httpx.Response(503, json={"code": "database_unavailable", "detail": "ask again"})
        if self.account is not None and path.startswith("/v1/accounts/"):
            return self.account.scoring(request)
        answers_: dict[str, Callable[[httpx.QueryParams], Any]] = {
            "/v1/accounts": self._list,
            "/v1/portfolio": self._sums,
            "/v1/events/names": lambda _: EVENT_USES,
            "/v1/kpis": self._kpis,
        }
        answer = answers_.get(path)
        if answer is None:
            return httpx.Response(404, json={"code": "not_found", "detail": "no such path"})
        if query.get("format") == "csv":
            return httpx.Response(200, text=as_csv(self._kpis(query)))
        return httpx.Response(200, content=msgspec.json.encode(answer(query)))

    def _kpis(self, query: httpx.QueryParams) -> Kpis:
        by = query.get("by")
        names = (
            list(dict.fromkeys(getattr(row, by) or "(none)" for row in self.rows)) if by in ("tier", "owner") else []
        )
        return kpi_answer(query, now=NOW, names=names)

    def _matching(self, query: httpx.QueryParams) -> list[answers.Listed]:
        bands, owners = query.get_list("band"), query.get_list("owner")
        ends_from, ends_to = contract_ends(query)
        return [
            row
            for row in self.rows
            if (not bands or row.band in bands)
            and (not owners or (row.owner or "").lower() in owners)
            and (ends_from is None or (row.contract_end is not None and row.contract_end >= ends_from))
            and (ends_to is None or (row.contract_end is not None and row.contract_end <= ends_to))
        ]

    def _list(self, query: httpx.QueryParams) -> answers.Accounts:
        rows, limit, begin = self._matching(query), int(query["limit"]), int(query.get("cursor", "0"))
        page = rows[begin : begin + limit]
        return answers.Accounts(
            accounts=tuple(page),
            total=len(rows),
            limit=limit,
            next_cursor=str(begin + limit) if begin + limit < len(rows) else None,
            as_of=NOW,
            ordered_as_of=self.ordered_as_of,
            held=None,
        )

    def _sums(self, query: httpx.QueryParams) -> portfolio_answers.Portfolio:
        rows = self._matching(query)
        arr = sum(row.arr or 0.0 for row in rows)
        at_risk = sum(row.arr or 0.0 for row in rows if row.band in (Band.RED, Band.YELLOW))
        bands = {
            band: portfolio_answers.BandSums(
                sum(row.band is band for row in rows), sum(row.arr or 0.0 for row in rows if row.band is band)
            )
            for band in Band
        }
        moved = rows[0] if rows else None
        movers = () if moved is None or moved.band is None else (_mover(moved),)
        return portfolio_answers.Portfolio(
            accounts=len(rows),
            arr=arr,
            arr_unknown=sum(row.arr is None for row in rows),
            arr_at_risk=at_risk,
            bands=bands,
            groups=tuple(self._groups(rows, query.get("group_by"))),
            more_groups=False,
            moved=portfolio_answers.PortfolioMoves(NOW - timedelta(days=7), bands, movers),
            as_of=NOW,
            held=None,
        )

    def _groups(self, rows: Sequence[answers.Listed], by: str | None) -> list[portfolio_answers.PortfolioGroup]:
        if by is None:
            return []
        keys = dict.fromkeys(_key(row, by) for row in rows)
        return [self._group(key, [row for row in rows if _key(row, by) == key]) for key in keys]

    def _group(self, key: str | None, rows: Sequence[answers.Listed]) -> portfolio_answers.PortfolioGroup:
        return portfolio_answers.PortfolioGroup(
            key=key,
            name=None,
            accounts=len(rows),
            arr=sum(row.arr or 0.0 for row in rows),
            arr_at_risk=sum(row.arr or 0.0 for row in rows if row.band in (Band.RED, Band.YELLOW)),
            bands={band: sum(row.band is band for row in rows) for band in Band},
        )


def contract_ends(query: httpx.QueryParams) -> tuple[date | None, date | None]:
    """The bounds by scoring's own parameters."""
    names = ("contract_end_from", "contract_end_to", "renewal_within_days", "renewal_overdue")
    asked = AccountFilterParameters.model_validate({name: query[name] for name in names if name in query})
    found = asked.account_filter(today=TODAY, among=None)
    return found.ends_from, found.ends_to


def _key(row: answers.Listed, by: str) -> str | None:
    if by == "renewal_month":
        return None if row.contract_end is None else f"{row.contract_end:%Y-%m}"
    key: str | None = getattr(row, by)
    return key


def _mover(row: answers.Listed) -> portfolio_answers.BandMover:
    return portfolio_answers.BandMover(
        account_id=row.account_id,
        name=row.name,
        owner=row.owner,
        arr=row.arr,
        band=row.band,
        at=NOW - timedelta(days=1),
        before=72.0,
        after=38.0,
        words=f"72 to 38 since 3 March: -14 {row.name}",
    )
