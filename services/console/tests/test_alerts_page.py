"""The alerts page over the real API of alerts: what it shows, and that acts are allowed, recorded and repeatable."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import httpx
import msgspec
import pytest
from msgspec import Struct

from alerts.decisions.reasons import DecisionReason
from alerts.errors import Failure
from alerts.samples import Sample
from common.contracts.signals import Facts, Kind, Signal
from console.access.roles import Role
from console.pages.alerts.view import AlertsView, after_act
from console.web.alert_acts import AlertActOutcome
from support.alerts_api import AlertsApi, alerts_api, alerts_rows
from support.console import ConsoleSite, console_site, form_token
from support.portfolio_double import OVERRIDE, SCRIPT

NOW = datetime.now(UTC).replace(microsecond=0)
DANA, TOM = "dana@example.com", "tom@example.com"


class Owners:
    """Scoring, as far as it knows who owns what."""

    def __init__(self) -> None:
        self.owner: dict[str, str | None] = {}
        self.away = False
        self.next_cursor: str | None = None
        self.transport = httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            return httpx.Response(503, json={})
        if request.url.path == "/v1/accounts":
            # Who owns an account that has left still takes its alert in hand.
            assert "churned" in request.url.params.get_list("status")
            ids = [one for one, owner in self.owner.items() if owner == request.url.params["owner"]]
            rows = [{"account_id": one, "status": "active", "as_of": NOW} for one in ids]
            body = {
                "accounts": rows,
                "total": len(rows),
                "next_cursor": self.next_cursor,
                "as_of": NOW,
                "ordered_as_of": None,
            }
            return httpx.Response(200, content=msgspec.json.encode(body))
        account = request.url.path.removeprefix("/v1/accounts/")
        if account not in self.owner:
            return httpx.Response(404, json={"code": "unknown_account", "detail": "no such account"})
        return httpx.Response(200, json={"facts": {"owner": self.owner[account]}})


class Desk(Struct, frozen=True):
    site: ConsoleSite
    api: AlertsApi
    scoring: Owners

    async def signal(self, account: str, *, hours: float = 1.0, owner: str | None = DANA, **fields: Any) -> Signal:
        self.scoring.owner.setdefault(account, owner)
        facts = Facts(name=fields.pop("name", account.title()), owner=owner)
        fields = {"to": "red", **fields}
        sample = Sample(account=account, facts=facts, at=NOW - timedelta(hours=hours), **fields)
        return await self.api.rows.record(sample.build())

    async def audited(self) -> list[tuple[str, str, str]]:
        rows = await self.site.rows(
            "SELECT who, act, outcome FROM console.audit WHERE subject IS NOT NULL ORDER BY seq"
        )
        return [tuple(row) for row in rows if row[1] in ("acknowledged an alert", "sent an alert again")]


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    scoring = Owners()
    async with (
        alerts_rows(database) as rows,
        alerts_api(rows) as api,
        console_site(
            database, scoring=scoring.transport, alerts=httpx.ASGITransport(api.app), alerts_key=api.token
        ) as site,
    ):
        yield Desk(site, api, scoring)


async def shown(browser: httpx.AsyncClient, path: str = "/alerts") -> str:
    answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def names(page: str) -> list[str]:
    return re.findall(r'role="rowheader"><a href="[^"]*"><bdi>([^<]*)</bdi>', page)


async def act(browser: httpx.AsyncClient, what: str, signal: Signal, **fields: str) -> httpx.Response:
    token = form_token(await browser.get("/alerts?state=all"))
    data = {"form_token": token, "alert": signal.signal_id, "next": "/alerts?severity=critical", **fields}
    return await browser.post(f"/alerts/{what}", data=data)


async def test_each_open_alert_says_what_was_told_what_waits_and_what_failed_and_why(desk: Desk) -> None:
    told = await desk.signal("acme", hours=4)
    await desk.api.rows.tell(told, "m-1", receiver="owner")
    failed = await desk.signal("bolt", hours=3)
    await desk.api.rows.message("m-2", [failed], status="failed", attempts=3)
    await desk.api.rows.attempt("m-2", 3, Failure.MISCONFIGURED.value, detail="channel_not_found")
    kept = await desk.signal("cole", hours=2)
    await desk.api.rows.decide(kept, DecisionReason.NOT_WORSE)
    late = await desk.signal("duke", hours=1, to="payment_failed", kind=Kind.FLAG)
    await desk.api.rows.decide(late, DecisionReason.LATE, receiver=None)
    await desk.signal("erie", hours=1, history=True)
    browser = await desk.site.signed_in(DANA)
    page = await shown(browser)
    assert names(page) == ["Duke", "Cole", "Bolt", "Acme"]
    assert 'href="/accounts/acme"' in page
    rows = page.split("<tr")
    for account, expected in (
        ("Acme", (">Told</strong> <bdi>owner</bdi>", "<bdi>new</bdi>", "Band: red")),
        ("Bolt", (">Failed</strong>", "not allowed, or no such address: channel_not_found", "Send again")),
        ("Cole", (">Not told</strong>", "not worse than last told")),
        ("Duke", (">Waits</strong>", "late, waits for word", "Flag: payment failed")),
    ):
        (row,) = [one for one in rows if f"<bdi>{account}</bdi>" in one]
        for words in expected:
            assert words in row, (account, words)
    assert page.count("Take in hand</button>") == 4
    assert page.count("Send again</button>") == 1
    assert "Erie" in await shown(browser, "/alerts?state=all")
    await browser.aclose()


async def test_what_is_over_or_in_hand_or_too_old_is_not_open(desk: Desk) -> None:
    await desk.signal("acme", hours=3, episode="e-1")
    await desk.signal("acme", hours=2, episode="e-1", to="green")
    taken = await desk.signal("bolt")
    await desk.api.acknowledge(taken, TOM, "calling them")
    await desk.signal("cole", hours=24 * 40)
    browser = await desk.site.signed_in(DANA)
    assert "There is no such alert." in await shown(browser)
    page = await shown(browser, "/alerts?state=taken")
    assert names(page) == ["Bolt"]
    assert "tom@example.com has it in hand since" in page
    assert "calling them" in page
    assert "Take in hand</button>" not in page
    assert names(await shown(browser, "/alerts?days=60")) == ["Cole"]
    await browser.aclose()


async def test_filters_and_pages_are_in_the_address(desk: Desk) -> None:
    for number in range(65):
        owner = DANA if number % 2 else TOM
        await desk.signal(f"a-{number}", hours=number, owner=owner, to="red" if number < 50 else "yellow")
    browser = await desk.site.signed_in(DANA)
    seen: list[str] = []
    address = "/alerts?owner=tom%40example.com"
    pages = 0
    while address:
        page = await shown(browser, address)
        seen += names(page)
        pages += 1
        found = re.search(r'<a href="([^"]*)" rel="next"', page)
        address = unescape(found[1]) if found else ""
    assert pages == 2
    assert sorted(seen) == sorted(f"A-{number}" for number in range(0, 65, 2))
    assert "Previous page" in page
    assert len(names(await shown(browser, "/alerts?severity=warning&owner=dana%40example.com"))) == 7
    assert len((await shown(browser)).encode()) < 150_000
    owners = await shown(browser, "/alerts?group_by=owner&severity=critical")
    assert "/alerts?severity=critical&amp;owner=tom%40example.com" in owners
    await browser.aclose()


@pytest.mark.parametrize("query", ["state=odd", "severity=purple", "days=0", "page=0", "told=perhaps", "cursor=x"])
async def test_an_address_that_cannot_be_is_answered_with_what_is_wrong(desk: Desk, query: str) -> None:
    browser = await desk.site.signed_in(DANA)
    answer = await browser.get(f"/alerts?{query}")
    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.text
    await browser.aclose()


async def test_an_owner_takes_an_alert_in_hand_and_the_page_says_so(desk: Desk) -> None:
    signal = await desk.signal("acme")
    browser = await desk.site.signed_in(DANA)
    answer = await act(browser, "acknowledge", signal, note=" calling ")
    assert answer.status_code == 303
    page = await shown(browser, answer.headers["location"])
    assert "Acme: you have it in hand." in page
    assert 'value="critical" checked' in page
    found = await desk.api.one(signal)
    assert (found["acknowledgement"]["by"], found["acknowledgement"]["note"]) == (DANA, "calling")
    assert await desk.audited() == [
        (DANA, "acknowledged an alert", "asked"),
        (DANA, "acknowledged an alert", "done"),
    ]
    # The same again changes nothing.
    assert (await act(browser, "acknowledge", signal, note="other")).status_code == 303
    assert (await desk.api.one(signal))["acknowledgement"]["note"] == "calling"
    await browser.aclose()


async def test_of_two_people_who_act_at_once_the_second_sees_the_first(desk: Desk) -> None:
    signal = await desk.signal("acme")
    dana, lead = await desk.site.signed_in(DANA), await desk.site.signed_in("lea@example.com", Role.LEAD)
    await act(dana, "acknowledge", signal)
    answer = await act(lead, "acknowledge", signal)
    assert "Acme: dana@example.com has it in hand already." in await shown(lead, answer.headers["location"])
    assert (await desk.audited())[-1] == ("lea@example.com", "acknowledged an alert", "refused")
    for browser in (dana, lead):
        await browser.aclose()


async def test_what_failed_is_sent_again_once(desk: Desk) -> None:
    signal = await desk.signal("acme")
    await desk.api.rows.message("m-1", [signal], status="failed")
    await desk.api.rows.execute("UPDATE alerts.notification SET done = extract(epoch FROM now())")
    browser = await desk.site.signed_in("lea@example.com", Role.LEAD)
    answer = await act(browser, "resend", signal)
    page = await shown(browser, answer.headers["location"])
    assert "Acme: what failed is decided again" in page
    assert "waits for a timer" in page
    assert "1970" not in page
    assert "lea@example.com asked to send it again on" in page
    answer = await act(browser, "resend", signal)
    assert "Acme: nothing is left to send again." in await shown(browser, answer.headers["location"])
    assert [outcome for _, _, outcome in await desk.audited()] == ["asked", "done", "asked", "refused"]
    await browser.aclose()


@pytest.mark.parametrize("what", ["acknowledge", "resend"])
async def test_a_csm_acts_on_nobody_elses_account(desk: Desk, what: str) -> None:
    signal = await desk.signal("acme", owner=TOM)
    await desk.api.rows.message("m-1", [signal], status="failed")
    browser = await desk.site.signed_in(DANA)
    page = await shown(browser)
    assert names(page) == ["Acme"]
    assert "Take in hand</button>" not in page
    assert "Send again</button>" not in page
    assert (await act(browser, what, signal)).status_code == 403
    assert not (await desk.api.one(signal))["acknowledged"]
    assert await desk.audited() == []
    await browser.aclose()


async def test_the_owner_of_now_acts_and_the_former_one_does_not(desk: Desk) -> None:
    signal = await desk.signal("acme", owner=TOM)
    desk.scoring.owner["acme"] = DANA
    dana, tom = await desk.site.signed_in(DANA), await desk.site.signed_in(TOM)
    assert "Take in hand</button>" in await shown(dana)
    assert "Take in hand</button>" not in await shown(tom)
    assert (await act(tom, "acknowledge", signal)).status_code == 403
    assert (await act(dana, "acknowledge", signal)).status_code == 303
    for browser in (dana, tom):
        await browser.aclose()


async def test_who_owns_very_many_accounts_goes_by_whom_the_alert_named(desk: Desk) -> None:
    await desk.signal("acme", owner=DANA)
    await desk.signal("bolt", owner=TOM)
    desk.scoring.owner, desk.scoring.next_cursor = {}, "more"
    browser = await desk.site.signed_in(DANA)
    page = await shown(browser)
    assert 'aria-label="Take in hand: Acme"' in page
    assert 'aria-label="Take in hand: Bolt"' not in page
    await browser.aclose()


async def test_while_scoring_is_away_alerts_are_shown_and_a_csm_cannot_act(desk: Desk) -> None:
    signal = await desk.signal("acme")
    desk.scoring.away = True
    browser = await desk.site.signed_in(DANA)
    page = await shown(browser)
    assert "The scoring service does not answer." in page
    assert names(page) == ["Acme"]
    assert (await act(browser, "acknowledge", signal)).status_code == 503
    assert not (await desk.api.one(signal))["acknowledged"]
    lead = await desk.site.signed_in("lea@example.com", Role.LEAD)
    assert (await act(lead, "acknowledge", signal)).status_code == 303
    for one in (browser, lead):
        await one.aclose()


async def test_an_alert_that_is_gone_or_not_named_is_answered(desk: Desk) -> None:
    signal = await desk.signal("acme")
    browser = await desk.site.signed_in("lea@example.com", Role.LEAD)
    assert (await act(browser, "acknowledge", signal, alert="nothing")).status_code == 404
    assert (await act(browser, "acknowledge", signal, alert="")).status_code == 422
    assert "you have it" not in await shown(browser, "/alerts?acted=nothing&outcome=acknowledged")
    await browser.aclose()


async def test_without_alerts_the_page_names_it(site: ConsoleSite) -> None:
    browser = await site.signed_in(DANA)
    answer = await browser.get("/alerts")
    assert answer.status_code == 503
    assert "The alerts service does not answer." in answer.text
    await browser.aclose()


async def test_names_and_notes_are_text_and_nothing_else(desk: Desk) -> None:
    signal = await desk.signal("a/b?c", name=SCRIPT, owner='"><img src=x>')
    await desk.signal("x", name=OVERRIDE)
    await desk.api.acknowledge(signal, "<b>tom</b>", SCRIPT)
    browser = await desk.site.signed_in("lea@example.com", Role.LEAD)
    page = await shown(browser, "/alerts?state=all&owner=&receiver=")
    for forbidden in ("<script", "<img", "<b>"):
        assert forbidden not in page
    assert 'href="/accounts/a%2Fb%3Fc"' in page
    assert f"<bdi>{OVERRIDE}</bdi>" in page
    await browser.aclose()


@pytest.mark.parametrize(
    "back", ["https://elsewhere.example", "//elsewhere.example", "/portfolio", "", "/alerts?days=x"]
)
async def test_an_act_leads_back_to_the_alerts_page_alone(desk: Desk, back: str) -> None:
    signal = await desk.signal("acme")
    browser = await desk.site.signed_in(DANA)
    answer = await act(browser, "acknowledge", signal, next=back)
    assert answer.headers["location"].partition("?")[0] == "/alerts"
    await browser.aclose()


def test_the_page_after_an_act_is_the_one_before() -> None:
    view = AlertsView(state="all", page=3, cursor="c", back=("b",))
    after = after_act(view.here, alert_id="a", outcome=AlertActOutcome.SENT_AGAIN)
    assert after == f"{view.here}&acted=a&outcome=sent-again"
