"""The audit, for administrators: who did what in the console."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from console.access.roles import Act
from console.pages.audit.texts import AUDIT_TEXTS
from console.web.page import ConsolePage, PageParts
from console.web.visit import Visit

PATH: Final = "/audit"
_ROWS: Final = 100
_BIGINT: Final = 2**63 - 1


def routes(parts: PageParts) -> APIRouter:
    router = APIRouter()
    signed_in = Depends(parts.visits.signed_in)

    @router.get(PATH)
    async def audit(
        request: Request,
        visit: Annotated[Visit, signed_in],
        before: Annotated[int | None, Query(ge=1, le=_BIGINT)] = None,
    ) -> Response:
        visit.require(Act.READ_AUDIT)
        found = await parts.audit.newest(before=before, limit=_ROWS + 1)
        rows = found[:_ROWS]
        return parts.renderer.page(
            "pages/audit/audit.html",
            request,
            visit,
            text=AUDIT_TEXTS[visit.locale],
            rows=rows,
            before=before,
            older=rows[-1].seq if len(found) > _ROWS else None,
        )

    return router


AUDIT = ConsolePage(
    path=PATH,
    titles={locale: texts.title for locale, texts in AUDIT_TEXTS.items()},
    routes=routes,
    act=Act.READ_AUDIT,
)
