"""What the routes of the keys do: list, make, rotate, revoke. A new key is shown by one answer alone."""

from typing import Any

from fastapi import Request, Response
from msgspec.structs import asdict
from starlette.responses import RedirectResponse

from console.access.roles import Act
from console.clients.keys import KeyClient, MadeKey
from console.errors import ApiRefused, ServiceName
from console.pages.keys.content import read_keys
from console.pages.keys.texts import KEYS_TEXTS
from console.pages.keys.view import (
    PATH,
    SERVICES,
    AskedKey,
    KeysView,
    asked_id,
    asked_key,
    asked_overlap,
    asked_service,
    view_of,
)
from console.web.audited import ActResult, audited, audited_act
from console.web.forms import posted
from console.web.page import PageParts
from console.web.texts import LAYOUT
from console.web.view import view_in_address
from console.web.visit import Visit


class KeyHandlers:
    """Raises `Forbidden`, `StaleForm`, `ApiUnavailable` and `DatabaseUnavailable`. A mistake in a form is said on the
    list.
    """

    def __init__(self, parts: PageParts) -> None:
        self._parts = parts
        apis = (parts.ingest, parts.scoring_api, parts.alerts)
        self._clients = {service: KeyClient(api) for service, api in zip(SERVICES, apis, strict=True)}

    async def listed(self, request: Request, visit: Visit) -> Response:
        visit.require(Act.MANAGE_KEYS)
        return await self._list_page(request, visit, view=view_in_address(view_of, request))

    async def create(self, request: Request, visit: Visit) -> Response:
        visit.require(Act.MANAGE_KEYS)
        form, text = await posted(request, visit), KEYS_TEXTS[visit.locale]
        service, asked = asked_service(form), asked_key(form)
        if service is None or asked is None:
            return await self._list_page(request, visit, mistake=text.bad_form)
        try:
            made = await self._created(visit, service, asked)
        except ApiRefused as error:
            return await self._list_page(request, visit, mistake=text.not_made.format(error.detail))
        return self._shown_once(request, visit, service, made)

    async def rotate(self, request: Request, visit: Visit) -> Response:
        visit.require(Act.MANAGE_KEYS)
        form, text = await posted(request, visit), KEYS_TEXTS[visit.locale]
        service, key_id, overlap = asked_service(form), asked_id(form), asked_overlap(form)
        if service is None or key_id is None or overlap is None:
            return await self._list_page(request, visit, mistake=text.bad_form)
        try:
            made = await self._rotated(visit, service, key_id, overlap_hours=overlap)
        except ApiRefused as error:
            return await self._list_page(request, visit, mistake=text.refused.format(error.detail))
        return self._shown_once(request, visit, service, made)

    async def revoke(self, request: Request, visit: Visit) -> Response:
        visit.require(Act.MANAGE_KEYS)
        form, text = await posted(request, visit), KEYS_TEXTS[visit.locale]
        service, key_id = asked_service(form), asked_id(form)
        if service is None or key_id is None:
            return await self._list_page(request, visit, mistake=text.bad_form)
        details = {"change": "revoked", "service": service.value}
        asking = self._clients[service].revoke(key_id)
        try:
            await audited(self._parts.audit, visit, Act.MANAGE_KEYS, asking, subject=key_id, details=details)
        except ApiRefused as error:
            return await self._list_page(request, visit, mistake=text.refused.format(error.detail))
        return RedirectResponse(KeysView(revoked=key_id).address(), 303)

    async def _created(self, visit: Visit, service: ServiceName, asked: AskedKey) -> MadeKey:
        """Raises `ApiRefused`."""
        client = self._clients[service]
        details: dict[str, Any] = {"change": "created", "service": service.value, **asdict(asked)}
        done = await audited_act(
            self._parts.audit,
            visit,
            Act.MANAGE_KEYS,
            client.create(source=asked.source, scopes=asked.scopes, expires_days=asked.expires_days),
            subject=None,
            details=details,
            result_of=lambda made: ActResult(made.id),
        )
        return done.answer

    async def _rotated(self, visit: Visit, service: ServiceName, key_id: str, *, overlap_hours: int) -> MadeKey:
        """Raises `ApiRefused`."""
        done = await audited_act(
            self._parts.audit,
            visit,
            Act.MANAGE_KEYS,
            self._clients[service].rotate(key_id, overlap_hours=overlap_hours),
            subject=key_id,
            details={"change": "rotated", "service": service.value, "overlap_hours": overlap_hours},
            result_of=lambda made: ActResult(details={"new": made.id}),
        )
        return done.answer

    async def _list_page(
        self, request: Request, visit: Visit, *, view: KeysView | None = None, mistake: str = ""
    ) -> Response:
        view, layout = view or KeysView(), LAYOUT[visit.locale]
        found = await read_keys(self._clients, view)
        return self._parts.renderer.page(
            "pages/keys/keys.html",
            request,
            visit,
            status=422 if mistake else 200,
            here=PATH if mistake else None,
            text=KEYS_TEXTS[visit.locale],
            view=view,
            services=found,
            names=layout.services,
            notices=[layout.away_of(one.away) for one in found if one.away is not None],
            # By what stands now, not by what the address claims.
            revoked=view.revoked if any(one.has_ended(view.revoked) for one in found) else "",
            mistake=mistake,
            list_path=PATH,
        )

    def _shown_once(self, request: Request, visit: Visit, service: ServiceName, made: MadeKey) -> Response:
        """By this answer alone: no redirect, for an address must not have a secret."""
        return self._parts.renderer.page(
            "pages/keys/made.html",
            request,
            visit,
            here=PATH,
            text=KEYS_TEXTS[visit.locale],
            service=LAYOUT[visit.locale].services[service],
            made=made,
            list_path=PATH,
        )
