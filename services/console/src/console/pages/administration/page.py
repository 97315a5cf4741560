"""Administration: leads to the pages on which administrators act."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from console.access.roles import Act
from console.pages.administration.texts import ADMINISTRATION_TEXTS
from console.web.page import ConsolePage, PageParts
from console.web.visit import Visit

PATH: Final = "/admin"


def routes(parts: PageParts) -> APIRouter:
    router = APIRouter()
    signed_in = Depends(parts.visits.signed_in)

    @router.get(PATH)
    async def administration(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        visit.require(Act.MANAGE_USERS)
        text = ADMINISTRATION_TEXTS[visit.locale]
        return parts.renderer.page("pages/administration/administration.html", request, visit, text=text)

    return router


ADMINISTRATION = ConsolePage(
    path=PATH,
    titles={locale: texts.title for locale, texts in ADMINISTRATION_TEXTS.items()},
    routes=routes,
    act=Act.MANAGE_USERS,
)
