"""People: who may sign in, with which role. A sign-in link is shown once, by the answer that made it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.responses import RedirectResponse

from console.access.roles import Act
from console.pages.people.texts import PEOPLE_TEXTS
from console.pages.people.view import asked_email, asked_role, done_words, invitation
from console.postgres.audit import ActOutcome, AuditEntry
from console.postgres.users import ConsoleUser, EmailTaken, LastAdministrator, UnknownUser
from console.web.forms import posted
from console.web.page import ConsolePage, PageParts
from console.web.texts import LAYOUT
from console.web.visit import Visit

PATH: Final = "/admin/users"
_LINK_VALID: Final = timedelta(hours=24)

Change = Callable[[str], Awaitable[None]]


def routes(parts: PageParts) -> APIRouter:
    router = APIRouter()
    signed_in = Depends(parts.visits.signed_in)
    users, links = parts.users, parts.links

    async def listed(request: Request, visit: Visit, *, did: str = "", whom: str = "", mistake: str = "") -> Response:
        people, text, roles = await users.seen(), PEOPLE_TEXTS[visit.locale], LAYOUT[visit.locale].roles
        return parts.renderer.page(
            "pages/people/people.html",
            request,
            visit,
            status=422 if mistake else 200,
            here=PATH if mistake else None,
            text=text,
            people=people,
            roles=roles,
            done=done_words(people, did, whom, text, roles),
            mistake=mistake,
            list_path=PATH,
        )

    async def shown_once(request: Request, visit: Visit, user: ConsoleUser) -> Response:
        """By this answer alone: no redirect, for another address must not have the token."""
        token = await links.create(user, valid=_LINK_VALID, by=visit.user.email, by_role=visit.user.role)
        return parts.renderer.page(
            "pages/people/link.html",
            request,
            visit,
            here=PATH,
            text=PEOPLE_TEXTS[visit.locale],
            whom=user.email,
            link=f"{parts.origin}/sign-in/link/{token}",
            list_path=PATH,
        )

    async def changed(request: Request, visit: Visit, email: str | None, did: str, change: Change) -> Response:
        text = PEOPLE_TEXTS[visit.locale]
        if email is None:
            return await listed(request, visit, mistake=text.bad_form)
        try:
            await change(email)
        except UnknownUser:
            return await listed(request, visit, mistake=text.unknown.format(email))
        except LastAdministrator:
            await parts.audit.record(_refused(visit, email, did))
            return await listed(request, visit, mistake=text.last_administrator.format(email))
        return RedirectResponse(f"{PATH}?{urlencode({'did': did, 'whom': email})}", 303)

    @router.get(PATH)
    async def people(
        request: Request,
        visit: Annotated[Visit, signed_in],
        did: Annotated[str, Query(max_length=20)] = "",
        whom: Annotated[str, Query(max_length=256)] = "",
    ) -> Response:
        visit.require(Act.MANAGE_USERS)
        return await listed(request, visit, did=did, whom=whom)

    @router.post(PATH + "/invite")
    async def invite(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        visit.require(Act.MANAGE_USERS)
        asked, text, me = invitation(await posted(request, visit)), PEOPLE_TEXTS[visit.locale], visit.user
        if asked is None:
            return await listed(request, visit, mistake=text.bad_form)
        try:
            made = await users.create(asked.email, role=asked.role, name=asked.name, by=me.email, by_role=me.role)
        except EmailTaken:
            return await listed(request, visit, mistake=text.taken.format(asked.email))
        return await shown_once(request, visit, made)

    @router.post(PATH + "/link")
    async def link(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        visit.require(Act.MANAGE_USERS)
        email, text = asked_email(await posted(request, visit)), PEOPLE_TEXTS[visit.locale]
        if email is None:
            return await listed(request, visit, mistake=text.bad_form)
        try:
            return await shown_once(request, visit, await users.find(email))
        except UnknownUser:
            return await listed(request, visit, mistake=text.unknown.format(email))

    @router.post(PATH + "/role")
    async def role(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        visit.require(Act.MANAGE_USERS)
        form, me = await posted(request, visit), visit.user
        chosen = asked_role(form)
        if chosen is None:
            return await listed(request, visit, mistake=PEOPLE_TEXTS[visit.locale].bad_form)
        change = partial(users.change_role, role=chosen, by=me.email, by_role=me.role)
        return await changed(request, visit, asked_email(form), "role", change)

    @router.post(PATH + "/disable")
    async def disable(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        visit.require(Act.MANAGE_USERS)
        email, me = asked_email(await posted(request, visit)), visit.user
        change = partial(users.disable, by=me.email, by_role=me.role)
        return await changed(request, visit, email, "disabled", change)

    @router.post(PATH + "/enable")
    async def enable(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        visit.require(Act.MANAGE_USERS)
        email, me = asked_email(await posted(request, visit)), visit.user
        change = partial(users.enable, by=me.email, by_role=me.role)
        return await changed(request, visit, email, "enabled", change)

    return router


PEOPLE = ConsolePage(
    path=PATH,
    titles={locale: texts.title for locale, texts in PEOPLE_TEXTS.items()},
    routes=routes,
    act=Act.MANAGE_USERS,
    in_navigation=False,
)


def _refused(visit: Visit, email: str, change: str) -> AuditEntry:
    return AuditEntry(
        who=visit.user.email,
        role=visit.user.role,
        act=Act.MANAGE_USERS,
        outcome=ActOutcome.REFUSED,
        subject=email,
        details={"change": change, "reason": "last administrator"},
    )
