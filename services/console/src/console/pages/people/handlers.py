"""What the routes of the people do: list, invite, make a link, change a role, disable and enable."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Final
from urllib.parse import urlencode

from fastapi import Request, Response
from starlette.responses import RedirectResponse

from console.access.roles import Act
from console.pages.people.texts import PEOPLE_TEXTS
from console.pages.people.view import PATH, asked_email, asked_role, done_words, invitation
from console.postgres.audit import ActOutcome, AuditEntry
from console.postgres.users import ConsoleUser, EmailTaken, LastAdministrator, UnknownUser
from console.web.forms import posted
from console.web.page import PageParts
from console.web.texts import LAYOUT
from console.web.visit import Visit

_LINK_VALID: Final = timedelta(hours=24)

Change = Callable[[str], Awaitable[None]]


class PeopleHandlers:
    """Raises `Forbidden`, `StaleForm` and `DatabaseUnavailable`. A mistake in a form is said on the list."""

    def __init__(self, parts: PageParts) -> None:
        self._parts = parts
        self._users = parts.users

    async def listed(self, request: Request, visit: Visit, *, did: str, whom: str) -> Response:
        visit.require(Act.MANAGE_USERS)
        return await self._list_page(request, visit, did=did, whom=whom)

    async def invite(self, request: Request, visit: Visit) -> Response:
        visit.require(Act.MANAGE_USERS)
        asked, text, me = invitation(await posted(request, visit)), PEOPLE_TEXTS[visit.locale], visit.user
        if asked is None:
            return await self._list_page(request, visit, mistake=text.bad_form)
        try:
            made = await self._users.create(asked.email, role=asked.role, name=asked.name, by=me.email, by_role=me.role)
        except EmailTaken:
            return await self._list_page(request, visit, mistake=text.taken.format(asked.email))
        return await self._shown_once(request, visit, made)

    async def make_link(self, request: Request, visit: Visit) -> Response:
        visit.require(Act.MANAGE_USERS)
        email, text = asked_email(await posted(request, visit)), PEOPLE_TEXTS[visit.locale]
        if email is None:
            return await self._list_page(request, visit, mistake=text.bad_form)
        try:
            return await self._shown_once(request, visit, await self._users.find(email))
        except UnknownUser:
            return await self._list_page(request, visit, mistake=text.unknown.format(email))

    async def change_role(self, request: Request, visit: Visit) -> Response:
        visit.require(Act.MANAGE_USERS)
        form, me = await posted(request, visit), visit.user
        chosen = asked_role(form)
        if chosen is None:
            return await self._list_page(request, visit, mistake=PEOPLE_TEXTS[visit.locale].bad_form)
        change = partial(self._users.change_role, role=chosen, by=me.email, by_role=me.role)
        return await self._changed(request, visit, asked_email(form), "role", change)

    async def disable(self, request: Request, visit: Visit) -> Response:
        visit.require(Act.MANAGE_USERS)
        email, me = asked_email(await posted(request, visit)), visit.user
        change = partial(self._users.disable, by=me.email, by_role=me.role)
        return await self._changed(request, visit, email, "disabled", change)

    async def enable(self, request: Request, visit: Visit) -> Response:
        visit.require(Act.MANAGE_USERS)
        email, me = asked_email(await posted(request, visit)), visit.user
        change = partial(self._users.enable, by=me.email, by_role=me.role)
        return await self._changed(request, visit, email, "enabled", change)

    async def _changed(self, request: Request, visit: Visit, email: str | None, did: str, change: Change) -> Response:
        text = PEOPLE_TEXTS[visit.locale]
        if email is None:
            return await self._list_page(request, visit, mistake=text.bad_form)
        try:
            await change(email)
        except UnknownUser:
            return await self._list_page(request, visit, mistake=text.unknown.format(email))
        except LastAdministrator:
            await self._parts.audit.record(_refused(visit, email, did))
            return await self._list_page(request, visit, mistake=text.last_administrator.format(email))
        return RedirectResponse(f"{PATH}?{urlencode({'did': did, 'whom': email})}", 303)

    async def _list_page(
        self, request: Request, visit: Visit, *, did: str = "", whom: str = "", mistake: str = ""
    ) -> Response:
        people, text, roles = await self._users.seen(), PEOPLE_TEXTS[visit.locale], LAYOUT[visit.locale].roles
        return self._parts.renderer.page(
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

    async def _shown_once(self, request: Request, visit: Visit, user: ConsoleUser) -> Response:
        """By this answer alone: no redirect, for another address must not have the token."""
        parts, me = self._parts, visit.user
        token = await parts.links.create(user, valid=_LINK_VALID, by=me.email, by_role=me.role)
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


def _refused(visit: Visit, email: str, change: str) -> AuditEntry:
    return AuditEntry(
        who=visit.user.email,
        role=visit.user.role,
        act=Act.MANAGE_USERS,
        outcome=ActOutcome.REFUSED,
        subject=email,
        details={"change": change, "reason": "last administrator"},
    )
