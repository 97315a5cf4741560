"""Alerts: what was told to whom, what waits, what failed and why; and the acts on them."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from msgspec import Struct
from pydantic import ValidationError
from starlette.responses import RedirectResponse

from common.contracts.signals import Severity
from console.access.roles import Act
from console.clients.alerts import AlertInList, AlertOwnersAnswer, AlertsAnswer, AlertsReader, OneAlert
from console.clients.asking import Asking, nothing
from console.errors import ServiceName
from console.pages.alerts.shown import AlertWords, ShownAlert, shown_alert
from console.pages.alerts.texts import ALERTS_TEXTS, AlertsTexts
from console.pages.alerts.view import PATH, ROWS, STATES, STATUSES, AlertsView, after_act, alerts_view_of
from console.web.alert_acts import AlertActOutcome, AlertActs
from console.web.forms import posted
from console.web.notices import away_notices
from console.web.page import ConsolePage, PageParts
from console.web.view import view_in_address
from console.web.visit import Visit

_OWNERS: Final = 200
_SEVERITIES: Final = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)


class AlertsContent(Struct, frozen=True, kw_only=True):
    """What the page shows. `own` are the accounts of the person; None of who leads, and if scoring did not say:
    then it goes by whom the alert named."""

    view: AlertsView
    owners: AlertOwnersAnswer | None = None
    listed: AlertsAnswer | None = None
    acted: OneAlert | None = None
    own: frozenset[str] | None = None
    away: tuple[ServiceName, ...] = ()

    def may(self, visit: Visit, alert: AlertInList) -> bool:
        if visit.may(Act.ACKNOWLEDGE):
            return True
        return visit.user.owns(alert.owner) if self.own is None else alert.account_id in self.own


def routes(parts: PageParts) -> APIRouter:
    router = APIRouter()
    signed_in = Depends(parts.visits.signed_in)
    client = AlertsReader(parts.alerts)
    acts = AlertActs(client, parts.scoring, parts.audit)

    @router.get(PATH)
    async def alerts(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        view = view_in_address(alerts_view_of, request)
        filters = view.filters(datetime.now(UTC))
        if view.group_by:
            owners = await client.owners(filters, limit=_OWNERS)
            return _page(parts, request, visit, AlertsContent(view=view, owners=owners))
        # Of the alert acted on only a word is shown, and it may be gone.
        asking, asking_acted, asking_owner = Asking(), Asking(), Asking()
        listed, acted, own = await asyncio.gather(
            asking.of(client.alerts(filters, limit=ROWS, cursor=view.cursor)),
            asking_acted.of(client.alert(view.acted)) if view.acted else nothing(),
            asking_owner.of(_own(parts, visit)),
        )
        asking.check(listed)
        asking_owner.check()
        content = AlertsContent(view=view, listed=listed, acted=acted, own=own, away=asking_owner.away)
        return _page(parts, request, visit, content)

    @router.post(PATH + "/acknowledge")
    async def acknowledge(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        fields = await posted(request, visit)
        act = await acts.acknowledge(visit, _alert_id(fields), note=fields.get("note", ""))
        return _back(fields, act.outcome)

    @router.post(PATH + "/resend")
    async def resend(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        fields = await posted(request, visit)
        act = await acts.send_again(visit, _alert_id(fields))
        return _back(fields, act.outcome)

    return router


ALERTS = ConsolePage(path=PATH, titles={locale: texts.title for locale, texts in ALERTS_TEXTS.items()}, routes=routes)


def _back(fields: Mapping[str, str], outcome: AlertActOutcome) -> Response:
    try:
        where = after_act(fields.get("next", PATH), alert_id=_alert_id(fields), outcome=outcome)
    except ValidationError:
        where = PATH
    return RedirectResponse(where, 303)


def _alert_id(fields: Mapping[str, str]) -> str:
    found = fields.get("alert", "")
    if not found or len(found) > 200 or "\0" in found:
        raise RequestValidationError([{"loc": ("body", "alert"), "msg": "names no alert", "type": "value_error"}])
    return found


def _page(parts: PageParts, request: Request, visit: Visit, content: AlertsContent) -> Response:
    locale, view, listed = visit.locale, content.view, content.listed
    text, formats = ALERTS_TEXTS[locale], parts.renderer.formats(locale)
    rows: list[ShownAlert] = []
    if listed is not None:
        words = AlertWords(text, parts.names, formats)
        rows = [shown_alert(one, words, may=content.may(visit, one)) for one in listed.alerts]
    notices = away_notices(content.away, formats)
    return parts.renderer.page(
        "pages/alerts/alerts.html",
        request,
        visit,
        text=text,
        view=view,
        rows=rows,
        owners=content.owners,
        acted=None if content.acted is None else _acted_words(content.acted, view, visit, text),
        next=None if listed is None or listed.next_cursor is None else view.next_address(listed.next_cursor),
        previous=view.previous_address(),
        notices=notices,
        severities={one.value: text.severities[one] for one in _SEVERITIES},
        states={one: text.states[one] for one in STATES},
        statuses={one: text.statuses[one] for one in STATUSES},
    )


def _acted_words(acted: OneAlert, view: AlertsView, visit: Visit, text: AlertsTexts) -> str:
    """By what stands now, not by what the address claims."""
    of = acted.name or acted.account_id
    if view.outcome is AlertActOutcome.SENT_AGAIN:
        return text.resent.format(of)
    if view.outcome is AlertActOutcome.NOTHING_FAILED:
        return text.nothing_failed.format(of)
    if view.outcome is None or acted.acknowledgement is None:
        return ""
    by = acted.acknowledgement.by
    return text.taken_by_you.format(of) if by == visit.user.email else text.taken_before.format(of, by)


async def _own(parts: PageParts, visit: Visit) -> frozenset[str] | None:
    """None for who may act on all accounts, or has too many of their own."""
    return None if visit.may(Act.ACKNOWLEDGE) else await parts.scoring.owned_ids(visit.user.email)
