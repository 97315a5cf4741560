"""The pages of administrators over the services' own routes: what is done, what the audit has, and who may not."""

import re
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from common.contracts.events import Event, encode_events_record
from common.keys import Scope
from console.access.roles import Role
from ingest.in_memory import NOW
from support.administration import AdministeredServices, administered
from support.console import ConsoleSite, console_site, form_token

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


class Administrator:
    """An administrator who has signed in to the console."""

    def __init__(self, site: ConsoleSite, services: AdministeredServices, browser: httpx.AsyncClient) -> None:
        self.site = site
        self.services = services
        self.browser = browser

    async def post(self, path: str, **fields: str) -> httpx.Response:
        token = form_token(await self.browser.get("/audit"))
        return await self.browser.post(path, data={**fields, "form_token": token})

    async def audit(self) -> list[tuple[str | None, str, str | None, str, dict[str, Any]]]:
        """Of the administrator's acts, the oldest first: the role, the act, the subject, the outcome, the details."""
        query = "SELECT role, act, subject, outcome, details FROM console.audit WHERE who = :who ORDER BY seq"
        rows = await self.site.rows(query, who="ann@example.com")
        return [tuple(row) for row in rows if row.act != "signed in"]


@pytest.fixture
async def services(database: str) -> AsyncIterator[AdministeredServices]:
    async with administered(database) as running:
        yield running


@pytest.fixture
async def administrator(database: str, services: AdministeredServices) -> AsyncIterator[Administrator]:
    async with console_site(database, **asking(services)) as site:
        await site.execute("TRUNCATE console.session, console.sign_in_link, console.console_user")
        browser = await site.signed_in("ann@example.com", Role.ADMIN)
        yield Administrator(site, services, browser)
        await browser.aclose()


def asking(services: AdministeredServices, keys: Mapping[str, str] | None = None) -> dict[str, Any]:
    chosen = services.keys if keys is None else keys
    return {**services.transports, **{f"{service}_key": key for service, key in chosen.items()}}


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


def link_to(page: str, words: str) -> str:
    found = re.search(rf'<a href="([^"]*)"[^>]*>{words}', page)
    assert found is not None, page
    return found[1].replace("&amp;", "&")


def token_in(page: str) -> str:
    found = re.search(r"cs_[0-9a-f]{12}_[\w-]{43}", page)
    assert found is not None, page
    return found[0]


async def secrets_anywhere(administrator: Administrator, secret: str) -> list[str]:
    """Where a secret is stored in the console's tables, or shown by its pages."""
    rows = await administrator.site.rows("SELECT audit::text FROM console.audit")
    found = ["audit" for row in rows if secret in row[0]]
    for path in ("/admin/keys", "/admin/users", "/audit"):
        found += [path] if secret in (await administrator.browser.get(path)).text else []
    return found


async def test_a_key_is_made_and_shown_by_that_answer_alone(administrator: Administrator) -> None:
    fields = {"scope:events": "on", "scope:read": "on", "expires_days": "90"}
    answer = await administrator.post("/admin/keys/create", service="ingest", source="web", **fields)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert "location" not in answer.headers
    token = token_in(answer.text)
    key = (await administrator.services.store("ingest").active())[token.split("_")[1]].key
    assert (key.source, key.scopes) == ("web", frozenset({Scope.EVENTS, Scope.READ}))
    assert key.expires_at is not None
    assert await secrets_anywhere(administrator, token.split("_", 2)[2]) == []
    assert key.id in (await administrator.browser.get("/admin/keys")).text
    details = {
        "change": "created",
        "service": "ingest",
        "source": "web",
        "scopes": ["read", "events"],
        "expires_days": 90,
    }
    assert await administrator.audit() == [
        ("admin", "managed keys", None, "asked", details),
        ("admin", "managed keys", key.id, "done", details),
    ]


async def test_a_key_is_rotated(administrator: Administrator) -> None:
    old = (await administrator.services.store("scoring").create(source="bi", scopes=frozenset({Scope.READ}))).split(
        "_"
    )[1]
    answer = await administrator.post("/admin/keys/rotate", service="scoring", key=old, overlap_hours="2")
    token = token_in(answer.text)
    assert f"The old key {old} ends at" in answer.text
    active = await administrator.services.store("scoring").active()
    assert active[token.split("_")[1]].key.source == "bi"
    assert active[old].key.expires_at is not None
    assert await secrets_anywhere(administrator, token.split("_", 2)[2]) == []
    change = {"change": "rotated", "service": "scoring", "overlap_hours": 2}
    assert await administrator.audit() == [
        ("admin", "managed keys", old, "asked", change),
        ("admin", "managed keys", old, "done", {**change, "new": token.split("_")[1]}),
    ]


async def test_a_rotated_key_lives_as_long_as_the_old_one_and_the_page_says_until_when(
    administrator: Administrator,
) -> None:
    store = administrator.services.store("scoring")
    for lifetime in (timedelta(days=90), None):
        old = (await store.create(source="bi", scopes=frozenset({Scope.READ}), expires_after=lifetime)).split("_")[1]
        answer = await administrator.post("/admin/keys/rotate", service="scoring", key=old, overlap_hours="2")
        new = (await store.active())[token_in(answer.text).split("_")[1]].key
        assert new.expires_at == (lifetime and new.created_at + lifetime)
        assert ("It does not end by itself." in answer.text) is (lifetime is None)
        assert ("It ends at" in answer.text) is (lifetime is not None)


