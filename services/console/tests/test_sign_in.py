"""Signing in by a link, sessions, and what a browser is told."""

from datetime import timedelta

import pytest

from console.access.roles import Role
from support.console import ConsoleSite, console_site, form_token


async def test_a_link_is_not_used_up_by_looking_at_it(site: ConsoleSite) -> None:
    """Mail programs open links to look behind them."""
    link = await site.link(await site.user("ann@example.com"))
    async with site.browser() as scanner, site.browser() as browser:
        for _ in range(3):
            assert (await scanner.get(link)).status_code == 200
        assert (await scanner.head(link)).status_code == 405
        answer = await browser.post(link, data={"form_token": form_token(await browser.get(link))})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert (await browser.get("/portfolio")).status_code == 503  # signed in, and scoring is away


async def test_a_link_works_once(site: ConsoleSite) -> None:
    link = await site.link(await site.user("ann@example.com"))
    async with site.browser() as first, site.browser() as second:
        tokens = [form_token(await browser.get(link)) for browser in (first, second)]
        assert (await first.post(link, data={"form_token": tokens[0]})).headers["location"] == "/"
        late = await second.post(link, data={"form_token": tokens[1]})
        assert late.headers["location"] == link
        assert "console_session" not in second.cookies
        assert (await second.get(link)).status_code == 410


async def test_a_link_that_is_too_old_signs_nobody_in(site: ConsoleSite) -> None:
    link = await site.link(await site.user("ann@example.com"), valid=timedelta(seconds=-1))
    async with site.browser() as browser:
        assert (await browser.get(link)).status_code == 410


async def test_who_is_disabled_is_signed_out_and_stays_out(site: ConsoleSite) -> None:
    browser = await site.signed_in("ann@example.com")
    link = await site.link(await site.users.find("ann@example.com"))
    await site.users.disable("ann@example.com", by="command line")
    assert (await browser.get("/portfolio")).headers["location"] == "/sign-in?next=%2Fportfolio"
    assert (await browser.get(link)).status_code == 410, "it went with the sessions"
    later = await site.link(await site.users.find("ann@example.com"))
    answer = await browser.post(later, data={"form_token": form_token(await browser.get(later))})
    assert answer.headers["location"] == later
    await browser.aclose()


async def test_signing_in_again_ends_the_session_of_this_browser(site: ConsoleSite) -> None:
    browser = await site.signed_in("ann@example.com")
    first = browser.cookies["console_session"]
    link = await site.link(await site.users.find("ann@example.com"))
    await browser.post(link, data={"form_token": form_token(await browser.get(link))})
    assert browser.cookies["console_session"] != first
    assert len(await site.rows("SELECT 1 FROM console.session")) == 1
    await browser.aclose()


async def test_only_digests_of_secrets_are_stored(site: ConsoleSite) -> None:
    browser = await site.signed_in("ann@example.com")
    (row,) = await site.rows("SELECT token_sha256 FROM console.session")
    assert browser.cookies["console_session"].encode() not in bytes(row.token_sha256)
    assert len(row.token_sha256) == 32
    await browser.aclose()


@pytest.mark.parametrize("column", ["seen_at", "created_at"])
async def test_a_session_ends_when_it_is_idle_and_in_any_case(site: ConsoleSite, column: str) -> None:
    browser = await site.signed_in("ann@example.com")
    hours = 9 if column == "seen_at" else 169
    await site.execute(f"UPDATE console.session SET {column} = now() - make_interval(hours => {hours})")
    assert (await browser.get("/portfolio")).status_code == 303
    await browser.aclose()


async def test_signing_out_ends_the_session(site: ConsoleSite) -> None:
    browser = await site.signed_in("ann@example.com")
    kept = browser.cookies["console_session"]
    token = form_token(await browser.get("/portfolio"))
    answer = await browser.post("/sign-out", data={"form_token": token})
    assert answer.headers["location"] == "/sign-in"
    assert answer.headers["clear-site-data"] == '"cache"'
    browser.cookies.set("console_session", kept)
    assert (await browser.get("/portfolio")).status_code == 303
    await browser.aclose()


async def test_who_is_not_signed_in_is_led_back_afterwards(site: ConsoleSite) -> None:
    async with site.browser() as browser:
        answer = await browser.get("/portfolio?band=red&sort=-arr")
        assert answer.headers["location"] == "/sign-in?next=%2Fportfolio%3Fband%3Dred%26sort%3D-arr"


async def test_every_act_of_signing_in_is_in_the_audit(site: ConsoleSite) -> None:
    browser = await site.signed_in("ann@example.com", Role.LEAD)
    page = await browser.get("/portfolio")
    await browser.post("/language", data={"form_token": form_token(page), "language": "ja", "next": "/portfolio"})
    await browser.post("/sign-out", data={"form_token": form_token(page)})
    rows = await site.rows("SELECT who, role, act, outcome FROM console.audit ORDER BY seq")
    assert [tuple(row) for row in rows] == [
        ("command line", None, "managed users", "done"),
        ("command line", None, "managed users", "done"),
        ("ann@example.com", "lead", "signed in", "done"),
        ("ann@example.com", "lead", "chose a language", "done"),
        ("ann@example.com", "lead", "signed out", "done"),
    ]
    await browser.aclose()


async def test_cookies_are_bound_to_the_host_where_there_is_tls(database: str) -> None:
    async with console_site(database, origin="https://console.test") as site, site.browser() as browser:
        link = await site.link(await site.user("ann@example.com"))
        page = await browser.get(link)
        assert page.headers["set-cookie"].startswith("__Host-console_browser=")
        answer = await browser.post(link, data={"form_token": form_token(page)})
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-console_session=")
        assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= set(cookie.split("; "))
        assert answer.headers["strict-transport-security"]


@pytest.mark.parametrize("path", ["/sign-in", "/portfolio", "/nowhere", "/static/console.css"])
async def test_every_answer_says_what_a_browser_may_do(site: ConsoleSite, path: str) -> None:
    async with site.browser() as browser:
        headers = (await browser.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == ("no-cache" if path.startswith("/static/") else "no-store")


async def test_files_with_their_version_may_be_kept(site: ConsoleSite) -> None:
    async with site.browser() as browser:
        page = (await browser.get("/sign-in")).text
        address = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
        answer = await browser.get(address)
        assert "immutable" in answer.headers["cache-control"]
        assert (await browser.get("/static/../app.py")).status_code == 404
        assert (await browser.get("/static/nothing.css")).status_code == 404
