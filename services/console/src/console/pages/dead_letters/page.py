"""Dead letters: what was set aside, why, and what to do; a preview of what would be sent again, and the act."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from console.access.roles import Act
from console.pages.dead_letters.handlers import DeadLetterHandlers
from console.pages.dead_letters.texts import DEAD_LETTERS_TEXTS
from console.pages.dead_letters.view import PATH
from console.web.page import ConsolePage, PageParts
from console.web.visit import Visit


def routes(parts: PageParts) -> APIRouter:
    router, handlers = APIRouter(), DeadLetterHandlers(parts)
    signed_in = Depends(parts.visits.signed_in)

    @router.get(PATH)
    async def dead_letters(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        return await handlers.listed(request, visit)

    @router.post(PATH + "/preview")
    async def preview(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        return await handlers.preview(request, visit)

    @router.post(PATH + "/resend")
    async def resend(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        return await handlers.resend(request, visit)

    return router


DEAD_LETTERS = ConsolePage(
    path=PATH,
    titles={locale: texts.title for locale, texts in DEAD_LETTERS_TEXTS.items()},
    routes=routes,
    act=Act.RESEND_LETTERS,
    in_navigation=False,
)
