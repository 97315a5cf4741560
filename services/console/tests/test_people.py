"""The people of the console: invited, changed, disabled and enabled by an administrator, of whom one always stays."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from console.access.roles import Role
from console.postgres.users import LastAdministrator
from support.console import ConsoleSite, console_site, form_token

PATH = "/admin/users"
MARKUP = "<script>alert(1)</script>"


@pytest.fixture
async def site(database: str) -> AsyncIterator[ConsoleSite]:
    async with console_site(database) as built:
        await built.execute("TRUNCATE console.session, console.sign_in_link, console.console_user")
        yield built


@pytest.fixture
async def browser(site: ConsoleSite) -> AsyncIterator[httpx.AsyncClient]:
    """Of Ann, who is the only administrator."""
    signed_in = await site.signed_in("ann@example.com", Role.ADMIN)
    yield signed_in
    await signed_in.aclose()


async def post(browser: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    return await browser.post(PATH + path, data={**fields, "form_token": form_token(await browser.get("/audit"))})


async def audit(site: ConsoleSite) -> list[Any]:
    """What Ann did to people."""
    query = "SELECT role, subject, outcome, details FROM console.audit WHERE who = :who AND act = :act ORDER BY seq"
    return [tuple(row) for row in await site.rows(query, who="ann@example.com", act="managed users")]


def link_in(page: str) -> str:
    found = re.search(r'value="http://console\.test(/sign-in/link/[\w-]{43})"', page)
    assert found is not None, page
    return found[1]


async def test_an_invited_person_signs_in_by_a_link_that_is_shown_once(
    site: ConsoleSite, browser: httpx.AsyncClient
) -> None:
    answer = await post(browser, "/invite", email="Bob@Example.com", role="lead", name="Bob")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    link = link_in(answer.text)
    async with site.browser() as other:
        used = await other.post(link, data={"form_token": form_token(await other.get(link))})
        assert used.status_code == 303
        assert (await other.get("/audit")).status_code == 403
    token = link.rpartition("/")[2]
    for path in (PATH, "/audit"):
        assert token not in (await browser.get(path)).text
    assert not [row for row in await site.rows("SELECT audit::text FROM console.audit") if token in row[0]]
    assert await audit(site) == [
        ("admin", "bob@example.com", "done", {"role": "lead", "change": "created"}),
        ("admin", "bob@example.com", "done", {"change": "sign-in link"}),
    ]
    shown = (await browser.get(PATH)).text
    assert "bob@example.com" in shown
    again = await post(browser, "/invite", email="bob@example.com", role="admin")
    assert (again.status_code, "is here already" in again.text) == (422, True)
    assert (await site.users.find("bob@example.com")).role is Role.LEAD


async def test_who_was_seen_when_is_shown(site: ConsoleSite, browser: httpx.AsyncClient) -> None:
    await site.user("bob@example.com", name=MARKUP)
    by_email = {one.user.email: one.seen_at for one in await site.users.seen()}
    assert by_email["ann@example.com"] is not None
    assert by_email["bob@example.com"] is None
    shown = (await browser.get(PATH)).text
    assert shown.count("not known") == 1
    assert MARKUP not in shown


async def test_a_new_link_for_somebody(site: ConsoleSite, browser: httpx.AsyncClient) -> None:
    await site.user("bob@example.com")
    link = link_in((await post(browser, "/link", email="bob@example.com")).text)
    async with site.browser() as other:
        assert (await other.get(link)).status_code == 200
    unknown = await post(browser, "/link", email="nobody@example.com")
    assert (unknown.status_code, "is not here any more" in unknown.text) == (422, True)


async def test_roles_change_and_people_come_and_go(site: ConsoleSite, browser: httpx.AsyncClient) -> None:
    other = await site.signed_in("bob@example.com")
    answer = await post(browser, "/role", email="bob@example.com", role="admin")
    assert answer.status_code == 303
    assert "bob@example.com has the role administrator now." in (await browser.get(answer.headers["location"])).text
    assert (await other.get("/audit")).status_code == 200, "from the next request on"
    answer = await post(browser, "/disable", email="bob@example.com")
    assert "bob@example.com is disabled." in (await browser.get(answer.headers["location"])).text
    assert (await other.get("/audit")).status_code == 303, "the session is over"
    answer = await post(browser, "/enable", email="bob@example.com")
    assert "bob@example.com may sign in again." in (await browser.get(answer.headers["location"])).text
    assert (await other.get("/audit")).status_code == 303
    assert await audit(site) == [
        ("admin", "bob@example.com", "done", {"role": "admin", "change": "role"}),
        ("admin", "bob@example.com", "done", {"change": "disabled"}),
        ("admin", "bob@example.com", "done", {"change": "enabled"}),
    ]
    # An address alone claims nothing.
    claimed = (await browser.get(f"{PATH}?did=disabled&whom=bob@example.com")).text
    assert 'id="done"' not in claimed
    await other.aclose()


async def test_a_link_of_somebody_who_was_disabled_works_no_more(site: ConsoleSite, browser: httpx.AsyncClient) -> None:
    await site.user("bob@example.com")
    link = link_in((await post(browser, "/link", email="bob@example.com")).text)
    await post(browser, "/disable", email="bob@example.com")
    await post(browser, "/enable", email="bob@example.com")
    async with site.browser() as other:
        page = await other.get(link)
        await other.post(link, data={"form_token": form_token(page)} if "form_token" in page.text else {})
        assert (await other.get("/system")).status_code == 303, "nobody has signed in"
    new = link_in((await post(browser, "/link", email="bob@example.com")).text)
    async with site.browser() as other:
        assert (await other.post(new, data={"form_token": form_token(await other.get(new))})).status_code == 303
        assert (await other.get("/system")).status_code == 200


@pytest.mark.parametrize(("path", "role"), [("/disable", ""), ("/role", "lead"), ("/role", "csm")])
async def test_the_last_administrator_stays(
    site: ConsoleSite, browser: httpx.AsyncClient, path: str, role: str
) -> None:
    await site.user("disabled@example.com", Role.ADMIN)
    await site.users.disable("disabled@example.com", by="command line")
    await site.user("lead@example.com", Role.LEAD)
    answer = await post(browser, path, email="ann@example.com", role=role)
    assert (answer.status_code, "is the last administrator" in answer.text) == (422, True)
    found = await site.users.find("ann@example.com")
    assert (found.role, found.disabled_at) == (Role.ADMIN, None)
    change = "disabled" if path == "/disable" else "role"
    assert await audit(site) == [
        ("admin", "ann@example.com", "refused", {"change": change, "reason": "last administrator"})
    ]
    # With another one they may go.
    await site.user("zoe@example.com", Role.ADMIN)
    assert (await post(browser, path, email="ann@example.com", role=role)).status_code == 303


async def test_two_administrators_cannot_take_each_others_role_at_once(site: ConsoleSite) -> None:
    for email in ("ann@example.com", "zoe@example.com"):
        await site.user(email, Role.ADMIN)
    outcomes = await asyncio.gather(
        site.users.change_role("ann@example.com", Role.CSM, by="zoe@example.com", by_role=Role.ADMIN),
        site.users.disable("zoe@example.com", by="ann@example.com", by_role=Role.ADMIN),
        return_exceptions=True,
    )
    assert [type(one) for one in outcomes if one is not None] == [LastAdministrator]


async def test_the_command_line_may_take_the_last_role(site: ConsoleSite) -> None:
    await site.user("ann@example.com", Role.ADMIN)
    await site.users.change_role("ann@example.com", Role.CSM, by="command line")
    assert (await site.users.find("ann@example.com")).role is Role.CSM


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/invite", {"email": "nobody", "role": "csm"}),
        ("/invite", {"email": "a@b", "role": "owner"}),
        ("/invite", {"email": "a b@example.com", "role": "csm"}),
        ("/invite", {"email": "a\0@example.com", "role": "csm"}),
        ("/role", {"email": "ann@example.com", "role": ""}),
        ("/role", {"email": "nobody@example.com", "role": "csm"}),
        ("/disable", {}),
        ("/enable", {"email": "nobody@example.com"}),
    ],
)
async def test_what_cannot_be_done_is_said(
    site: ConsoleSite, browser: httpx.AsyncClient, path: str, fields: dict[str, str]
) -> None:
    answer = await post(browser, path, **fields)
    assert (answer.status_code, 'id="mistake"' in answer.text) == (422, True)
    assert [one.email for one in await site.users.list()] == ["ann@example.com"]
    assert await audit(site) == []
