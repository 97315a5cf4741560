"""API keys of ingest, scoring and alerts: listed, made, rotated and revoked. A new key is shown once, by one answer."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from console.access.roles import Act
from console.pages.keys.handlers import KeyHandlers
from console.pages.keys.texts import KEYS_TEXTS
from console.pages.keys.view import PATH
from console.web.page import ConsolePage, PageParts
from console.web.visit import Visit


def routes(parts: PageParts) -> APIRouter:
    router, handlers = APIRouter(), KeyHandlers(parts)
    signed_in = Depends(parts.visits.signed_in)

    @router.get(PATH)
    async def keys(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        return await handlers.listed(request, visit)

    @router.post(PATH + "/create")
    async def create(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        return await handlers.create(request, visit)

    @router.post(PATH + "/rotate")
    async def rotate(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        return await handlers.rotate(request, visit)

    @router.post(PATH + "/revoke")
    async def revoke(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        return await handlers.revoke(request, visit)

    return router


KEYS = ConsolePage(
    path=PATH,
    titles={locale: texts.title for locale, texts in KEYS_TEXTS.items()},
    routes=routes,
    act=Act.MANAGE_KEYS,
    in_navigation=False,
)
