"""No form works from another site, without its token, or with that of another session."""

from collections.abc import Iterable

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from console.web.forms import local_path
from support.console import ConsoleSite, form_token

OPEN_TO_ALL = {"/healthz", "/readyz", "/metrics", "/static/{name}", "/", "/sign-in", "/sign-in/link/{token}"}


def asked(site: ConsoleSite) -> Iterable[tuple[str, str]]:
    """Every method and path, found by looking into the application."""
    for context in iter_route_contexts(site.app.routes):
        for method in (context.methods or set()) - {"HEAD"}:
            yield method, str(context.path)


def posts(site: ConsoleSite) -> list[str]:
    return [path.replace("{token}", "some-token") for method, path in asked(site) if method == "POST"]


async def test_there_are_forms(site: ConsoleSite) -> None:
    assert {"/sign-out", "/language", "/sign-in/link/some-token"} <= set(posts(site))


async def test_no_form_works_without_its_token(site: ConsoleSite) -> None:
    browser = await site.signed_in("ann@example.com")
    for path in posts(site):
        for data in ({}, {"form_token": ""}, {"form_token": "x" * 43}):
            answer = await browser.post(path, data={"language": "ja", **data})
            assert answer.status_code == 403, path
    assert (await site.users.find("ann@example.com")).language is None
    await browser.aclose()


async def test_the_token_of_another_session_does_not_work(site: ConsoleSite) -> None:
    ann, bob = await site.signed_in("ann@example.com"), await site.signed_in("bob@example.com")
    token = form_token(await bob.get("/portfolio"))
    assert (await ann.post("/sign-out", data={"form_token": token})).status_code == 403
    for browser in (ann, bob):
        await browser.aclose()


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},  # another host of the same domain
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
    ],
)
async def test_what_another_site_posts_is_refused_even_with_the_token(
    site: ConsoleSite, headers: dict[str, str]
) -> None:
    browser = await site.signed_in("ann@example.com")
    token = form_token(await browser.get("/portfolio"))
    answer = await browser.post("/sign-out", data={"form_token": token}, headers=headers)
    assert answer.status_code == 403
    own = {"sec-fetch-site": "same-origin", "origin": site.origin}
    assert (await browser.post("/sign-out", data={"form_token": token}, headers=own)).status_code == 303
    await browser.aclose()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"content": b"x" * 30_000, "headers": {"content-type": "application/x-www-form-urlencoded"}}, 413),
        ({"content": b"{}", "headers": {"content-type": "application/json"}}, 415),
        ({"content": b"a=%ff", "headers": {"content-type": "application/x-www-form-urlencoded"}}, 422),
        ({"content": b"a=1&" * 200, "headers": {"content-type": "application/x-www-form-urlencoded"}}, 422),
    ],
)
async def test_a_body_that_is_no_form_is_answered(
    site: ConsoleSite, request_: dict[str, bytes | dict[str, str]], status: int
) -> None:
    browser = await site.signed_in("ann@example.com")
    answer: httpx.Response = await browser.post("/language", **request_)  # type: ignore[arg-type]
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    await browser.aclose()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("/portfolio?band=red", "/portfolio?band=red"),
        (None, "/"),
        ("", "/"),
        ("portfolio", "/"),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example/", "/"),
        ("/\\elsewhere.example", "/"),  # browsers take it for a slash
        ("/\telsewhere.example", "/"),  # browsers drop it
        ("/" + "x" * 3_000, "/"),
    ],
)
def test_nobody_is_led_to_another_site(asked: str | None, expected: str) -> None:
    assert local_path(asked) == expected


async def test_every_page_needs_somebody_who_is_signed_in(site: ConsoleSite) -> None:
    async with site.browser() as browser:
        for method, path in asked(site):
            if path not in OPEN_TO_ALL:
                answer = await browser.request(method, path)
                assert answer.status_code == 303, path
                assert answer.headers["location"].startswith("/sign-in"), path
