"""Data: whether what the other pages show can be trusted. Sources, names, unusable values, rejects, and age."""

import asyncio
from collections.abc import Awaitable
from typing import Annotated, Final, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from msgspec import Struct
from pydantic import ValidationError

from console.clients.event_uses import EventNameUsed, EventUsesAnswer
from console.clients.ingest import IngestReader, RejectedMessages, SourceInHours, SourceStates
from console.clients.scoring import ScoresFreshness
from console.errors import ApiRefused, ApiUnavailable, ServiceName
from console.pages.data.findings import Evidence, findings
from console.pages.data.texts import DATA_TEXTS
from console.pages.data.view import PATH, ROWS, DataView
from console.pages.data.volume_plot import HEIGHT, WIDTH, volume_plot
from console.web.page import ConsolePage, PageParts
from console.web.texts import LAYOUT
from console.web.visit import Visit

_NAMES: Final = 500
_MOST_ROWS: Final = 50

Part = TypeVar("Part")


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
        return _page(parts, request, visit, await _content(parts, ingest, _asked(request)))

    return router


DATA = ConsolePage(path=PATH, titles={locale: texts.title for locale, texts in DATA_TEXTS.items()}, routes=routes)


async def _content(parts: PageParts, ingest: IngestReader, view: DataView) -> DataContent:
    """Raises `ApiUnavailable` if nothing answers."""
    sources, one, rejects, uses, scores = await asyncio.gather(
        _or_away(ingest.sources()),
        _or_away(_one(ingest, view)),
        _or_away(ingest.rejects(view.reject_filters, limit=ROWS)),
        _or_away(parts.scoring.event_uses(limit=_NAMES)),
        _or_away(parts.scoring.freshness()),
    )
    errors = [answer for answer in (sources, one, rejects, uses, scores) if isinstance(answer, ApiUnavailable)]
    if isinstance(sources, ApiUnavailable) and isinstance(rejects, ApiUnavailable) and isinstance(uses, ApiUnavailable):
        raise sources
    return DataContent(
        view=view,
        sources=_answered(sources),
        one=_answered(one),
        rejects=_answered(rejects),
        uses=_answered(uses),
        scores=_answered(scores),
        away=tuple(dict.fromkeys(error.service for error in errors)),
    )


def _asked(request: Request) -> DataView:
    try:
        return DataView.model_validate(dict(request.query_params))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**fault, "loc": ("query", *fault["loc"])} for fault in faults]) from error


def _page(parts: PageParts, request: Request, visit: Visit, content: DataContent) -> Response:
    locale, uses, one = visit.locale, content.uses, content.one
    text, formats, layout = DATA_TEXTS[locale], parts.renderer.formats(locale), LAYOUT[locale]
    names = () if uses is None else uses.names
    evidence = Evidence(sources=content.sources, uses=uses, scores=content.scores)
    return parts.renderer.page(
        "pages/data/data.html",
        request,
        visit,
        text=text,
        view=content.view,
        notices=[layout.away.format(layout.services[service]) for service in content.away],
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


async def _one(ingest: IngestReader, view: DataView) -> SourceInHours | None:
    if view.source is None:
        return None
    try:
        return await ingest.source(view.source)
    except ApiRefused as error:
        if error.status == 404:
            return None
        raise


async def _or_away(asked: Awaitable[Part]) -> Part | ApiUnavailable:
    """The service that is away as a value, so that the rest of the page is shown."""
    try:
        return await asked
    except ApiUnavailable as error:
        return error


def _answered(answer: Part | ApiUnavailable) -> Part | None:
    return None if isinstance(answer, ApiUnavailable) else answer
