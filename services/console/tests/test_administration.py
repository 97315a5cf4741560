"""The pages of administrators over the services' own routes: what is done, what the audit has, and who may not."""

import re

import pytest
from structlog.testing import capture_logs

from common.contracts.events import Event, encode_events_record
from common.keys import Scope
from console.access.roles import Role
from ingest.in_memory import NOW
from support.administration import AdministeredServices
from support.administrator import Administrator, asking
from support.console import console_site, form_token

PAGES = ("/admin", "/admin/users", "/admin/keys", "/admin/dead-letters", "/admin/erasures", "/admin/erasures/e-1")
ACTS = (
    "/admin/users/invite",
    "/admin/users/link",
    "/admin/users/role",
    "/admin/users/disable",
    "/admin/users/enable",
    "/admin/keys/create",
    "/admin/keys/rotate",
    "/admin/keys/revoke",
    "/admin/dead-letters/preview",
    "/admin/dead-letters/resend",
    "/admin/erasures/confirm",
    "/admin/erasures/erase",
    "/admin/erasures/e-1/lift",
)
MARKUP = "<script>alert(1)</script>"


def record(number: int, account: str = "acme") -> bytes:
    return encode_events_record(Event(f"e-{number}", account, "report.opened", NOW, "web", NOW, None))


@pytest.mark.parametrize("role", [Role.CSM, Role.LEAD])
async def test_nobody_else_sees_or_does_anything(administrator: Administrator, role: Role) -> None:
    browser = await administrator.site.signed_in("bob@example.com", role)
    token = form_token(await browser.get("/system"))
    for path in PAGES:
        answer = await browser.get(path)
        assert (answer.status_code, "You may not do this" in answer.text) == (403, True), path
    for path in ACTS:
        answer = await browser.post(path, data={"form_token": token, "email": "ann@example.com", "role": "csm"})
        assert answer.status_code == 403, path
    assert "/admin" not in (await browser.get("/system")).text
    assert await administrator.audit() == []
    await browser.aclose()


async def test_a_form_of_another_session_does_nothing(administrator: Administrator) -> None:
    for path in ACTS:
        answer = await administrator.browser.post(path, data={"form_token": "another", "email": "ann@example.com"})
        assert answer.status_code == 403, path
    assert await administrator.audit() == []


async def test_the_pages_are_found_from_the_navigation(administrator: Administrator) -> None:
    assert 'href="/admin"' in (await administrator.browser.get("/audit")).text
    shown = (await administrator.browser.get("/admin")).text
    for path in PAGES[1:5]:
        assert f'href="{path}"' in shown
        assert (await administrator.browser.get(path)).status_code == 200, path


# Erasures


async def test_an_account_is_erased_after_its_id_was_typed_twice(administrator: Administrator) -> None:
    confirm = await administrator.post("/admin/erasures/confirm", kind="account", id="acme")
    assert confirm.status_code == 200
    assert "This cannot be undone" in confirm.text
    wrong = await administrator.post("/admin/erasures/erase", kind="account", id="acme", again="acme ")
    assert (wrong.status_code, "This is not the same id" in wrong.text) == (422, True)
    assert (await administrator.services.ingest.erasures.newest(most=9), await administrator.audit()) == ([], [])
    answer = await administrator.post("/admin/erasures/erase", kind="account", id="acme", again="acme")
    (erasure,) = await administrator.services.ingest.erasures.newest(most=9)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/admin/erasures/{erasure.erasure_id}?did=erased")
    await administrator.services.scoring_reads(erasure.erasure_id)
    page = (await administrator.browser.get(answer.headers["location"])).text
    assert "The erasure is in force" in page
    assert "1 of 1" in page
    assert "states" in page
    assert "not read yet" in page, "alerts has not"
    assert "Mar 15, 2026" in page
    assert erasure.erasure_id in (await administrator.browser.get("/admin/erasures")).text
    kind = {"kind": "account"}
    assert await administrator.audit() == [
        ("admin", "erased", None, "asked", kind),
        ("admin", "erased", erasure.erasure_id, "done", kind),
    ]


