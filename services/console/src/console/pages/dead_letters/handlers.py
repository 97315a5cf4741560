"""What the routes of the dead letters do: list, preview what would be sent again, send it."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response
from starlette.responses import RedirectResponse

from console.access.roles import Act
from console.clients.dead_letters import DeadLetterClient, Letter, ResendOutcome
from console.errors import ApiRefused, ApiUnavailable
from console.pages.dead_letters.texts import DEAD_LETTERS_TEXTS, DeadLettersTexts
from console.pages.dead_letters.view import PATH, ROWS, ChosenLetters, LettersView, chosen_letters, view_of
from console.web.audited import ActResult, AuditedAct, audited_act
from console.web.forms import posted
from console.web.page import PageParts
from console.web.texts import LAYOUT
from console.web.view import view_in_address, view_in_form
from console.web.visit import Visit


class DeadLetterHandlers:
    """Raises `Forbidden`, `StaleForm`, `ApiUnavailable` and `DatabaseUnavailable`. A mistake in a form is said on the
    list.
    """

    def __init__(self, parts: PageParts) -> None:
        self._parts = parts
        self._client = DeadLetterClient(parts.ingest)

    async def listed(self, request: Request, visit: Visit) -> Response:
        visit.require(Act.RESEND_LETTERS)
        return await self._list_page(request, visit, view_in_address(view_of, request))

    async def preview(self, request: Request, visit: Visit) -> Response:
        """Sends nothing."""
        visit.require(Act.RESEND_LETTERS)
        view, chosen = await _form(request, visit)
        text = DEAD_LETTERS_TEXTS[visit.locale]
        if chosen.is_nothing(view.filters):
            return await self._list_page(request, visit, view, mistake=text.nothing_chosen)
        try:
            planned = await self._client.resend(view.filters, chosen.positions, again=chosen.again, dry_run=True)
        except ApiRefused as error:
            return await self._list_page(request, visit, view, mistake=text.not_taken.format(error.detail))
        return self._parts.renderer.page(
            "pages/dead_letters/preview.html",
            request,
            visit,
            here=view.address(),
            text=text,
            view=view,
            planned=planned,
            fields={**view.filters, **chosen.fields},
            list_path=PATH,
        )

    async def resend(self, request: Request, visit: Visit) -> Response:
        visit.require(Act.RESEND_LETTERS)
        view, chosen = await _form(request, visit)
        text = DEAD_LETTERS_TEXTS[visit.locale]
        if chosen.is_nothing(view.filters):
            return await self._list_page(request, visit, view, mistake=text.nothing_chosen)
        try:
            done = await self._resent(visit, view, chosen)
        except ApiRefused as error:
            return await self._list_page(request, visit, view, mistake=text.not_taken.format(error.detail))
        return RedirectResponse(view.address(**({} if done.row is None else {"report": str(done.row)})), 303)

    async def _resent(self, visit: Visit, view: LettersView, chosen: ChosenLetters) -> AuditedAct[ResendOutcome]:
        """Raises `ApiRefused`."""
        asked: dict[str, Any] = {**view.filters, "again": chosen.again}
        if chosen.positions:
            asked["letters"] = list(chosen.positions)
        return await audited_act(
            self._parts.audit,
            visit,
            Act.RESEND_LETTERS,
            self._client.resend(view.filters, chosen.positions, again=chosen.again, dry_run=False),
            subject=None,
            details=asked,
            result_of=lambda report: ActResult(details=_said(report)),
        )

    async def _list_page(self, request: Request, visit: Visit, view: LettersView, *, mistake: str = "") -> Response:
        found, notices, text = None, [], DEAD_LETTERS_TEXTS[visit.locale]
        try:
            found = await self._client.letters(view.filters, limit=ROWS)
        except ApiUnavailable as error:
            notices.append(LAYOUT[visit.locale].away_of(error))
        except ApiRefused as error:
            mistake = mistake or text.not_taken.format(error.detail)
        letters = [] if found is None else found.letters[::-1]
        return self._parts.renderer.page(
            "pages/dead_letters/dead_letters.html",
            request,
            visit,
            status=422 if mistake else 200,
            here=view.address() if mistake else None,
            text=text,
            view=view,
            found=found,
            rows=[(letter, *_words(letter, text)) for letter in letters],
            older=view.older_than(letters[-1]) if len(letters) == ROWS else None,
            report=await _report(self._parts, visit, view),
            mistake=mistake,
            notices=notices,
            list_path=PATH,
        )


async def _form(request: Request, visit: Visit) -> tuple[LettersView, ChosenLetters]:
    form = await posted(request, visit)
    return view_in_form(view_of, form), chosen_letters(form)


def _words(letter: Letter, text: DeadLettersTexts) -> tuple[str, str, bool]:
    """What the reason means, what to do, and whether that is in English whatever the page's language is."""
    own = text.of_ingest if letter.origin == "ingest" else text.reasons.get(letter.reason)
    return (letter.means, letter.do, True) if own is None else (*own, False)


def _said(report: ResendOutcome) -> dict[str, Any]:
    """For the audit. Details of refusals quote records, so they are left out."""
    return {"sent": report.sent, "refused": dict(report.refused), "complete": report.complete}


async def _report(parts: PageParts, visit: Visit, view: LettersView) -> Mapping[str, Any] | None:
    """What this person has just sent, by the audit and not by what an address claims."""
    if view.report is None or not 0 < view.report < 2**63:
        return None
    row = await parts.audit.row(view.report, who=visit.user.email, act=Act.RESEND_LETTERS)
    return row.details if row is not None and "sent" in row.details else None
