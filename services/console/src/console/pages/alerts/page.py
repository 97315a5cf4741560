"""Alerts: what was told to whom, what waits, what failed and why; and the acts on them."""

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from msgspec import Struct
from pydantic import ValidationError
from starlette.responses import RedirectResponse

from common.contracts.signals import Severity
from console.access.roles import Act
from console.clients.alerts import AlertInList, AlertOwnersAnswer, AlertsAnswer, AlertsReader, OneAlert
from console.errors import ApiRefused, ApiUnavailable, Forbidden, ServiceName
from console.pages.alerts.shown import AlertWords, ShownAlert, shown_alert
from console.pages.alerts.texts import ALERTS_TEXTS, AlertsTexts
from console.pages.alerts.view import PATH, ROWS, STATES, STATUSES, AlertsView, after_act, alerts_view_of
from console.postgres.audit import ActOutcome, AuditEntry
from console.web.forms import posted
from console.web.page import ConsolePage, PageParts
from console.web.texts import LAYOUT
from console.web.visit import Visit

_OWNERS: Final = 200
_MOST_NOTE: Final = 2_000
_SEVERITIES: Final = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)

Part = TypeVar("Part")


class AlertsContent(Struct, frozen=True, kw_only=True):
    """What the page shows. `own` are the accounts of the person; None of who leads, and if scoring did not say:
    then it goes by whom the alert named."""

    view: AlertsView
    owners: AlertOwnersAnswer | None = None
    listed: AlertsAnswer | None = None
    acted: OneAlert | None = None
    own: frozenset[str] | None = None
    scoring_away: bool = False

    def may(self, visit: Visit, alert: AlertInList) -> bool:
        if visit.may(Act.ACKNOWLEDGE):
            return True
        return visit.user.owns(alert.owner) if self.own is None else alert.account_id in self.own