async def test_the_audit_never_has_the_id_of_whom_it_erased(administrator: Administrator) -> None:
    confirm = await administrator.post("/admin/erasures/confirm", kind="user", id="carol@customer.example")
    assert "under a random substitute" in confirm.text
    done = await administrator.post(
        "/admin/erasures/erase", kind="user", id="carol@customer.example", again="carol@customer.example"
    )
    assert done.status_code == 303
    assert "carol" not in done.headers["location"]
    rows = await administrator.site.rows("SELECT audit::text FROM console.audit")
    assert not [row for row in rows if "carol" in row[0]]
    assert "carol" not in (await administrator.browser.get(done.headers["location"])).text


async def test_a_log_never_has_the_id_of_a_person_who_is_erased(administrator: Administrator, database: str) -> None:
    """Ingest does not answer, so the console says so in its log."""
    asked = asking(administrator.services)
    del asked["ingest"]
    async with console_site(database, **asked) as site:
        browser = await site.signed_in("other@example.com", Role.ADMIN)
        token = form_token(await browser.get("/audit"))
        erase = {"kind": "user", "id": "carol@customer", "again": "carol@customer", "form_token": token}
        with capture_logs() as logged:
            answer = await browser.post("/admin/erasures/erase", data=erase)
        await browser.aclose()
    assert (answer.status_code, "carol" in answer.text) == (503, False)
    assert "api.unavailable" in [line["event"] for line in logged]
    assert "carol" not in str(logged)


async def test_what_cannot_be_the_id_of_an_erasure_is_nothing(administrator: Administrator) -> None:
    for erasure_id in ("nul%00", "x" * 65, "%2E%2E"):
        assert (await administrator.browser.get(f"/admin/erasures/{erasure_id}")).status_code == 404
        assert (await administrator.post(f"/admin/erasures/{erasure_id}/lift")).status_code == 404
    assert await administrator.audit() == []


async def test_an_erasure_is_lifted(administrator: Administrator) -> None:
    done = await administrator.post("/admin/erasures/erase", kind="account", id="acme", again="acme")
    page = done.headers["location"].partition("?")[0]
    lifted = await administrator.post(f"{page}/lift")
    assert (lifted.status_code, lifted.headers["location"]) == (303, f"{page}?did=lifted")
    shown = (await administrator.browser.get(lifted.headers["location"])).text
    assert "later events count again" in shown
    assert f'action="{page}/lift"' not in shown
    erasure_id = page.rpartition("/")[2]
    change = {"change": "lifted"}
    assert (await administrator.audit())[2:] == [
        ("admin", "erased", erasure_id, "asked", change),
        ("admin", "erased", erasure_id, "done", change),
    ]
    assert (await administrator.post("/admin/erasures/nobody/lift")).status_code == 404
    assert (await administrator.audit())[-1][3] == "refused"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"kind": "account", "id": ""},
        {"kind": "company", "id": "acme"},
        {"kind": "account", "id": ".."},
        {"kind": "account", "id": "x" * 513},
        {"kind": "account", "id": "nul\0"},
    ],
)
async def test_what_names_nobody_is_not_erased(administrator: Administrator, fields: dict[str, str]) -> None:
    for path in ("/admin/erasures/confirm", "/admin/erasures/erase"):
        answer = await administrator.post(path, **fields, again=fields.get("id", ""))
        assert (answer.status_code, 'id="mistake"' in answer.text) == (422, True)
    assert (await administrator.audit(), await administrator.services.ingest.erasures.newest(most=9)) == ([], [])


async def test_an_account_leads_to_the_form_with_its_id(administrator: Administrator) -> None:
    shown = (await administrator.browser.get("/admin/erasures", params={"account": f'a/b "{MARKUP}'})).text
    assert "a/b &#34;&lt;script&gt;" in shown
    assert MARKUP not in shown


