"""People: who may sign in, with which role. A sign-in link is shown once, by the answer that made it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from console.access.roles import Act
from console.pages.people.handlers import PeopleHandlers
from console.pages.people.texts import PEOPLE_TEXTS
from console.pages.people.view import PATH
from console.web.page import ConsolePage, PageParts
from console.web.visit import Visit


def routes(parts: PageParts) -> APIRouter:
    router, handlers = APIRouter(), PeopleHandlers(parts)
    signed_in = Depends(parts.visits.signed_in)

    @router.get(PATH)
    async def people(
        request: Request,
        visit: Annotated[Visit, signed_in],
        did: Annotated[str, Query(max_length=20)] = "",
        whom: Annotated[str, Query(max_length=256)] = "",
    ) -> Response:
        return await handlers.listed(request, visit, did=did, whom=whom)

    @router.post(PATH + "/invite")
    async def invite(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        return await handlers.invite(request, visit)

    @router.post(PATH + "/link")
    async def link(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        return await handlers.make_link(request, visit)

    @router.post(PATH + "/role")
    async def role(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        return await handlers.change_role(request, visit)

    @router.post(PATH + "/disable")
    async def disable(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        return await handlers.disable(request, visit)

    @router.post(PATH + "/enable")
    async def enable(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        return await handlers.enable(request, visit)

    return router


PEOPLE = ConsolePage(
    path=PATH,
    titles={locale: texts.title for locale, texts in PEOPLE_TEXTS.items()},
    routes=routes,
    act=Act.MANAGE_USERS,
    in_navigation=False,
)
