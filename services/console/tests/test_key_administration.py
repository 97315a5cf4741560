"""The page of API keys over the services' own routes: made, rotated, revoked, and shown once."""

import re
from datetime import timedelta

import pytest

from common.keys import Scope
from support.administrator import Administrator


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