async def test_erasures_are_paged(administrator: Administrator) -> None:
    for number in range(51):
        await administrator.post("/admin/erasures/erase", kind="account", id=f"a-{number}", again=f"a-{number}")
    first = (await administrator.browser.get("/admin/erasures")).text
    older = re.search(r'href="(/admin/erasures\?cursor=[^"]+)"', first)
    assert older is not None
    oldest = (await administrator.services.ingest.erasures.newest(most=99))[-1].erasure_id
    assert oldest not in first
    rest = (await administrator.browser.get(older[1])).text
    assert oldest in rest
    assert "Newest" in rest


# Dead letters


async def test_chosen_letters_are_previewed_sent_again_and_reported(administrator: Administrator) -> None:
    good = await administrator.services.set_aside(record(1))
    bad = await administrator.services.set_aside(b"no json", reason="unreadable")
    listed = (await administrator.browser.get("/admin/dead-letters")).text
    assert "The scoring core raised an error" in listed
    assert "keep it off" in listed
    chosen = {f"letter:{good}": "on", f"letter:{bad}": "on"}
    preview = await administrator.post("/admin/dead-letters/preview", **chosen)
    assert "Letters that would be sent again: 1" in preview.text
    assert "Its content can never be read" in preview.text
    assert (administrator.services.ingest.events(), await administrator.audit()) == ([], [])
    sent = await administrator.post("/admin/dead-letters/resend", **chosen)
    assert sent.status_code == 303
    assert [event.event_id for event in administrator.services.ingest.events()] == ["e-1"]
    page = (await administrator.browser.get(sent.headers["location"])).text
    assert "Letters that were sent again: 1." in page
    assert "Its content can never be read" in page
    asked = {"letters": [good, bad], "again": False}
    report = {"sent": 1, "refused": {"unreadable": 1}, "complete": True}
    assert await administrator.audit() == [
        ("admin", "sent dead letters again", None, "asked", asked),
        ("admin", "sent dead letters again", None, "done", {**asked, **report}),
    ]
    again = await administrator.post("/admin/dead-letters/resend", **chosen)
    assert "Letters that were sent again: 0." in (await administrator.browser.get(again.headers["location"])).text
    assert len(administrator.services.ingest.events()) == 1
    await administrator.post("/admin/dead-letters/resend", **chosen, again="on")
    assert len(administrator.services.ingest.events()) == 2


async def test_all_that_match_a_filter_are_sent_again(administrator: Administrator) -> None:
    for number in range(3):
        await administrator.services.set_aside(record(number))
    await administrator.services.set_aside(b"no json", reason="unreadable")
    await administrator.post("/admin/dead-letters/resend", every="on", reason="core_failed")
    assert len(administrator.services.ingest.events()) == 3
    assert (await administrator.audit())[0][4] == {"reason": "core_failed", "again": False}


async def test_without_a_choice_nothing_is_sent(administrator: Administrator) -> None:
    await administrator.services.set_aside(record(1))
    for path in ("/admin/dead-letters/preview", "/admin/dead-letters/resend"):
        # All that match no filter would be the whole topic.
        for fields in ({}, {"every": "on"}, {"reason": "core_failed"}):
            answer = await administrator.post(path, **fields)
            assert (answer.status_code, "Choose letters first" in answer.text) == (422, True)
        wrong = await administrator.post(path, **{"letter:nowhere": "on"})
        assert (wrong.status_code, "Choose letters first" in wrong.text) == (422, True)
        hostile = await administrator.post(path, **{"letter:0:1\0": "on"})
        assert (hostile.status_code, "Choose letters first" in hostile.text) == (422, True)
    assert administrator.services.ingest.events() == []
    assert await administrator.audit() == []