def routes(parts: PageParts) -> APIRouter:
    router = APIRouter()
    signed_in = Depends(parts.visits.signed_in)
    client = AlertsReader(parts.alerts)
    acts = AlertActs(parts, client)

    @router.get(PATH)
    async def alerts(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        view = _asked(request)
        filters = view.filters(datetime.now(UTC))
        if view.group_by:
            owners = await client.owners(filters, limit=_OWNERS)
            return _page(parts, request, visit, AlertsContent(view=view, owners=owners))
        listed, acted, own = await asyncio.gather(
            client.alerts(filters, limit=ROWS, cursor=view.cursor),
            _acted(client, view),
            _or_away(_own(parts, visit)),
        )
        content = AlertsContent(
            view=view,
            listed=listed,
            acted=acted,
            own=None if isinstance(own, ApiUnavailable) else own,
            scoring_away=isinstance(own, ApiUnavailable),
        )
        return _page(parts, request, visit, content)

    @router.post(PATH + "/acknowledge")
    async def acknowledge(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        fields = await posted(request, visit)
        note = fields.get("note", "").replace("\0", "").strip()[:_MOST_NOTE] or None
        outcome = await acts.acknowledge(visit, _alert_id(fields), note=note)
        return _back(fields, outcome)

    @router.post(PATH + "/resend")
    async def resend(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        fields = await posted(request, visit)
        return _back(fields, await acts.resend(visit, _alert_id(fields)))

    return router


ALERTS = ConsolePage(path=PATH, titles={locale: texts.title for locale, texts in ALERTS_TEXTS.items()}, routes=routes)


class AlertActs:
    """Each has a row in the audit before alerts is asked, and one of what it answered."""

    def __init__(self, parts: PageParts, client: AlertsReader) -> None:
        self._parts = parts
        self._client = client

    async def acknowledge(self, visit: Visit, alert_id: str, *, note: str | None) -> str:
        alert = await self._allowed(visit, Act.ACKNOWLEDGE, alert_id)
        entry = _entry(visit, Act.ACKNOWLEDGE, alert, note=note)
        await self._parts.audit.record(entry(ActOutcome.ASKED))
        try:
            found = await self._client.acknowledge(alert_id, by=visit.user.email, note=note)
        except (ApiRefused, ApiUnavailable):
            await self._parts.audit.record(entry(ActOutcome.FAILED))
            raise
        # The first who takes an episode in hand keeps it.
        mine = found.by == visit.user.email
        await self._parts.audit.record(entry(ActOutcome.DONE if mine else ActOutcome.REFUSED, by=found.by))
        return "acknowledged"

    async def resend(self, visit: Visit, alert_id: str) -> str:
        alert = await self._allowed(visit, Act.RESEND, alert_id)
        entry = _entry(visit, Act.RESEND, alert)
        await self._parts.audit.record(entry(ActOutcome.ASKED))
        try:
            found = await self._client.resend(alert_id)
        except ApiRefused as refused:
            await self._parts.audit.record(entry(ActOutcome.REFUSED, reason=refused.code))
            if refused.code != "nothing_failed":
                raise
            # Somebody else was faster, or it was pressed twice.
            return "nothing_failed"
        except ApiUnavailable:
            await self._parts.audit.record(entry(ActOutcome.FAILED))
            raise
        await self._parts.audit.record(entry(ActOutcome.DONE, messages=list(found.notification_ids)))
        return "resent"

    async def _allowed(self, visit: Visit, act: Act, alert_id: str) -> OneAlert:
        """Raises `Forbidden` but for the owner whom the account has now, and who leads."""
        alert = await self._client.alert(alert_id)
        if visit.may(act):
            return alert
        try:
            owner = await self._parts.scoring.owner_of(alert.account_id)
        except ApiRefused as error:
            raise Forbidden(f"scoring has no owner of {alert.account_id}: {error}") from error
        visit.require(act, owner=owner)
        return alert


class _entry:  # noqa: N801 (called like a function)
    """Makes the rows of one act, which differ in the outcome alone."""

    def __init__(self, visit: Visit, act: Act, alert: OneAlert, **details: Any) -> None:
        self._visit, self._act, self._alert = visit, act, alert
        self._details = {"account_id": alert.account_id, **details}

    def __call__(self, outcome: ActOutcome, **details: Any) -> AuditEntry:
        found = {name: value for name, value in {**self._details, **details}.items() if value is not None}
        user = self._visit.user
        return AuditEntry(
            who=user.email, role=user.role, act=self._act, outcome=outcome, subject=self._alert.id, details=found
        )


def _back(fields: Mapping[str, str], outcome: str) -> Response:
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


def _asked(request: Request) -> AlertsView:
    try:
        return alerts_view_of(request.query_params)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**fault, "loc": ("query", *fault["loc"])} for fault in faults]) from error


def _page(parts: PageParts, request: Request, visit: Visit, content: AlertsContent) -> Response:
    locale, view, listed = visit.locale, content.view, content.listed
    text, formats = ALERTS_TEXTS[locale], parts.renderer.formats(locale)
    rows: list[ShownAlert] = []
    if listed is not None:
        words = AlertWords(text, parts.names, formats)
        rows = [shown_alert(one, words, may=content.may(visit, one)) for one in listed.alerts]
    notices = []
    if content.scoring_away:
        notices.append(LAYOUT[locale].away.format(LAYOUT[locale].services[ServiceName.SCORING]))
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
    if view.outcome == "acknowledged" and acted.acknowledgement is not None:
        by = acted.acknowledgement.by
        return text.taken_by_you.format(of) if by == visit.user.email else text.taken_before.format(of, by)
    if view.outcome == "resent":
        return text.resent.format(of)
    return text.nothing_failed.format(of) if view.outcome == "nothing_failed" else ""


async def _acted(client: AlertsReader, view: AlertsView) -> OneAlert | None:
    """None if the person has not just acted, or the alert is gone."""
    if view.acted is None:
        return None
    try:
        return await client.alert(view.acted)
    except ApiRefused:
        return None


async def _own(parts: PageParts, visit: Visit) -> frozenset[str] | None:
    """None for who may act on all accounts, or has too many of their own."""
    return None if visit.may(Act.ACKNOWLEDGE) else await parts.scoring.owned_ids(visit.user.email)


async def _or_away(asked: Awaitable[Part]) -> Part | ApiUnavailable:
    """The service that is away as a value, so that the rest of the page is shown."""
    try:
        return await asked
    except ApiUnavailable as error:
        return error
