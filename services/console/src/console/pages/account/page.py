"""The page about one account: how it stands, why, what comes, what was, who is there, and who was told."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from console.access.roles import Act
from console.access.tokens import new_token
from console.clients.alerts import AlertsReader
from console.clients.events import EventClient
from console.languages.formats import Formats
from console.pages.account.band_overrides import BandOverrides, posted_override
from console.pages.account.content import read_content
from console.pages.account.shown import QUIET_DAYS, shown_account
from console.pages.account.texts import ACCOUNT_TEXTS
from console.pages.account.ticket_texts import TICKET_TEXTS
from console.pages.account.view import AccountView, Did, view_of
from console.web.addresses import erase_address
from console.web.alert_acts import AlertActs
from console.web.forms import posted
from console.web.page import ConsolePage, PageParts
from console.web.view import view_in_address
from console.web.visit import Visit

PATH: Final = "/accounts/{account_id:path}"
_OVERRIDE: Final = "/account-acts/override"
_ACKNOWLEDGE: Final = "/account-acts/acknowledge"
_SEND_AGAIN: Final = "/account-acts/send-again"


def routes(parts: PageParts) -> APIRouter:
    router = APIRouter()
    signed_in = Depends(parts.visits.signed_in)
    alerts = AlertsReader(parts.alerts)
    overrides = BandOverrides(parts.accounts, EventClient(parts.ingest), parts.audit)
    acts = AlertActs(alerts, parts.scoring, parts.audit)

    async def page(
        request: Request, visit: Visit, account_id: str, view: AccountView, *, mistake: str = "", **filled: str
    ) -> Response:
        # Browsers and clients take these for steps in a path.
        if account_id in ("", ".", ".."):
            raise HTTPException(404)
        content = await read_content(parts.accounts, alerts, account_id, view)
        return parts.renderer.page(
            "pages/account/account.html",
            request,
            visit,
            status=422 if mistake else 200,
            # Where a form was not taken its address is no page.
            here=view.address(account_id) if mistake else None,
            shown=shown_account(content, view, account_id, visit, names=parts.names, formats=formats(visit)),
            text=ACCOUNT_TEXTS[visit.locale],
            ticket_text=TICKET_TEXTS[visit.locale],
            view=view,
            content=content,
            mistake=mistake,
            filled={"to": "", "until": "", "reason": "", **filled},
            nonce=new_token(),
            quiet_days=QUIET_DAYS,
            erase_address=erase_address(account_id) if visit.may(Act.ERASE) else None,
            override_path=_OVERRIDE,
            acknowledge_path=_ACKNOWLEDGE,
            send_again_path=_SEND_AGAIN,
        )

    def formats(visit: Visit) -> Formats:
        return parts.renderer.formats(visit.locale)

    @router.get(PATH)
    async def account(request: Request, account_id: str, visit: Annotated[Visit, signed_in]) -> Response:
        return await page(request, visit, account_id, view_in_address(view_of, request))

    @router.post(_OVERRIDE)
    async def override(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        form = await posted(request, visit)
        account_id, text = form.get("account_id", ""), ACCOUNT_TEXTS[visit.locale]
        filled = {name: form.get(name, "") for name in ("to", "until", "reason")}
        asked = posted_override(form)
        done = None if asked is None else await overrides.set(visit, asked)
        if done is None:
            mistake = text.override_invalid if asked is None else text.override_refused
            return await page(request, visit, account_id, AccountView(), mistake=mistake, **filled)
        return _to(account_id, done, "override")

    @router.post(_ACKNOWLEDGE)
    async def acknowledge(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        form = await posted(request, visit)
        act = await acts.acknowledge(visit, form.get("alert_id", ""), note=form.get("note", ""))
        return _to(act.account_id, Did(act.outcome), "alerts")

    @router.post(_SEND_AGAIN)
    async def send_again(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        form = await posted(request, visit)
        act = await acts.send_again(visit, form.get("alert_id", ""))
        return _to(act.account_id, Did(act.outcome), "alerts")

    return router


ACCOUNT = ConsolePage(
    path=PATH,
    titles={locale: texts.title for locale, texts in ACCOUNT_TEXTS.items()},
    routes=routes,
    in_navigation=False,
)


def _to(account_id: str, done: Did, part: str) -> Response:
    """Back to the page, which says what was done: to load it again does nothing again."""
    return RedirectResponse(f"{AccountView().address(account_id)}?did={done}#{part}", 303)
