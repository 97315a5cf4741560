"""API keys of ingest, scoring and alerts: listed, made, rotated and revoked. A new key is shown once, by one answer."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from msgspec import Struct
from msgspec.structs import asdict
from starlette.responses import RedirectResponse

from console.access.roles import Act
from console.clients.keys import ApiKey, ApiKeys, KeyClient, MadeKey
from console.errors import ApiRefused, ApiUnavailable, ServiceName
from console.pages.keys.texts import KEYS_TEXTS
from console.pages.keys.view import SERVICES, asked_id, asked_key, asked_overlap, asked_service
from console.web.audited import ActResult, audited, audited_act
from console.web.forms import posted
from console.web.page import ConsolePage, PageParts
from console.web.texts import LAYOUT
from console.web.visit import Visit

PATH: Final = "/admin/keys"


class KeysOfService(Struct, frozen=True, kw_only=True):
    """`away` says why there are none to see. `active` are those that can be used, the newest first."""

    service: ServiceName
    keys: ApiKeys | None = None
    away: ApiUnavailable | None = None
    active: tuple[ApiKey, ...] = ()
    ended: tuple[ApiKey, ...] = ()


def routes(parts: PageParts) -> APIRouter:
    router = APIRouter()
    signed_in = Depends(parts.visits.signed_in)
    apis = (parts.ingest, parts.scoring_api, parts.alerts)
    clients = {service: KeyClient(api) for service, api in zip(SERVICES, apis, strict=True)}

    async def listed(request: Request, visit: Visit, *, revoked: str = "", mistake: str = "") -> Response:
        found = await asyncio.gather(*(_keys_of(service, client) for service, client in clients.items()))
        ended = {key.id for one in found for key in one.ended}
        return parts.renderer.page(
            "pages/keys/keys.html",
            request,
            visit,
            status=422 if mistake else 200,
            here=PATH if mistake else None,
            text=KEYS_TEXTS[visit.locale],
            services=found,
            names=LAYOUT[visit.locale].services,
            notices=[LAYOUT[visit.locale].away_of(one.away) for one in found if one.away is not None],
            revoked=revoked if revoked in ended else "",
            mistake=mistake,
            list_path=PATH,
        )

    def shown_once(request: Request, visit: Visit, service: ServiceName, made: MadeKey) -> Response:
        """By this answer alone: no redirect, for an address must not have a secret."""
        return parts.renderer.page(
            "pages/keys/made.html",
            request,
            visit,
            here=PATH,
            text=KEYS_TEXTS[visit.locale],
            service=LAYOUT[visit.locale].services[service],
            made=made,
            list_path=PATH,
        )

    @router.get(PATH)
    async def keys(
        request: Request, visit: Annotated[Visit, signed_in], revoked: Annotated[str, Query(max_length=20)] = ""
    ) -> Response:
        visit.require(Act.MANAGE_KEYS)
        return await listed(request, visit, revoked=revoked)

    @router.post(PATH + "/create")
    async def create(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        visit.require(Act.MANAGE_KEYS)
        form, text = await posted(request, visit), KEYS_TEXTS[visit.locale]
        service, asked = asked_service(form), asked_key(form)
        if service is None or asked is None:
            return await listed(request, visit, mistake=text.bad_form)
        asking = clients[service].create(source=asked.source, scopes=asked.scopes, expires_days=asked.expires_days)
        details: dict[str, Any] = {"change": "created", "service": service.value, **asdict(asked)}
        try:
            done = await audited_act(
                parts.audit,
                visit,
                Act.MANAGE_KEYS,
                asking,
                subject=None,
                details=details,
                result_of=lambda made: ActResult(made.id),
            )
        except ApiRefused as error:
            return await listed(request, visit, mistake=text.not_made.format(error.detail))
        return shown_once(request, visit, service, done.answer)

    @router.post(PATH + "/rotate")
    async def rotate(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        visit.require(Act.MANAGE_KEYS)
        form, text = await posted(request, visit), KEYS_TEXTS[visit.locale]
        service, key_id, overlap = asked_service(form), asked_id(form), asked_overlap(form)
        if service is None or key_id is None or overlap is None:
            return await listed(request, visit, mistake=text.bad_form)
        try:
            done = await audited_act(
                parts.audit,
                visit,
                Act.MANAGE_KEYS,
                clients[service].rotate(key_id, overlap_hours=overlap),
                subject=key_id,
                details={"change": "rotated", "service": service.value, "overlap_hours": overlap},
                result_of=lambda made: ActResult(details={"new": made.id}),
            )
        except ApiRefused as error:
            return await listed(request, visit, mistake=text.refused.format(error.detail))
        return shown_once(request, visit, service, done.answer)

    @router.post(PATH + "/revoke")
    async def revoke(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        visit.require(Act.MANAGE_KEYS)
        form, text = await posted(request, visit), KEYS_TEXTS[visit.locale]
        service, key_id = asked_service(form), asked_id(form)
        if service is None or key_id is None:
            return await listed(request, visit, mistake=text.bad_form)
        details = {"change": "revoked", "service": service.value}
        asking = clients[service].revoke(key_id)
        try:
            await audited(parts.audit, visit, Act.MANAGE_KEYS, asking, subject=key_id, details=details)
        except ApiRefused as error:
            return await listed(request, visit, mistake=text.refused.format(error.detail))
        return RedirectResponse(f"{PATH}?revoked={key_id}", 303)

    return router


KEYS = ConsolePage(
    path=PATH,
    titles={locale: texts.title for locale, texts in KEYS_TEXTS.items()},
    routes=routes,
    act=Act.MANAGE_KEYS,
    in_navigation=False,
)


async def _keys_of(service: ServiceName, client: KeyClient) -> KeysOfService:
    try:
        keys = await client.keys()
    except ApiUnavailable as error:
        return KeysOfService(service=service, away=error)
    now = datetime.now(UTC)
    newest = keys.keys[::-1]
    return KeysOfService(
        service=service,
        keys=keys,
        active=tuple(key for key in newest if not key.ended(now)),
        ended=tuple(key for key in newest if key.ended(now)),
    )
