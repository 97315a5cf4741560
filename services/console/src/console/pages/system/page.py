"""System: every process, its partitions, and the numbers to watch, with the sections of the runbook."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from msgspec import Struct

from console.access.roles import Act
from console.clients.processes import ProcessState, process_state
from console.clients.service_api import ServiceApi
from console.errors import ApiUnavailable, ServiceName
from console.pages.system.figures import FigureName, figures, partitions
from console.pages.system.texts import SYSTEM_TEXTS
from console.web.addresses import DEAD_LETTERS_ADDRESS
from console.web.page import ConsolePage, PageParts
from console.web.texts import LAYOUT
from console.web.visit import Visit

PATH: Final = "/system"
_RUNBOOK: Final = "docs/operations.md"
_MOST_PARTITIONS: Final = 200
AWAY: Final = {
    ServiceName.INGEST: "ingestnotrunning",
    ServiceName.SCORING_WORKER: "scoringnotrunning",
    ServiceName.SCORING: "scoringapinotrunning",
    ServiceName.ALERTS: "alertsnotrunning",
}
NOT_READY: Final = "processnotready"


class ShownProcess(Struct, frozen=True, kw_only=True):
    """`state` is None of one that does not answer; `runbook` is there if somebody has to look."""

    service: ServiceName
    state: ProcessState | None
    runbook: str | None

    @property
    def partitions(self) -> tuple[float, float] | None:
        """How many are open, of those that it owns; None for a process without any."""
        if self.state is None:
            return None
        of = {ServiceName.SCORING_WORKER: "scoring", ServiceName.ALERTS: "alerts"}.get(self.service)
        counts = (self.state.value(f"churn_{of}_partitions_open"), self.state.value(f"churn_{of}_partitions_owned"))
        return None if counts[0] is None or counts[1] is None else (counts[0], counts[1])


def routes(parts: PageParts) -> APIRouter:
    router = APIRouter()
    signed_in = Depends(parts.visits.signed_in)

    @router.get(PATH)
    async def system(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        shown = await asyncio.gather(*(_asked(api) for api in parts.processes))
        return _page(parts, request, visit, shown)

    return router


SYSTEM = ConsolePage(path=PATH, titles={locale: texts.title for locale, texts in SYSTEM_TEXTS.items()}, routes=routes)


def _page(parts: PageParts, request: Request, visit: Visit, shown: Sequence[ShownProcess]) -> Response:
    states = [one.state for one in shown if one.state is not None]
    watched, all_partitions = figures(states), partitions(states)
    return parts.renderer.page(
        "pages/system/system.html",
        request,
        visit,
        text=SYSTEM_TEXTS[visit.locale],
        processes=shown,
        services=LAYOUT[visit.locale].services,
        figures=watched,
        partitions=all_partitions[:_MOST_PARTITIONS],
        more_partitions=len(all_partitions) > _MOST_PARTITIONS,
        well=not any(one.runbook for one in shown)
        and not any(one.bad for one in watched)
        and not any(one.bad for one in all_partitions),
        letters_of=(FigureName.DEAD_LETTERS, FigureName.REJECTS),
        letters_address=DEAD_LETTERS_ADDRESS if visit.may(Act.RESEND_LETTERS) else None,
        runbook=_RUNBOOK,
        runbook_url=parts.runbook_url,
    )


async def _asked(api: ServiceApi) -> ShownProcess:
    try:
        state = await process_state(api)
    except ApiUnavailable:
        return ShownProcess(service=api.service, state=None, runbook=AWAY[api.service])
    return ShownProcess(service=api.service, state=state, runbook=None if state.ready else NOT_READY)
