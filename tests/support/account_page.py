"""The page about an account, for tests: served over the other services' own APIs, with an alert if a test wants one."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from html import unescape
from typing import Any

import httpx
from msgspec import Struct

from alerts.channels.registry import Channel
from alerts.decisions.reasons import DecisionReason
from alerts.errors import Failure
from alerts.routing.destination import Target
from alerts.samples import Sample
from common.contracts.events import Event
from common.contracts.signals import Signal
from common.keys import Scope
from common.topics import TimeMode
from ingest.in_memory import Ingest, in_memory
from support.alerts_api import AlertsApi, alerts_api, alerts_rows
from support.cards import SMALL
from support.console import ConsoleSite, console_site
from support.scoring_api import Api, live, scoring_api
from support.scoring_harness import DAY, START, event, scoring_harness

NOW = START + 20 * DAY + 120
HOSTILE = 'a/b?c=1&d#e "<script>alert(1)</script>'
DESK = Target(Channel.EMAIL, "desk@example.com")
OWNER = "eva@us.test"
OVERRIDE = "/account-acts/override"
ACKNOWLEDGE = "/account-acts/acknowledge"
SAID = {"to": "green", "until": "2026-03-31", "reason": "The pilot is agreed."}


class Served(Struct, frozen=True):
    site: ConsoleSite
    scoring: Api
    alerts: AlertsApi
    ingest: Ingest

    async def overridden(self) -> list[Event]:
        return [one for one in self.ingest.events() if one.name == "health.overridden"]

    async def acts(self) -> list[Any]:
        """Rows of the audit about accounts, the oldest first."""
        return await self.site.rows(
            "SELECT who, act, subject, outcome FROM console.audit WHERE subject IN ('acme', 'bolt') "
            "AND who LIKE '%@us.test' ORDER BY seq"
        )


@asynccontextmanager
async def served_account(database: str) -> AsyncIterator[Served]:
    async with (
        scoring_harness(database, SMALL, mode=TimeMode.STREAM) as harness,
        scoring_api(harness) as scoring,
        alerts_rows(database) as rows,
        alerts_api(rows) as alerts,
        in_memory() as ingest,
    ):
        facts = {"owner": OWNER, "arr": 90_000, "contract_end": "2026-06-01", "tier": "high", "seats": 40}
        await live(harness, "acme", days=20, name="Acme", **facts)
        await live(harness, "bolt", days=20, owner="tom@us.test", parent="acme", name="<b>Bolt</b>")
        await harness.post(event(HOSTILE, "account.updated", START, properties={"name": HOSTILE}))
        await harness.tick(START + 20 * DAY)
        at = START + 20 * DAY + 60
        planned = {"step": "kickoff", "due": "2026-03-20"}
        await harness.post(
            event("acme", "milestone.planned", START + DAY, properties=planned),
            event("acme", "nps.answered", START + 2 * DAY, user_id="ann", properties={"score": 9}, event_id="nps"),
            event("acme", "contract.cancel_requested", at),
        )
        taken = {"event_id": "nps", "source": "test"}
        await harness.post(event("acme", "event.retracted", at + 1, properties=taken))
        await harness.tick(NOW)
        await harness.score()
        await scoring.active_card.read()
        async with console_site(
            database,
            scoring=httpx.ASGITransport(scoring.app),
            scoring_key=scoring.token,
            alerts=httpx.ASGITransport(alerts.app),
            alerts_key=alerts.http.headers["authorization"].removeprefix("Bearer "),
            ingest=httpx.ASGITransport(ingest.app),
            ingest_key=ingest.keys.create(source="console", scopes=frozenset({Scope.READ, Scope.EVENTS})),
        ) as site:
            yield Served(site, scoring, alerts, ingest)


async def told(served: Served, *, account: str = "acme", to: str = "red") -> Signal:
    """An alert with a message that has failed after two attempts, and a receiver who was not told."""
    signal = Sample(account=account, to=to, at=datetime.fromtimestamp(NOW, UTC)).build()
    rows = served.alerts.rows
    await rows.record(signal)
    await rows.message(f"n-{account}", [signal], status="failed", attempts=2, ways=(DESK,))
    await rows.decide(signal, DecisionReason.NEW, message=f"n-{account}")
    await rows.decide(signal, DecisionReason.REPEATED, receiver="cs-leads")
    await rows.attempt(f"n-{account}", 1, Failure.NO_ANSWER.value, detail="10 s", started=NOW)
    await rows.attempt(f"n-{account}", 2, Failure.REFUSED.value, detail="550 no such mailbox", started=NOW + 60)
    return signal


async def page_of(browser: httpx.AsyncClient, path: str = "/accounts/acme") -> str:
    answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def fields(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the first form that posts there."""
    found = re.search(rf'<form method="post" action="{action}".*?</form>', page, re.DOTALL)
    assert found is not None, page
    pairs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', found[0])
    return {name: unescape(value) for name, value in pairs}


async def posted(browser: httpx.AsyncClient, page: str, action: str, **more: str) -> httpx.Response:
    return await browser.post(action, data={**fields(page, action), **more})
