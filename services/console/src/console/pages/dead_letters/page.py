"""Dead letters: what was set aside, why, and what to do; a preview of what would be sent again, and the act."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import RedirectResponse

from console.access.roles import Act
from console.clients.dead_letters import DeadLetterClient, Letter, ResendOutcome
from console.errors import ApiRefused, ApiUnavailable
from console.pages.dead_letters.texts import DEAD_LETTERS_TEXTS, DeadLettersTexts
from console.pages.dead_letters.view import PATH, ROWS, ChosenLetters, LettersView, chosen_letters, view_of
from console.web.audited import ActResult, audited_act
from console.web.forms import posted
from console.web.page import ConsolePage, PageParts
from console.web.texts import LAYOUT
from console.web.view import view_in_address, view_in_form
from console.web.visit import Visit


def routes(parts: PageParts) -> APIRouter:
    router = APIRouter()
    signed_in = Depends(parts.visits.signed_in)
    client = DeadLetterClient(parts.ingest)

    async def listed(request: Request, visit: Visit, view: LettersView, *, mistake: str = "") -> Response:
        found, notices, text = None, [], DEAD_LETTERS_TEXTS[visit.locale]
        try:
            found = await client.letters(view.filters, limit=ROWS)
        except ApiUnavailable as error:
            notices.append(LAYOUT[visit.locale].away_of(error))
        except ApiRefused as error:
            mistake = mistake or text.not_taken.format(error.detail)
        letters = [] if found is None else found.letters[::-1]
        return parts.renderer.page(
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
            report=await _report(parts, visit, view),
            mistake=mistake,
            notices=notices,
            list_path=PATH,
        )

    @router.get(PATH)
    async def dead_letters(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        visit.require(Act.RESEND_LETTERS)
        return await listed(request, visit, view_in_address(view_of, request))

    @router.post(PATH + "/preview")
    async def preview(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        """Sends nothing."""
        visit.require(Act.RESEND_LETTERS)
        view, chosen = await _form(request, visit)
        text = DEAD_LETTERS_TEXTS[visit.locale]
        if chosen.is_nothing(view.filters):
            return await listed(request, visit, view, mistake=text.nothing_chosen)
        try:
            planned = await client.resend(view.filters, chosen.positions, again=chosen.again, dry_run=True)
        except ApiRefused as error:
            return await listed(request, visit, view, mistake=text.not_taken.format(error.detail))
        return parts.renderer.page(
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

    @router.post(PATH + "/resend")
    async def resend(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        visit.require(Act.RESEND_LETTERS)
        view, chosen = await _form(request, visit)
        text = DEAD_LETTERS_TEXTS[visit.locale]
        if chosen.is_nothing(view.filters):
            return await listed(request, visit, view, mistake=text.nothing_chosen)
        asked: dict[str, Any] = {**view.filters, "again": chosen.again}
        if chosen.positions:
            asked["letters"] = list(chosen.positions)
        asking = client.resend(view.filters, chosen.positions, again=chosen.again, dry_run=False)
        try:
            done = await audited_act(
                parts.audit,
                visit,
                Act.RESEND_LETTERS,
                asking,
                subject=None,
                details=asked,
                result_of=lambda report: ActResult(details=_said(report)),
            )
        except ApiRefused as error:
            return await listed(request, visit, view, mistake=text.not_taken.format(error.detail))
        return RedirectResponse(view.address(**({} if done.row is None else {"report": str(done.row)})), 303)

    return router


DEAD_LETTERS = ConsolePage(
    path=PATH,
    titles={locale: texts.title for locale, texts in DEAD_LETTERS_TEXTS.items()},
    routes=routes,
    act=Act.RESEND_LETTERS,
    in_navigation=False,
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
