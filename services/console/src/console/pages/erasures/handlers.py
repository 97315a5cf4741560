"""What the routes of the erasures do: list, show one, confirm, erase, lift."""

import re
from urllib.parse import quote

from fastapi import Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from common.erasures.receipts import ERASURE_ID
from console.access.roles import Act
from console.clients.erasures import Erasure, ErasureClient
from console.errors import ApiRefused, ApiUnavailable
from console.pages.erasures.content import account_to_erase, read_erasure
from console.pages.erasures.texts import ERASURES_TEXTS
from console.pages.erasures.view import ONE, PATH, ROWS, ErasedKind, ErasureForm, asked_erasure
from console.web.audited import ActResult, audited, audited_act
from console.web.forms import posted
from console.web.page import PageParts
from console.web.texts import LAYOUT
from console.web.visit import Visit


class ErasureHandlers:
    """Raises `Forbidden`, `StaleForm`, `ApiUnavailable` and `DatabaseUnavailable`, and a 404 for what is no id of an
    erasure. A mistake in a form is said on its page.
    """

    def __init__(self, parts: PageParts) -> None:
        self._parts = parts
        self._client = ErasureClient(parts.ingest)

    async def listed(self, request: Request, visit: Visit, *, cursor: str | None, account: str) -> Response:
        visit.require(Act.ERASE)
        filled = ErasureForm(ErasedKind.ACCOUNT, account)
        return await self._list_page(request, visit, cursor=cursor, filled=filled)

    async def one(self, request: Request, visit: Visit, erasure_id: str, *, did: str) -> Response:
        visit.require(Act.ERASE)
        _require_id(erasure_id)
        parts, layout = self._parts, LAYOUT[visit.locale]
        found, receipts = await read_erasure(self._client, (parts.scoring_api, parts.alerts), erasure_id)
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

    async def confirm(self, request: Request, visit: Visit) -> Response:
        """Does nothing yet. By POST, so that no address has the id of a person."""
        visit.require(Act.ERASE)
        asked = asked_erasure(await posted(request, visit))
        if asked is None:
            return await self._list_page(request, visit, mistake=ERASURES_TEXTS[visit.locale].no_id)
        return await self._confirm_page(request, visit, asked)

    async def erase(self, request: Request, visit: Visit) -> Response:
        visit.require(Act.ERASE)
        form, text = await posted(request, visit), ERASURES_TEXTS[visit.locale]
        asked = asked_erasure(form)
        if asked is None:
            return await self._list_page(request, visit, mistake=text.no_id)
        if form.get("again", "") != asked.id:
            return await self._confirm_page(request, visit, asked, mistake=text.not_the_same)
        try:
            done = await self._erased(visit, asked)
        except ApiRefused as error:
            return await self._confirm_page(request, visit, asked, mistake=text.refused.format(error.detail))
        return _to(done.erasure_id, "erased")

    async def lift(self, request: Request, visit: Visit, erasure_id: str) -> Response:
        visit.require(Act.ERASE)
        await posted(request, visit)
        _require_id(erasure_id)
        lifting = self._client.lift(erasure_id)
        await audited(self._parts.audit, visit, Act.ERASE, lifting, subject=erasure_id, details={"change": "lifted"})
        return _to(erasure_id, "lifted")

    async def _erased(self, visit: Visit, asked: ErasureForm) -> Erasure:
        """The audit keeps its rows for ever, so it has the id of the erasure, and never that of whom it erased."""
        client = self._client
        asking = client.erase_account(asked.id) if asked.kind is ErasedKind.ACCOUNT else client.erase_user(asked.id)
        done = await audited_act(
            self._parts.audit,
            visit,
            Act.ERASE,
            asking,
            subject=None,
            details={"kind": asked.kind.value},
            result_of=lambda erasure: ActResult(erasure.erasure_id),
        )
        return done.answer

    async def _list_page(
        self,
        request: Request,
        visit: Visit,
        *,
        cursor: str | None = None,
        filled: ErasureForm | None = None,
        mistake: str = "",
    ) -> Response:
        found, notices = None, []
        try:
            found = await self._client.newest(limit=ROWS, cursor=cursor)
        except ApiUnavailable as error:
            notices.append(LAYOUT[visit.locale].away_of(error))
        return self._parts.renderer.page(
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

    async def _confirm_page(self, request: Request, visit: Visit, asked: ErasureForm, *, mistake: str = "") -> Response:
        parts = self._parts
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
    return RedirectResponse(f"{ONE.format(erasure_id=quote(erasure_id, safe=''))}?did={did}", 303)
