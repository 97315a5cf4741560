import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from console.access.roles import Role
from local.stack.postgres import Postgres
from support.browser import follow
from support.console_browser import CHROMIUM, ServedConsole, require
from support.portfolio_double import PortfolioDouble, listed

Opened = Callable[..., Page]


@pytest.fixture(scope="session")
def console(postgres: Postgres, tables: str) -> Iterator[ServedConsole]:
    name = f"test_{uuid.uuid4().hex}"
    with ServedConsole(postgres.create_database(name, like=tables), PortfolioDouble([])) as served:
        yield served
    postgres.drop_database(name)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """For one module and no longer: while Playwright runs, no other test of this thread can have an event loop."""
    require(CHROMIUM, "there is no chromium (Debian: chromium-headless-shell)")
    with sync_playwright() as playwright:
        # As root it does not start in its sandbox.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes browsers that know nothing of each other; each fails the test if it asks another machine."""
    made: list[BrowserContext] = []
    elsewhere: list[str] = []

    def make(**options: Any) -> BrowserContext:
        one = chromium.new_context(**{"locale": "en", **options})
        one.on("request", lambda request: elsewhere.append(request.url))
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()
    assert {url for url in elsewhere if not url.startswith("http://127.0.0.1:")} == set()


@pytest.fixture
def opened(console: ServedConsole, context: Callable[..., BrowserContext]) -> Opened:
    """A page of somebody who has signed in by a link; `rows` are scoring's accounts."""

    def sign_in(path: str = "/portfolio", *, rows: Any = None, role: Role = Role.CSM, **options: Any) -> Page:
        console.scoring.rows = [listed(number) for number in range(120)] if rows is None else list(rows)
        page = context(**options).new_page()
        page.set_default_timeout(15_000)
        page.goto(console.link_for(f"{uuid.uuid4().hex}@example.com", role))
        follow(page.locator("main button"))
        page.wait_for_url("**/portfolio")
        if path != "/portfolio":
            page.goto(console.origin + path)
        return page

    return sign_in
