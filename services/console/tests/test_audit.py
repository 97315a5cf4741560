"""The audit is for administrators, and says who did what, the newest first."""

import pytest
from structlog.testing import capture_logs

from common.database_errors import DatabaseUnavailable
from console.access.roles import Act, Role
from console.languages.locale import Locale
from console.postgres.audit import ActOutcome, AuditEntry, AuditTrail
from console.postgres.tables import ConsoleTables
from console.postgres.users import ConsoleUser
from console.web.audited import ActResult, audited_act
from console.web.visit import Visit
from support.console import ConsoleSite


@pytest.mark.parametrize("role", [Role.CSM, Role.LEAD])
async def test_nobody_else_reads_it(site: ConsoleSite, role: Role) -> None:
    browser = await site.signed_in("ann@example.com", role)
    answer = await browser.get("/audit")
    assert answer.status_code == 403
    assert "You may not do this" in answer.text
    assert "command line" not in answer.text
    await browser.aclose()


async def test_a_role_that_is_taken_away_counts_from_the_next_request_on(site: ConsoleSite) -> None:
    browser = await site.signed_in("ann@example.com", Role.ADMIN)
    assert (await browser.get("/audit")).status_code == 200
    await site.users.change_role("ann@example.com", Role.CSM, by="command line")
    assert (await browser.get("/audit")).status_code == 403
    await browser.aclose()


async def test_what_was_recorded_is_shown_page_by_page(site: ConsoleSite) -> None:
    trail = AuditTrail(ConsoleTables(site.engine, patience=10.0))
    browser = await site.signed_in("ann@example.com", Role.ADMIN)
    for number in range(130):
        entry = AuditEntry(
            who="bob@example.com",
            role=Role.CSM,
            act=Act.ACKNOWLEDGE,
            outcome=ActOutcome.DONE,
            subject=f"<b>account {number}</b>",
        )
        await trail.record(entry)
    page = (await browser.get("/audit")).text
    assert "acknowledged an alert" in page
    assert page.index("account 129") < page.index("account 128")
    assert "account 10&" not in page
    assert "<b>" not in page
    older = page.partition('href="/audit?before=')[2].partition('"')[0]
    assert "account 10&" in (await browser.get(f"/audit?before={older}")).text
    assert (await browser.get("/audit?before=nonsense")).status_code == 422
    await browser.aclose()


class LosesSecondRow(AuditTrail):
    """A database that goes away between the two rows of an act."""

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []

    async def record(self, entry: AuditEntry) -> int:
        if self.entries:
            raise DatabaseUnavailable("away")
        self.entries.append(entry)
        return 1


async def test_an_act_whose_second_row_is_lost_is_done_and_the_log_says_on_what() -> None:
    async def make() -> str:
        return "k-1"

    user = ConsoleUser(1, "ann@example.com", None, Role.ADMIN, None)
    trail, visit = LosesSecondRow(), Visit(user, "session", Locale.ENGLISH)
    with capture_logs() as logged:
        done = await audited_act(
            trail, visit, Act.MANAGE_KEYS, make(), subject=None, details={}, result_of=lambda made: ActResult(made)
        )
    assert (done.answer, done.row) == ("k-1", None)
    assert [entry.outcome for entry in trail.entries] == [ActOutcome.ASKED]
    (line,) = logged
    # Else nobody could say which key was made.
    assert (line["event"], line["subject"], line["outcome"]) == ("audit.outcome_missing", "k-1", "done")
