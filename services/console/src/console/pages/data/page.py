"""Data: whether what the other pages show can be trusted. Sources, names, unusable values, rejects, and age."""

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from msgspec import Struct

from console.clients.asking import Asking, nothing
from console.clients.event_uses import EventNameUsed, EventUsesAnswer
from console.clients.ingest import IngestReader, RejectedMessages, SourceInHours, SourceStates
from console.clients.scoring import ScoresFreshness
from console.errors import ServiceName
from console.pages.data.findings import Evidence, findings
from console.pages.data.texts import DATA_TEXTS
from console.pages.data.view import PATH, ROWS, DataView, data_view_of
from console.pages.data.volume_plot import HEIGHT, WIDTH, volume_plot
from console.web.notices import away_notices
from console.web.page import ConsolePage, PageParts
from console.web.view import view_in_address
from console.web.visit import Visit

_NAMES: Final = 500
_MOST_ROWS: Final = 50


class DataContent(Struct, frozen=True, kw_only=True):
    """What the services answered; None of those in `away`, and of what was not asked or does not exist."""

    view: DataView
    sources: SourceStates | None
    one: SourceInHours | None
    rejects: RejectedMessages | None
    uses: EventUsesAnswer | None
    scores: ScoresFreshness | None
    away: tuple[ServiceName, ...]


def routes(parts: PageParts) -> APIRouter:
    router = APIRouter()
    signed_in = Depends(parts.visits.signed_in)
    ingest = IngestReader(parts.ingest)

    @router.get(PATH)
    async def data(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        return _page(parts, request, visit, await _content(parts, ingest, view_in_address(data_view_of, request)))

    return router


DATA = ConsolePage(path=PATH, titles={locale: texts.title for locale, texts in DATA_TEXTS.items()}, routes=routes)


async def _content(parts: PageParts, ingest: IngestReader, view: DataView) -> DataContent:
    """Raises `ApiUnavailable` if nothing answers."""
    asking = Asking()
    sources, one, rejects, uses, scores = await asyncio.gather(
        asking.of(ingest.sources()),
        asking.of(ingest.source(view.source), unknown=True) if view.source else nothing(),
        asking.of(ingest.rejects(view.reject_filters, limit=ROWS)),
        asking.of(parts.scoring.event_uses(limit=_NAMES)),
        asking.of(parts.scoring.freshness()),
    )
    asking.check(sources, rejects, uses)
    return DataContent(view=view, sources=sources, one=one, rejects=rejects, uses=uses, scores=scores, away=asking.away)


def _page(parts: PageParts, request: Request, visit: Visit, content: DataContent) -> Response:
    locale, uses, one = visit.locale, content.uses, content.one
    text, formats = DATA_TEXTS[locale], parts.renderer.formats(locale)
    names = () if uses is None else uses.names
    evidence = Evidence(sources=content.sources, uses=uses, scores=content.scores)
    return parts.renderer.page(
        "pages/data/data.html",
        request,
        visit,
        text=text,
        view=content.view,
        notices=away_notices(content.away, formats),
        findings=findings(evidence, text, formats),
        scores=content.scores,
        sources=content.sources,
        one=one,
        plot=None if one is None else volume_plot(one.hours, now=one.as_of),
        plot_size=(WIDTH, HEIGHT),
        unused=[name for name in names if name.count and not name.used_by][:_MOST_ROWS],
        awaited=[name for name in names if not name.count and _scores(name)][:_MOST_ROWS],
        unusable=() if uses is None else uses.unusable[:_MOST_ROWS],
        uses=uses,
        rejects=content.rejects,
    )


def _scores(name: EventNameUsed) -> bool:
    """Facts, retractions and overrides are posted when there are any."""
    return any(user.startswith(("metric ", "flag ", "outcome ")) for user in name.used_by)
