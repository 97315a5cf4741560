"""Erasures: a form with a confirmation, the list, and of each erasure what was deleted where."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from console.access.roles import Act
from console.pages.erasures.handlers import ErasureHandlers
from console.pages.erasures.texts import ERASURES_TEXTS
from console.pages.erasures.view import ONE, PATH
from console.web.page import ConsolePage, PageParts
from console.web.visit import Visit


def routes(parts: PageParts) -> APIRouter:
    router, handlers = APIRouter(), ErasureHandlers(parts)
    signed_in = Depends(parts.visits.signed_in)

    @router.get(PATH)
    async def erasures(
        request: Request,
        visit: Annotated[Visit, signed_in],
        cursor: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
        account: Annotated[str, Query(max_length=512)] = "",
    ) -> Response:
        return await handlers.listed(request, visit, cursor=cursor, account=account)

    @router.get(ONE)
    async def erasure(
        request: Request,
        visit: Annotated[Visit, signed_in],
        erasure_id: str,
        did: Annotated[str, Query(max_length=10)] = "",
    ) -> Response:
        return await handlers.one(request, visit, erasure_id, did=did)

    @router.post(PATH + "/confirm")
    async def confirm(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        return await handlers.confirm(request, visit)

    @router.post(PATH + "/erase")
    async def erase(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        return await handlers.erase(request, visit)

    @router.post(ONE + "/lift")
    async def lift(request: Request, visit: Annotated[Visit, signed_in], erasure_id: str) -> Response:
        return await handlers.lift(request, visit, erasure_id)

    return router


ERASURES = ConsolePage(
    path=PATH,
    titles={locale: texts.title for locale, texts in ERASURES_TEXTS.items()},
    routes=routes,
    act=Act.ERASE,
    in_navigation=False,
)
