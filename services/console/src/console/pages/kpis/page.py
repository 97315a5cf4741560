"""KPIs by stage of the lifecycle, with their trends; by group; cohorts; and the renewals ahead."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from msgspec import Struct

from common.contracts.signals import Band
from console.clients.asking import Asking
from console.clients.kpis import KpisAnswer, SpanKpis
from console.clients.scoring import PortfolioSums
from console.errors import ServiceName
from console.languages.card_names import CardNames
from console.languages.formats import Formats
from console.pages.kpis.cohorts import customer_retention, revenue_retention
from console.pages.kpis.kpi_rows import KpiFormatter, stage_rows
from console.pages.kpis.kpi_words import words_of
from console.pages.kpis.renewals import BAR_WIDTH, renewal_rows
from console.pages.kpis.texts import KPI_TEXTS, KpiTexts
from console.pages.kpis.view import CSV_PATH, GROUPINGS, NO_VALUE, PATH, STAGES, TIERS, KpiView, view_of
from console.web.notices import away_notices, delay_notices
from console.web.page import ConsolePage, PageParts
from console.web.view import view_in_address
from console.web.visit import Visit

# The worst first, as everywhere.
_BANDS: Final = (Band.RED, Band.YELLOW, Band.GREEN, Band.INSUFFICIENT)
# At least the months of the renewals.
_RENEWAL_GROUPS: Final = 20


class KpiContent(Struct, frozen=True, kw_only=True):
    """What scoring answered. A part is None where it did not, or where nothing was asked."""

    view: KpiView
    whole: KpisAnswer | None
    trend: KpisAnswer | None
    groups: KpisAnswer | None
    cohorts: KpisAnswer | None
    renewals: PortfolioSums | None
    overdue: PortfolioSums | None
    away: tuple[ServiceName, ...]


class GroupRow(Struct, frozen=True):
    """A line of the table by group. `name` is None for accounts without a value."""

    name: str | None
    address: str | None
    accounts: int
    values: tuple[str, ...]


def routes(parts: PageParts) -> APIRouter:
    router = APIRouter()
    signed_in = Depends(parts.visits.signed_in)

    @router.get(PATH)
    async def kpis(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        return _page(parts, request, visit, await _content(parts, view_in_address(view_of, request)))

    @router.get(CSV_PATH)
    async def kpis_csv(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        written = await parts.scoring.kpis_csv(view_in_address(view_of, request).table())
        headers = {"content-disposition": 'attachment; filename="kpis.csv"'}
        return Response(written, headers=headers, media_type="text/csv; charset=utf-8")

    return router


KPIS = ConsolePage(path=PATH, titles={locale: texts.title for locale, texts in KPI_TEXTS.items()}, routes=routes)


async def _content(parts: PageParts, view: KpiView) -> KpiContent:
    """Raises `ApiUnavailable` if there is nothing to show, `ApiRefused` for a span that is none."""
    asking = Asking()
    whole, renewals, overdue = await asyncio.gather(
        asking.of(parts.scoring.kpis(view.span())),
        asking.of(_renewals(parts, view)),
        asking.of(parts.scoring.portfolio(view.overdue(), group_by=None, groups=1, movers=0)),
    )
    asking.check(whole, renewals)
    trend = groups = cohorts = None
    if whole is not None:
        # What today is to scoring, the answer says.
        last = whole.spans[-1].last
        trend, groups, cohorts = await asyncio.gather(
            asking.of(parts.scoring.kpis(view.trend(last))),
            asking.of(_groups(parts, view)),
            asking.of(_cohorts(parts, view, last)),
        )
        asking.check()
    return KpiContent(
        view=view,
        whole=whole,
        trend=trend,
        groups=groups,
        cohorts=cohorts,
        renewals=renewals,
        overdue=overdue,
        away=asking.away,
    )


async def _groups(parts: PageParts, view: KpiView) -> KpisAnswer | None:
    return await parts.scoring.kpis(view.groups()) if view.by else None


async def _cohorts(parts: PageParts, view: KpiView, last: date) -> KpisAnswer | None:
    asked = view.retention(last)
    return None if asked is None else await parts.scoring.kpis(asked)


async def _renewals(parts: PageParts, view: KpiView) -> PortfolioSums:
    return await parts.scoring.portfolio(view.renewals(), group_by="renewal_month", groups=_RENEWAL_GROUPS, movers=0)


def _page(parts: PageParts, request: Request, visit: Visit, content: KpiContent) -> Response:
    locale, view, whole = visit.locale, content.view, content.whole
    text, names, formats = KPI_TEXTS[locale], parts.names, parts.renderer.formats(locale)
    cohort_spans: Sequence[SpanKpis] = () if content.cohorts is None else content.cohorts.spans
    retention = (customer_retention(cohort_spans), revenue_retention(cohort_spans))
    return parts.renderer.page(
        "pages/kpis/kpis.html",
        request,
        visit,
        text=text,
        view=view,
        whole=whole,
        stages=[] if whole is None else stage_rows(whole, content.trend, text=text, names=names, formats=formats),
        trend_away=content.trend is None,
        groups=content.groups,
        group_columns=[] if content.groups is None else [words_of(kpi, names, locale) for kpi in content.groups.kpis],
        group_rows=_group_rows(content, text, names, formats),
        cohorts=content.cohorts,
        cohort_tables=retention if retention[0] else None,
        cohort_steps=max((len(row.cells) for row in retention[0]), default=0),
        renewals=content.renewals,
        renewal_rows=[] if content.renewals is None else renewal_rows(content.renewals, content.overdue),
        bar_width=BAR_WIDTH,
        notices=[*away_notices(content.away, formats), *delay_notices(content.whole, formats)],
        away=content.away,
        bands=_BANDS,
        column_choices=[] if whole is None else [(kpi.name, words_of(kpi, names, locale)) for kpi in whole.kpis],
        tier_choices={tier: names.of("tiers", tier, locale) for tier in _choices(TIERS, view.tier)},
        stage_choices={stage: names.of("stages", stage, locale) for stage in _choices(STAGES, view.stage)},
        groupings=GROUPINGS,
        form_action=PATH,
        csv_path=CSV_PATH,
    )


def _group_rows(content: KpiContent, text: KpiTexts, names: CardNames, formats: Formats) -> list[GroupRow]:
    if content.groups is None:
        return []
    view, formatter = content.view, KpiFormatter(text, formats)
    rows = []
    for group in content.groups.spans[0].groups:
        name = group.group or NO_VALUE
        address = view.group_address(name)
        values = tuple(formatter.value(kpi, group.figures[kpi.name]) for kpi in content.groups.kpis)
        shown = None if name == NO_VALUE else _group_name(view.by, name, names, formats)
        rows.append(GroupRow(shown, address, group.accounts, values))
    return rows


def _group_name(by: str, name: str, names: CardNames, formats: Formats) -> str:
    if by == "cohort":
        return formats.month(date.fromisoformat(f"{name}-01"))
    categories = {"tier": "tiers", "stage": "stages"}
    return names.of(categories[by], name, formats.locale) if by in categories else name


def _choices(known: Sequence[str], chosen: Sequence[str]) -> list[str]:
    """A value that an address names stays a choice, whatever the company calls its tiers and stages."""
    return list(dict.fromkeys([*known, *(one for one in chosen if one)]))
