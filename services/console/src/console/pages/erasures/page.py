"""Erasures: a form with a confirmation, the list, and of each erasure what was deleted where."""

import re
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from common.erasures.receipts import ERASURE_ID
from console.access.roles import Act
from console.clients.erasures import Erasure, ErasureClient
from console.errors import ApiRefused, ApiUnavailable
from console.pages.erasures.content import account_to_erase, read_erasure
from console.pages.erasures.texts import ERASURES_TEXTS
from console.pages.erasures.view import ErasedKind, ErasureForm, asked_erasure
from console.web.audited import ActResult, audited, audited_act
from console.web.forms import posted
from console.web.page import ConsolePage, PageParts
from console.web.texts import LAYOUT
from console.web.visit import Visit

PATH: Final = "/admin/erasures"
_ONE: Final = PATH + "/{erasure_id}"
_ROWS: Final = 50


def routes(parts: PageParts) -> APIRouter:
    router = APIRouter()
    signed_in = Depends(parts.visits.signed_in)
    client = ErasureClient(parts.ingest)

    async def listed(
        request: Request,
        visit: Visit,
        *,
        cursor: str | None = None,
        filled: ErasureForm | None = None,
        mistake: str = "",
    ) -> Response:
        found, notices = None, []
        try:
            found = await client.newest(limit=_ROWS, cursor=cursor)
        except ApiUnavailable as error:
            notices.append(LAYOUT[visit.locale].away_of(error))
        return parts.renderer.page(
            "pages/erasures/erasures.html",
            request,
            visit,
            status=422 if mistake else 200,
            here=PATH if mistake else None,
            text=ERASURES_TEXTS[visit.locale],
            found=found,
            cursor=cursor,
            filled=filled or ErasureForm(ErasedKind.ACCOUNT, ""),
            mistake=mistake,
            notices=notices,
            list_path=PATH,
        )

    async def confirming(request: Request, visit: Visit, asked: ErasureForm, *, mistake: str = "") -> Response:
        account = await account_to_erase(parts.accounts, asked.id) if asked.kind is ErasedKind.ACCOUNT else None
        notices = [] if account is None or account.away is None else [LAYOUT[visit.locale].away_of(account.away)]
        return parts.renderer.page(
            "pages/erasures/confirm.html",
            request,
            visit,
            status=422 if mistake else 200,
            here=PATH,
            text=ERASURES_TEXTS[visit.locale],
            asked=asked,
            account=account,
            mistake=mistake,
            notices=notices,
            list_path=PATH,
        )

    @router.get(PATH)
    async def erasures(
        request: Request,
        visit: Annotated[Visit, signed_in],
        cursor: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
        account: Annotated[str, Query(max_length=512)] = "",
    ) -> Response:
        visit.require(Act.ERASE)
        return await listed(request, visit, cursor=cursor, filled=ErasureForm(ErasedKind.ACCOUNT, account))

    @router.get(_ONE)
    async def erasure(
        request: Request,
        visit: Annotated[Visit, signed_in],
        erasure_id: str,
        did: Annotated[str, Query(max_length=10)] = "",
    ) -> Response:
        visit.require(Act.ERASE)
        _require_id(erasure_id)
        found, receipts = await read_erasure(client, (parts.scoring_api, parts.alerts), erasure_id)
        layout = LAYOUT[visit.locale]
        return parts.renderer.page(
            "pages/erasures/erasure.html",
            request,
            visit,
            text=ERASURES_TEXTS[visit.locale],
            erasure=found,
            receipts=receipts,
            notices=[layout.away_of(one.away) for one in receipts if one.away is not None],
            done=_done(found, did),
            list_path=PATH,
        )

    @router.post(PATH + "/confirm")
    async def confirm(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        """Does nothing yet. By POST, so that no address has the id of a person."""
        visit.require(Act.ERASE)
        form = await posted(request, visit)
        asked = asked_erasure(form)
        if asked is None:
            return await listed(request, visit, mistake=ERASURES_TEXTS[visit.locale].no_id)
        return await confirming(request, visit, asked)

    @router.post(PATH + "/erase")
    async def erase(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        visit.require(Act.ERASE)
        form, text = await posted(request, visit), ERASURES_TEXTS[visit.locale]
        asked = asked_erasure(form)
        if asked is None:
            return await listed(request, visit, mistake=text.no_id)
        if form.get("again", "") != asked.id:
            return await confirming(request, visit, asked, mistake=text.not_the_same)
        try:
            done = await _erased(parts, visit, client, asked)
        except ApiRefused as error:
            return await confirming(request, visit, asked, mistake=text.refused.format(error.detail))
        return _to(done.erasure_id, "erased")

    @router.post(_ONE + "/lift")
    async def lift(request: Request, visit: Annotated[Visit, signed_in], erasure_id: str) -> Response:
        visit.require(Act.ERASE)
        await posted(request, visit)
        _require_id(erasure_id)
        lifting = client.lift(erasure_id)
        await audited(parts.audit, visit, Act.ERASE, lifting, subject=erasure_id, details={"change": "lifted"})
        return _to(erasure_id, "lifted")

    return router


ERASURES = ConsolePage(
    path=PATH,
    titles={locale: texts.title for locale, texts in ERASURES_TEXTS.items()},
    routes=routes,
    act=Act.ERASE,
    in_navigation=False,
)


async def _erased(parts: PageParts, visit: Visit, client: ErasureClient, asked: ErasureForm) -> Erasure:
    """The audit keeps its rows for ever, so it has the id of the erasure, and never that of whom it erased."""
    asking = client.erase_account(asked.id) if asked.kind is ErasedKind.ACCOUNT else client.erase_user(asked.id)
    done = await audited_act(
        parts.audit,
        visit,
        Act.ERASE,
        asking,
        subject=None,
        details={"kind": asked.kind.value},
        result_of=lambda erasure: ActResult(erasure.erasure_id),
    )
    return done.answer


def _require_id(text: str) -> None:
    """Raises a 404. The audit and the services could not take every text."""
    if len(text) > 64 or not re.fullmatch(ERASURE_ID, text, re.ASCII):
        raise HTTPException(404)


def _done(erasure: Erasure, did: str) -> str:
    """By what stands now, not by what the address claims alone."""
    if did == "erased" and erasure.state in ("filed", "announced"):
        return "erased"
    return "lifted" if did == "lifted" and erasure.state == "lifted" else ""


def _to(erasure_id: str, did: str) -> Response:
    return RedirectResponse(f"{_ONE.format(erasure_id=quote(erasure_id, safe=''))}?did={did}", 303)
