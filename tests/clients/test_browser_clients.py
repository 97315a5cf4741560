"""The clients that product teams have in their pages, unmodified, in a browser: each message counts once."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import ConsoleMessage, Page, Request, Response, async_playwright

from clients.accounts_log import counted, on_the_log
from clients.browser_page import PACKAGES, BrowserClient, served_pages
from support.console_browser import CHROMIUM, require
from support.system import System

pytestmark = [pytest.mark.servers, pytest.mark.tools]

SECONDS = 60.0
SEGMENT = "@segment/analytics-next/dist/umd/index.js"
RUDDERSTACK = "@rudderstack/analytics-js/dist/npm/modern/bundled/umd/index.js"
BY_BEACON = "rudderstack-by-beacon"
MIXPANEL = "mixpanel-browser/dist/mixpanel.umd.js"
AMPLITUDE = "@amplitude/analytics-browser/lib/scripts/amplitude-min.umd.js"
POSTHOG = "posthog-js/dist/array.full.no-external.js"
CLIENTS = {
    "segment": BrowserClient(SEGMENT, "segment"),
    "segment-batches": BrowserClient(SEGMENT, "segment", {"deliveryStrategy": {"strategy": "batching"}}),
    "rudderstack": BrowserClient(RUDDERSTACK, "rudderstack"),
    BY_BEACON: BrowserClient(RUDDERSTACK, "rudderstack", {"useBeacon": True}),
    "posthog": BrowserClient(POSTHOG, "posthog"),
    "posthog-uncompressed": BrowserClient(POSTHOG, "posthog", {"disable_compression": True}),
    "mixpanel": BrowserClient(MIXPANEL, "mixpanel"),
    "mixpanel-json": BrowserClient(MIXPANEL, "mixpanel", {"api_payload_format": "json"}),
    "mixpanel-get": BrowserClient(MIXPANEL, "mixpanel", {"batch_requests": False, "api_method": "GET"}),
    "mixpanel-by-beacon": BrowserClient(MIXPANEL, "mixpanel", {"api_transport": "sendBeacon"}),
    "amplitude": BrowserClient(AMPLITUDE, "amplitude"),
    "amplitude-by-beacon": BrowserClient(AMPLITUDE, "amplitude", {"transport": "beacon"}),
}
ALL = {"account.updated", "user.updated", "report.exported"}


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    require(CHROMIUM, "there is no chromium (Debian: chromium-headless-shell)")
    require(PACKAGES.is_dir(), "the clients are not installed: make clients (needs npm)")
    with served_pages(CLIENTS) as served:
        yield served


@pytest.fixture(scope="module")
def ingest_for_pages(ingest_with: Callable[..., System], origin: str) -> System:
    return ingest_with(INGEST_CORS_ORIGINS=origin)


class Seen:
    """What went wrong in a browser: `failed` requests, `refused` answers, `errors` on its console, and requests that
    went `elsewhere`."""

    def __init__(self, page: Page) -> None:
        self.failed: list[str] = []
        self.refused: list[str] = []
        self.errors: list[str] = []
        self.elsewhere: list[str] = []
        page.on("request", self._asked)
        page.on("requestfailed", lambda one: self.failed.append(f"{one.url}: {one.failure}"))
        page.on("response", self._answered)
        page.on("console", self._said)
        page.on("pageerror", lambda one: self.errors.append(str(one)))

    def _asked(self, request: Request) -> None:
        if not request.url.startswith("http://127.0.0.1:"):
            self.elsewhere.append(request.url)

    def _answered(self, response: Response) -> None:
        if not response.ok:
            self.refused.append(f"{response.url}: {response.status}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    @property
    def trouble(self) -> list[str]:
        return [*self.failed, *self.refused, *self.errors, *self.elsewhere]


@asynccontextmanager
async def used(name: str, account: str, *, origin: str, ingesting: System) -> AsyncIterator[tuple[Page, Seen]]:
    """The page in a browser that knows nothing yet, after its client was told of a group, a person and an event."""
    async with async_playwright() as playwright:
        # As root it does not start in its sandbox.
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page()
        seen = Seen(page)
        await page.goto(f"{origin}/{name}")
        options = CLIENTS[name].options
        given = {"ingest": ingesting.ingest_url, "page": origin, "key": ingesting.keys.write, "options": options}
        await page.evaluate("given => load(given)", given)
        await page.evaluate("given => use(given)", {"account": account, "user": f"u-{account}"})
        yield page, seen
        await browser.close()


async def until_all_is_on_the_log(ingesting: System, account: str) -> None:
    """Returns when the time is over, too: what the browser met says more than a timeout."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if {event.name for event in await on_the_log(ingesting, account)} >= ALL:
            return
        await asyncio.sleep(0.2)


@pytest.mark.parametrize("name", [name for name in CLIENTS if name != BY_BEACON])
async def test_what_a_page_sends_becomes_events_of_its_account(
    name: str, origin: str, ingest_for_pages: System
) -> None:
    account = f"account-{uuid.uuid4().hex[:12]}"
    async with used(name, account, origin=origin, ingesting=ingest_for_pages) as (page, seen):
        await until_all_is_on_the_log(ingest_for_pages, account)
        await page.wait_for_timeout(3_000)  # a client that takes the answer for an error sends again
        assert seen.trouble == [], "\n".join(seen.trouble)
    events = await on_the_log(ingest_for_pages, account)
    assert len(events) == len(counted(events)), "nothing is sent twice"
    assert ALL <= {event.name for event in events} <= ALL | {"page.viewed"}
    assert {event.user_id for event in events if event.name == "report.exported"} == {f"u-{account}"}
    assert {event.properties["name"] for event in events if event.name == "account.updated"} == {"Acme"}
    people = [event.properties for event in events if event.name == "user.updated"]
    assert {"ann@acme.example"} == {one["email"] for one in people if "email" in one}


@pytest.mark.parametrize("name", ["posthog", "posthog-uncompressed", BY_BEACON])
async def test_what_a_page_still_holds_when_it_is_left_arrives(
    name: str, origin: str, ingest_for_pages: System
) -> None:
    account = f"account-{uuid.uuid4().hex[:12]}"
    async with used(name, account, origin=origin, ingesting=ingest_for_pages) as (page, seen):
        await page.goto(f"{origin}/elsewhere")
        await until_all_is_on_the_log(ingest_for_pages, account)
        # Requests that the browser itself has ended by leaving are no trouble: their client sent beacons.
        assert (seen.refused, seen.errors, seen.elsewhere) == ([], [], [])
    # What was under way comes again in a beacon, with the same ids.
    once = counted(await on_the_log(ingest_for_pages, account))
    assert {event.name for event in once} >= ALL
    assert len([event for event in once if event.name == "report.exported"]) == 1