async def test_letters_are_filtered_and_a_bad_filter_is_said(administrator: Administrator) -> None:
    await administrator.services.set_aside(record(1))
    await administrator.services.set_aside(b"no json", reason="unreadable")
    shown = (await administrator.browser.get("/admin/dead-letters", params={"reason": "unreadable", "since": ""})).text
    assert "e-1" not in shown
    assert "keep it off" in shown
    assert (await administrator.browser.get("/admin/dead-letters?since=yesterday")).status_code == 422
    assert (await administrator.browser.get("/admin/dead-letters?since=2026-03-02T12:00:00")).status_code == 422
    empty = await administrator.browser.get("/admin/dead-letters?until=2001-01-01")
    assert "No letter matches." in empty.text


async def test_a_report_is_shown_to_whoever_sent_and_is_not_taken_from_an_address(administrator: Administrator) -> None:
    position = await administrator.services.set_aside(record(1))
    sent = await administrator.post("/admin/dead-letters/resend", **{f"letter:{position}": "on"})
    other = await administrator.site.signed_in("zoe@example.com", Role.ADMIN)
    assert 'id="report"' in (await administrator.browser.get(sent.headers["location"])).text
    assert 'id="report"' not in (await other.get(sent.headers["location"])).text
    for claimed in ("1", "999999", "-1", str(2**64)):
        assert 'id="report"' not in (await administrator.browser.get(f"/admin/dead-letters?report={claimed}")).text
    await other.aclose()


async def test_records_are_shown_as_text(administrator: Administrator) -> None:
    value = encode_events_record(Event("e-1", MARKUP, "report.opened", NOW, MARKUP, NOW, None))
    await administrator.services.set_aside(value, reason=MARKUP)
    shown = (await administrator.browser.get("/admin/dead-letters")).text
    assert "&lt;script&gt;" in shown
    assert MARKUP not in shown


async def test_more_than_a_page_of_letters_leads_to_older_ones(administrator: Administrator) -> None:
    for number in range(60):
        await administrator.services.set_aside(record(number))
    shown = (await administrator.browser.get("/admin/dead-letters")).text
    assert shown.count('type="checkbox" name="letter:') == 50
    assert 'rel="next"' in shown


# Keys


# Without the scope


async def test_without_the_scope_admin_each_page_says_so(database: str, services: AdministeredServices) -> None:
    plain = {}
    for service, scopes in {
        "ingest": {Scope.READ, Scope.EVENTS},
        "scoring": {Scope.READ},
        "alerts": {Scope.READ},
    }.items():
        plain[service] = await services.store(service).create(source="console", scopes=frozenset(scopes))
    async with console_site(database, **asking(services, plain)) as site:
        browser = await site.signed_in("plain@example.com", Role.ADMIN)
        for path, most in (("/admin/keys", 3), ("/admin/dead-letters", 1), ("/admin/erasures", 1)):
            answer = await browser.get(path)
            assert answer.status_code == 200, path
            assert answer.text.count("needs the scope admin") == most, path
        token = form_token(await browser.get("/audit"))
        erase = {"kind": "account", "id": "acme", "again": "acme", "form_token": token}
        refused = await browser.post("/admin/erasures/erase", data=erase)
        assert (refused.status_code, "needs the scope admin" in refused.text) == (503, True)
        assert (await browser.get("/admin/users")).status_code == 200, "people need no key"
        await browser.aclose()
    assert await services.ingest.erasures.newest(most=9) == []


async def test_a_service_that_is_away_leaves_the_others(administrator: Administrator, database: str) -> None:
    """The site has no alerts: its keys are missing, and the page says which service is away."""
    asked = asking(administrator.services)
    del asked["alerts"]
    async with console_site(database, **asked) as site:
        browser = await site.signed_in("other@example.com", Role.ADMIN)
        page = (await browser.get("/admin/keys")).text
        assert "The alerts service does not answer" in page
        assert 'id="ingest"' in page
        assert 'id="alerts"' not in page
        done = await administrator.post("/admin/erasures/erase", kind="account", id="acme", again="acme")
        one = await browser.get(done.headers["location"])
        assert (one.status_code, "The alerts service does not answer" in one.text) == (200, True)
        await browser.aclose()