async def test_a_key_is_revoked_and_the_consoles_own_is_not(administrator: Administrator) -> None:
    store = administrator.services.store("alerts")
    other = (await store.create(source="bi", scopes=frozenset({Scope.READ}))).split("_")[1]
    done = await administrator.post("/admin/keys/revoke", service="alerts", key=other)
    assert (done.status_code, done.headers["location"]) == (303, f"/admin/keys?revoked={other}")
    page = (await administrator.browser.get(done.headers["location"])).text
    assert f"The key {other} has ended." in page
    assert other not in await store.active()
    own = administrator.services.keys["alerts"].split("_")[1]
    refused = await administrator.post("/admin/keys/revoke", service="alerts", key=own)
    assert (refused.status_code, "it would end itself" in refused.text) == (422, True)
    assert own in await store.active()
    assert [row[2:4] for row in await administrator.audit()] == [
        (other, "asked"),
        (other, "done"),
        (own, "asked"),
        (own, "refused"),
    ]
    # An address alone claims nothing.
    assert 'id="done"' not in (await administrator.browser.get(f"/admin/keys?revoked={own}")).text


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("create", {"service": "ingest", "source": "web"}),
        ("create", {"service": "console", "source": "web", "scope:read": "on"}),
        ("create", {"service": "ingest", "source": "The Web", "scope:read": "on"}),
        ("create", {"service": "ingest", "source": "web", "scope:read": "on", "expires_days": "0"}),
        ("create", {"service": "ingest", "source": "web", "scope:read": "on", "expires_days": "soon"}),
        # The console's own key of scoring has not the scope write.
        ("create", {"service": "scoring", "source": "web", "scope:write": "on"}),
        ("rotate", {"service": "ingest", "key": "nonsense", "overlap_hours": "1"}),
        ("rotate", {"service": "ingest", "key": "0" * 12, "overlap_hours": "-1"}),
        ("rotate", {"service": "ingest", "key": "0" * 12, "overlap_hours": "1"}),
        ("revoke", {"service": "ingest", "key": "0" * 12}),
        ("revoke", {"key": "0" * 12}),
    ],
)
async def test_what_cannot_be_done_to_a_key_is_said(
    administrator: Administrator, path: str, fields: dict[str, str]
) -> None:
    before = {service: await administrator.services.store(service).list() for service in administrator.services.keys}
    answer = await administrator.post(f"/admin/keys/{path}", **fields)
    assert (answer.status_code, 'id="mistake"' in answer.text) == (422, True)
    after = {service: await administrator.services.store(service).list() for service in administrator.services.keys}
    assert [(key.id, key.revoked_at) for keys in after.values() for key in keys] == [
        (key.id, key.revoked_at) for keys in before.values() for key in keys
    ]


async def many_keys(administrator: Administrator, *, active: int, revoked: int) -> tuple[list[str], list[str]]:
    """The ids of keys of ingest, the oldest first: those that can be used, and those that were revoked."""
    store = administrator.services.store("ingest")
    made = [
        (await store.create(source="web", scopes=frozenset({Scope.READ}))).split("_")[1]
        for _ in range(active + revoked)
    ]
    for key_id in made[active:]:
        await store.revoke(key_id)
    return made[:active], made[active:]


def rows_of(page: str, service: str) -> list[str]:
    return re.findall(rf'<tr role="row" id="{service}-(\w+)"', page)


async def test_many_keys_are_shown_fifty_to_a_page_and_of_each_service_alone(administrator: Administrator) -> None:
    active, _ = await many_keys(administrator, active=120, revoked=0)
    own = administrator.services.keys["ingest"].split("_")[1]
    newest = [*active[::-1], own]
    page = (await administrator.browser.get("/admin/keys")).text
    assert rows_of(page, "ingest") == newest[:50]
    assert len(rows_of(page, "scoring")) == 1
    second = (await administrator.browser.get(link_to(page, "Next page"))).text
    assert rows_of(second, "ingest") == newest[50:100]
    assert rows_of(second, "scoring") == []
    third = (await administrator.browser.get(link_to(second, "Next page"))).text
    assert rows_of(third, "ingest") == newest[100:]
    assert "Next page" not in third
    assert link_to(third, "Previous page") == "/admin/keys?service=ingest&page=2"
    assert rows_of((await administrator.browser.get(link_to(third, "Keys of all services"))).text, "alerts") != []


async def test_keys_that_have_ended_are_shown_only_on_request(administrator: Administrator) -> None:
    active, revoked = await many_keys(administrator, active=1, revoked=60)
    page = (await administrator.browser.get("/admin/keys")).text
    assert [one for one in revoked if one in page] == []
    assert "Keys that have ended (60)" in page
    ended = (await administrator.browser.get("/admin/keys?service=ingest&state=ended")).text
    assert "/admin/keys?service=ingest&amp;state=ended" in page
    assert [one for one in revoked if one in ended] == revoked[10:]
    older = (await administrator.browser.get(link_to(ended, "Next page"))).text
    assert [one for one in revoked if one in older] == revoked[:10]
    assert active[0] not in older
    assert 'action="/admin/keys' not in older, "nothing can be done to them"
    # The page of what was revoked just now says so, also if it is among many.
    done = (await administrator.browser.get(f"/admin/keys?revoked={revoked[0]}")).text
    assert f"The key {revoked[0]} has ended." in done


@pytest.mark.parametrize("query", ["service=console", "state=lost", "page=0", "page=many", "page=1000001"])
async def test_an_address_of_keys_that_cannot_be_used_is_refused(administrator: Administrator, query: str) -> None:
    assert (await administrator.browser.get(f"/admin/keys?{query}")).status_code == 422


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
