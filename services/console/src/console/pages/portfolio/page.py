"""The portfolio: ARR at risk and what moved this week, then the accounts, fifty to a page."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from msgspec import Struct
from starlette.responses import StreamingResponse

from common.contracts.signals import Band
from console.clients.asking import Asking
from console.clients.scoring import AccountInList, AccountsAnswer, PortfolioSums
from console.errors import ServiceName
from console.languages.card_names import CardNames
from console.languages.formats import Formats
from console.pages.portfolio import spark_line
from console.pages.portfolio.csv_rows import csv_text
from console.pages.portfolio.texts import PORTFOLIO_TEXTS, PortfolioTexts
from console.pages.portfolio.view import CSV_PATH, CUSTOMERS, PATH, ROWS, STAGES, TIERS, PortfolioView, view_of
from console.web.addresses import account_address
from console.web.notices import away_notices, delay_notices
from console.web.page import ConsolePage, PageParts
from console.web.view import view_in_address
from console.web.visit import Visit

# The worst first, as everywhere.
_BANDS: Final = (Band.RED, Band.YELLOW, Band.GREEN, Band.INSUFFICIENT)
_BY_SCORE: Final = ("score", "-score")
_OLD_ORDER: Final = timedelta(minutes=1)
_GROUPS: Final = 200
_MOVERS: Final = 8
_MOST_REASON: Final = 200


class ShownRow(Struct, frozen=True, kw_only=True):
    """One line of the table, in the words of the page's language.

    `renewal_days` are below 0 if the renewal is `overdue`: the contract is over, and the account is still a customer.
    """

    name: str
    address: str
    status: str | None
    error: bool
    band: Band | None
    score: float | None
    path: str
    end: tuple[float, float] | None
    trend_words: str
    change: float | None
    arr: float | None
    renewal: date | None
    renewal_days: int | None
    overdue: bool
    owner: str | None
    stage: str
    reason: str


class PortfolioContent(Struct, frozen=True):
    """What the page shows. `sums` or `listed` is None if scoring did not answer, `listed` in groups too."""

    view: PortfolioView
    sums: PortfolioSums | None
    listed: AccountsAnswer | None
    away: tuple[ServiceName, ...]


class RowRange(Struct, frozen=True):
    first: int
    last: int


def routes(parts: PageParts) -> APIRouter:
    router = APIRouter()
    signed_in = Depends(parts.visits.signed_in)

    @router.get(PATH)
    async def portfolio(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        view = view_in_address(view_of, request)
        asking = Asking()
        sums, listed = await asyncio.gather(asking.of(_sums(parts, view)), asking.of(_listed(parts, view)))
        # Both come from scoring: without either there is nothing to show.
        asking.check(sums, listed)
        return _page(parts, request, visit, PortfolioContent(view, sums, listed, asking.away))

    @router.get(CSV_PATH)
    async def portfolio_csv(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        view = view_in_address(view_of, request)
        rows = parts.scoring.every_account(view.filters, sort=view.sort, trend_days=spark_line.DAYS)
        # Asked before the answer begins, so that a service that is away is still answered with a page.
        text = csv_text(await _begun(rows))
        headers = {"content-disposition": 'attachment; filename="portfolio.csv"'}
        return StreamingResponse(text, headers=headers, media_type="text/csv; charset=utf-8")

    return router


PORTFOLIO = ConsolePage(
    path=PATH, titles={locale: texts.title for locale, texts in PORTFOLIO_TEXTS.items()}, routes=routes
)


def _page(parts: PageParts, request: Request, visit: Visit, content: PortfolioContent) -> Response:
    locale, view, listed = visit.locale, content.view, content.listed
    text, names, formats = PORTFOLIO_TEXTS[locale], parts.names, parts.renderer.formats(locale)
    first = (view.page - 1) * ROWS + 1
    accounts = [] if listed is None else _in_order(listed.accounts, view.sort)
    return parts.renderer.page(
        "pages/portfolio/portfolio.html",
        request,
        visit,
        text=text,
        view=view,
        sums=content.sums,
        listed=listed,
        order=None if listed is None else _order_of(listed, view.sort, text, formats),
        rows=[_row(one, text, names, formats) for one in accounts],
        range=RowRange(first, first + len(accounts) - 1),
        next=None if listed is None or listed.next_cursor is None else view.next_address(listed.next_cursor),
        previous=view.previous_address(),
        notices=[*away_notices(content.away, formats), *delay_notices(content.listed, formats)],
        bands=_BANDS,
        band_choices={band.value: text.bands[band] for band in _BANDS},
        tier_choices={tier: names.of("tiers", tier, locale) for tier in (*TIERS, *_others(view.tier, TIERS))},
        stage_choices={stage: names.of("stages", stage, locale) for stage in STAGES},
        form_action=PATH,
        csv_path=CSV_PATH,
    )


def _in_order(accounts: Sequence[AccountInList], sort: str) -> list[AccountInList]:
    """Within the page by the scores that it shows: scoring lists accounts by their scores of some seconds ago."""
    if sort not in _BY_SCORE:
        return list(accounts)
    sign = -1.0 if sort.startswith("-") else 1.0
    return sorted(accounts, key=lambda one: (one.score is None, sign * (one.score or 0.0)))


def _order_of(listed: AccountsAnswer, sort: str, text: PortfolioTexts, formats: Formats) -> str | None:
    """Of which moment the order of all pages is, if that is not about now. It takes a while for many accounts."""
    if sort not in _BY_SCORE:
        return None
    if listed.ordered_as_of is None:
        return text.no_order
    is_old = listed.as_of - listed.ordered_as_of > _OLD_ORDER
    return text.order_of.format(formats.moment(listed.ordered_as_of)) if is_old else None


def _row(row: AccountInList, text: PortfolioTexts, names: CardNames, formats: Formats) -> ShownRow:
    trend, today = row.trend or (), row.as_of.date()
    path = spark_line.path_of(trend, today=today)
    reason = row.reasons[0] if row.reasons else None
    days = None if row.contract_end is None else (row.contract_end - today).days
    # Who has left or was merged has nothing to decide.
    overdue = days is not None and days < 0 and row.status in CUSTOMERS
    words = ""
    if reason is not None:
        named = names.reason(reason.name, formats.locale, otherwise=reason.words)
        words = f"{named[:_MOST_REASON]} ({formats.signed(reason.points)})"
    return ShownRow(
        name=row.name or row.account_id,
        address=account_address(row.account_id),
        status=None if row.status == "active" else text.statuses.get(row.status, row.status),
        error=row.error is not None or row.band is None,
        band=row.band,
        score=row.score,
        path=path,
        end=spark_line.end_of(trend, today=today),
        trend_words=_trend_words(row, text, formats) if path else "",
        change=spark_line.change(trend, today=today),
        arr=row.arr,
        renewal=row.contract_end,
        renewal_days=days if days is not None and (days >= 0 or overdue) else None,
        overdue=overdue,
        owner=row.owner,
        stage="" if row.stage is None else names.of("stages", row.stage, formats.locale),
        reason=words,
    )


def _trend_words(row: AccountInList, text: PortfolioTexts, formats: Formats) -> str:
    """What the line shows, for those who do not see it."""
    trend = row.trend or ()
    scores = [one.score for one in trend]
    return text.trend.format(
        formats.score(scores[0]),
        formats.day(trend[0].day),
        formats.score(scores[-1]),
        formats.score(min(scores)),
        formats.score(max(scores)),
    )


def _others(chosen: Sequence[str], known: Sequence[str]) -> list[str]:
    """A tier that an address names stays a choice, whatever the company calls its tiers."""
    return [one for one in dict.fromkeys(chosen) if one and one not in known]


async def _sums(parts: PageParts, view: PortfolioView) -> PortfolioSums:
    return await parts.scoring.portfolio(view.filters, group_by=view.group_by or None, groups=_GROUPS, movers=_MOVERS)


async def _listed(parts: PageParts, view: PortfolioView) -> AccountsAnswer | None:
    """None in groups, which show no rows."""
    if view.group_by:
        return None
    return await parts.scoring.accounts(
        view.filters, sort=view.sort, limit=ROWS, trend_days=spark_line.DAYS, cursor=view.cursor
    )


async def _begun(rows: AsyncIterator[AccountInList]) -> AsyncIterator[AccountInList]:
    """The same rows, of which the first is read already."""
    first = await anext(rows, None)

    async def all_of_them() -> AsyncIterator[AccountInList]:
        if first is None:
            return
        yield first
        async for row in rows:
            yield row

    return all_of_them()
