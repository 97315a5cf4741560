# ruff: noqa: RUF001 (full-width punctuation and the minus sign are what texts are written with)
"""The page about an account over the other services' own APIs and tables: what it shows, and every act on it."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import httpx
import msgspec
import pytest
from msgspec import Struct

from alerts.channels.registry import Channel
from alerts.decisions.reasons import DecisionReason
from alerts.errors import Failure
from alerts.routing.destination import Target
from alerts.samples import Sample
from common.contracts.events import Event
from common.contracts.signals import Kind, Severity, Signal
from common.keys import Scope
from common.topics import TimeMode
from console.access.roles import Role
from console.languages.locale import Locale
from console.pages.account.texts import ACCOUNT_TEXTS
from ingest.in_memory import Ingest, in_memory
from support.alerts_api import AlertsApi, alerts_api, alerts_rows
from support.cards import SMALL
from support.console import ConsoleSite, console_site, form_token
from support.scoring_api import Api, live, scoring_api
from support.scoring_harness import DAY, START, event, scoring_harness

NOW = START + 20 * DAY + 120
MINUS = "−"
HOSTILE = 'a/b?c=1&d#e "<script>alert(1)</script>'
DESK = Target(Channel.EMAIL, "desk@example.com")
OWNER = "eva@us.test"


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


@pytest.fixture
async def served(database: str) -> AsyncIterator[Served]:
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


OVERRIDE = "/account-acts/override"
ACKNOWLEDGE = "/account-acts/acknowledge"
SEND_AGAIN = "/account-acts/send-again"
SAID = {"to": "green", "until": "2026-03-31", "reason": "The pilot is agreed."}


async def test_every_part_of_the_page_is_there(served: Served) -> None:
    await told(served)
    browser = await served.site.signed_in(OWNER)
    page = await page_of(browser)
    assert "does not answer" not in page
    for expected in (
        "<bdi>Acme</bdi></h1>",
        '<span class="band red">red</span>',
        "90,000",
        "Jun 1, 2026",
        "The score is below 40.0.",  # why this band
        "asked to cancel",
        "caps the score at 10.0",
        "cap: asked to cancel",  # the receipt
        '<path class="line" d="M',  # the plot, and the same in words
        "; lowest ",
        "<bdi>contract.cancel_requested</bdi>",  # what moved it
        "days to the renewal: 7",  # the journey
        "kick-off",
        "told: new",  # alerts: why, and why not
        "not told: told within the repeat interval",
        ">ann</bdi>",  # people
        ">NPS <span",  # answers
        "taken back on",
        "step planned",  # what is known of the contract
        "Accounts: 1. ARR: ",  # below
    ):
        assert expected in page, expected
    assert len(page.encode()) < 150_000
    await browser.aclose()


async def test_the_receipt_adds_up_from_the_reference_to_the_score(served: Served) -> None:
    browser = await served.site.signed_in(OWNER)
    page = await page_of(browser)
    table = page[page.index('class="cards waterfall"') : page.index("</table>", page.index('class="cards waterfall"'))]
    contributions = [
        float(found.replace(MINUS, "-"))
        for found in re.findall(r'data-label="Contribution"><span class="\w*">([^<]*)<', table)
    ]
    sums = [float(found.replace(MINUS, "-")) for found in re.findall(r'data-label="Sum">([^<]*)<', table)]
    assert len(contributions) == len(sums) - 2
    assert len(contributions) > 3
    for before, part, after in zip(sums[:-2], contributions, sums[1:-1], strict=True):
        assert round(before + part, 1) == after
    score = float(re.search(r'id="score">([^<]*)<', page)[1])  # type: ignore[index]
    assert sums[-2] == sums[-1] == score
    # Each bar begins where the one before it ends.
    bars = re.findall(r'<rect class="(?:up|down)" x="([\d.]+)" y="2" width="([\d.]+)"', table)
    assert len(bars) == len(contributions)
    await browser.aclose()


async def test_the_portfolio_leads_to_the_page(served: Served) -> None:
    browser = await served.site.signed_in(OWNER)
    page = (await browser.get("/portfolio")).text
    links = [unescape(found) for found in re.findall(r'<a href="(/accounts/[^"]*)"', page)]
    assert "/accounts/acme" in links
    (odd,) = [one for one in links if "%3Cscript" in one]
    shown = await page_of(browser, odd)
    assert "<script>" not in shown
    assert "&lt;script&gt;alert(1)" in shown
    # The choice of a language leads back to this account, whatever its id.
    back = unescape(re.search(r'name="next" value="([^"]*)"', shown)[1])  # type: ignore[index]
    assert back == odd
    await browser.aclose()


async def test_what_if_the_account_stays_silent(served: Served) -> None:
    browser = await served.site.signed_in(OWNER)
    page = await page_of(browser, "/accounts/bolt?as_of=2026-05-01")
    result = re.search(r'id="ahead-result">([^<]*)<', page)
    assert result is not None
    assert result[1].startswith("Silent until May 1, 2026")
    assert "What moves it until then" in page
    then = await served.scoring.get("/v1/accounts/bolt", as_of="2026-05-01")
    assert f"score {then['score']:.1f}, {then['band']}." in result[1]
    refused = await page_of(browser, "/accounts/bolt?as_of=2020-01-01")
    assert "The date must lie after" in refused
    await browser.aclose()


async def test_dates_bound_what_is_shown_of_the_past(served: Served) -> None:
    browser = await served.site.signed_in(OWNER)
    page = await page_of(browser, "/accounts/acme?since=2026-03-04&until=2026-03-10&as_of=2026-05-01")
    assert "contract.cancel_requested</bdi>" not in page
    assert 'name="since" type="date" value="2026-03-04"' in page
    # A form keeps what the other one asks for.
    assert '<input type="hidden" name="as_of" value="2026-05-01">' in page
    nothing = await page_of(browser, "/accounts/acme?since=2020-01-01&until=2020-01-02")
    assert "Nothing has moved the score" in nothing
    assert (await browser.get("/accounts/acme?since=nonsense")).status_code == 422
    await browser.aclose()


async def test_every_attempt_of_an_alert_is_shown_at_its_address(served: Served) -> None:
    signal, other = await told(served), await told(served, account="bolt")
    browser = await served.site.signed_in(OWNER)
    page = await page_of(browser, f"/accounts/acme?alert={signal.signal_id}")
    assert page.index("no answer in time") < page.index("550 no such mailbox")
    # An alert of another account is none of this one, and one that is gone hides nothing.
    assert "550 no such" not in await page_of(browser, f"/accounts/acme?alert={other.signal_id}")
    assert "Attempts to send" not in await page_of(browser, "/accounts/acme?alert=nothing")
    await browser.aclose()


async def test_the_journey_has_promised_and_reached_steps(served: Served) -> None:
    harness = served.scoring.harness
    await harness.post(
        event("acme", "milestone.planned", NOW + 1, properties={"step": "sso_live", "due": "2026-04-30"}),
        event("acme", "milestone.reached", NOW + 2, properties={"step": "kickoff"}),
        event("acme", "milestone.reached", NOW + 3, properties={"step": "first_value"}, event_id="wrong"),
        event("acme", "event.retracted", NOW + 4, properties={"event_id": "wrong", "source": "test"}),
    )
    await harness.tick(NOW + 60)
    await harness.score()
    browser = await served.site.signed_in(OWNER)
    page = await page_of(browser)
    table = page[page.index("<caption>Milestones") : page.index('<h2 id="alerts">')]
    cells = re.findall(r"<bdi>([^<]*)</bdi></th>\s*<td[^>]*>([^<]*)</td>\s*<td[^>]*>(?:<time[^>]*>)?([^<]*)<", table)
    assert [cell[:2] for cell in cells] == [("SSO go-live", "Apr 30, 2026"), ("kick-off", "Mar 20, 2026")]
    assert cells[0][2] == "not yet"
    assert cells[1][2].startswith("Mar 22, 2026")
    await browser.aclose()


async def test_a_step_stays_reached_however_often_its_plan_is_posted_again(served: Served) -> None:
    harness = served.scoring.harness
    plan = {"step": "kickoff", "due": "2026-03-25"}
    await harness.post(event("acme", "milestone.reached", NOW + 1, properties={"step": "kickoff"}))
    # More than scoring lists on one page.
    await harness.post(*(event("acme", "milestone.planned", NOW + 2 + n, properties=plan) for n in range(250)))
    await harness.tick(NOW + 600)
    await harness.score()
    browser = await served.site.signed_in(OWNER)
    page = await page_of(browser)
    table = page[page.index("<caption>Milestones") : page.index('<h2 id="alerts">')]
    assert "Mar 25, 2026" in table
    assert "not yet" not in table
    await browser.aclose()


async def test_a_missed_step_has_the_same_day_in_words_and_in_the_table(served: Served) -> None:
    """The day is over at 07:00 UTC of the next one where this account lives."""
    harness = served.scoring.harness
    await harness.post(
        event("acme", "account.updated", NOW + 1, properties={"time_zone": "America/Los_Angeles"}),
        event("acme", "milestone.planned", NOW + 2, properties={"step": "kickoff", "due": "2026-03-22"}),
    )
    await harness.tick(NOW + 2 * DAY)
    await harness.score()
    browser = await served.site.signed_in(OWNER)
    page = await page_of(browser)
    journey = page[page.index('<h2 id="journey">') : page.index('<h2 id="alerts">')]
    assert "<strong>kick-off</strong> due on Mar 22, 2026" in journey
    assert re.findall(r'data-label="Promised for">([^<]*)<', journey) == ["Mar 22, 2026"]
    await browser.aclose()


async def test_an_account_that_nobody_knows_is_not_found(served: Served) -> None:
    browser = await served.site.signed_in(OWNER)
    for path in ("/accounts/nobody", "/accounts/", "/accounts/%2E%2E"):
        assert (await browser.get(path)).status_code == 404, path
    await browser.aclose()


async def test_in_japanese(served: Served) -> None:
    await told(served)
    browser = await served.site.signed_in(OWNER, Role.CSM, **{"accept-language": "ja"})
    page = await page_of(browser)
    for expected in ("この判定の理由", "スコアは 40.0 未満です。", "通知：新しい出来事", "解約の申し出", "契約の履歴"):
        assert expected in page, expected
    await browser.aclose()


def test_every_reason_and_kind_has_its_words_in_japanese() -> None:
    text = ACCOUNT_TEXTS[Locale.JAPANESE]
    assert {*DecisionReason, *Failure, "sent"} <= text.reasons_of.keys()
    for one in ACCOUNT_TEXTS.values():
        assert {kind.value for kind in Kind} <= one.kinds.keys()
        assert {severity.value for severity in Severity} <= one.severities.keys()


async def test_the_owner_sets_the_band_and_scoring_shows_it(served: Served) -> None:
    browser = await served.site.signed_in(OWNER)
    page = await page_of(browser)
    done = await posted(browser, page, OVERRIDE, **SAID)
    assert (done.status_code, done.headers["location"]) == (303, "/accounts/acme?did=overridden#override")
    (sent,) = await served.overridden()
    assert (sent.account_id, sent.source) == ("acme", "console")
    assert sent.properties == {**SAID, "by": OWNER}
    assert "The band is being set." in await page_of(browser, "/accounts/acme?did=overridden")
    # The second click of an impatient person.
    await posted(browser, page, OVERRIDE, **SAID)
    assert {one.event_id for one in await served.overridden()} == {sent.event_id}
    harness = served.scoring.harness
    await harness.post(msgspec.structs.replace(sent, time=datetime.fromtimestamp(NOW + 60, UTC)))
    await harness.tick(NOW + 120)
    await harness.score()
    shown = await page_of(browser)
    assert f"green was set by {OWNER} until Apr 1, 2026" in shown
    assert "Reason: The pilot is agreed." in shown
    assert "The score of 10.0 would be red." in shown
    rows = [(OWNER, "overrode a band", "acme", outcome) for outcome in ("asked", "done")] * 2
    assert await served.acts() == rows
    await browser.aclose()


async def test_who_sets_a_band_after_somebody_else_is_told_so(served: Served) -> None:
    eva, lead = await served.site.signed_in(OWNER), await served.site.signed_in("lena@us.test", Role.LEAD)
    seen_by_lead = await page_of(lead)
    said = {"to": "yellow", "until": "2026-03-31", "reason": "I spoke with them.", "by": OWNER}
    harness = served.scoring.harness
    await harness.post(event("acme", "health.overridden", NOW + 60, properties=said))
    await harness.tick(NOW + 120)
    await harness.score()
    done = await posted(lead, seen_by_lead, OVERRIDE, **SAID)
    assert done.headers["location"] == "/accounts/acme?did=changed-before#override"
    assert await served.overridden() == []
    page = await page_of(lead, "/accounts/acme?did=changed-before")
    assert "Somebody has changed the override" in page
    assert f"yellow was set by {OWNER}" in page
    # Having seen it, the lead ends it.
    end = await posted(lead, page, OVERRIDE, end="1")
    assert end.headers["location"] == "/accounts/acme?did=ended#override"
    (sent,) = await served.overridden()
    assert sent.properties == {"to": None, "by": "lena@us.test"}
    await eva.aclose()
    await lead.aclose()


async def test_an_override_that_cannot_be_used_is_shown_again(served: Served) -> None:
    browser = await served.site.signed_in(OWNER)
    page = await page_of(browser)
    for changed in (
        {"reason": " "},
        {"until": "soon"},
        {"to": "blue"},
        {"to": "insufficient_data"},
        {"until": "2099-01-01"},  # ingest refuses it
    ):
        answer = await posted(browser, page, OVERRIDE, **{**SAID, **changed})
        assert answer.status_code == 422, changed
        assert 'id="mistake" role="alert"' in answer.text
        assert f'value="{changed.get("until", SAID["until"])}"' in answer.text
        assert 'name="next" value="/accounts/acme"' in answer.text
    assert await served.overridden() == []
    await browser.aclose()


@pytest.mark.parametrize(("email", "role"), [(OWNER, Role.CSM), ("lena@us.test", Role.LEAD)])
async def test_nobody_sets_a_band_by_way_of_an_account_that_was_merged(served: Served, email: str, role: Role) -> None:
    """Ingest files events of a merged account under the other one, which another CSM owns."""
    browser = await served.site.signed_in(email, role)
    before = await page_of(browser)
    merged = event("acme", "account.merged", NOW + 60, properties={"into": "bolt"})
    sent = {"event_id": "m-1", "account_id": "acme", "name": "account.merged", "properties": {"into": "bolt"}}
    assert (await served.ingest.post(sent)).status_code == 202
    harness = served.scoring.harness
    await harness.post(merged)
    await harness.tick(NOW + 120)
    await harness.score()
    page = await page_of(browser)
    assert "It goes on as" in page
    assert OVERRIDE not in page
    assert (await posted(browser, before, OVERRIDE, **SAID)).status_code == 403
    assert (await posted(browser, before, OVERRIDE, end="1")).status_code == 403
    assert (await served.overridden(), await served.acts()) == ([], [])
    await browser.aclose()


async def test_an_alert_is_taken_in_hand_once_and_the_second_is_told_who_was_first(served: Served) -> None:
    signal = await told(served)
    eva, lead = await served.site.signed_in(OWNER), await served.site.signed_in("lena@us.test", Role.LEAD)
    seen_by_eva, seen_by_lead = await page_of(eva), await page_of(lead)
    done = await posted(eva, seen_by_eva, ACKNOWLEDGE, note="I call them today")
    assert done.headers["location"] == "/accounts/acme?did=acknowledged#alerts"
    second = await posted(lead, seen_by_lead, ACKNOWLEDGE)
    assert second.headers["location"] == "/accounts/acme?did=taken-before#alerts"
    page = await page_of(lead, "/accounts/acme?did=taken-before")
    assert f"{OWNER} took it in hand on" in page
    assert "I call them today" in page
    assert ACKNOWLEDGE not in page
    assert (await served.alerts.one(signal))["acknowledgement"]["by"] == OWNER
    assert [row[0] for row in await served.acts()] == [OWNER, OWNER, "lena@us.test", "lena@us.test"]
    await eva.aclose()
    await lead.aclose()


async def test_a_failed_message_is_sent_again_once(served: Served) -> None:
    await told(served)
    browser = await served.site.signed_in(OWNER)
    page = await page_of(browser)
    first, second = [await posted(browser, page, SEND_AGAIN) for _ in range(2)]
    assert first.headers["location"] == "/accounts/acme?did=sent-again#alerts"
    assert second.headers["location"] == "/accounts/acme?did=nothing-failed#alerts"
    assert [row[3] for row in await served.acts()] == ["asked", "done", "asked", "refused"]
    page = await page_of(browser)
    assert "cs-desk by email to desk@example.com: waits" in page
    assert f"{OWNER} asked to send it again on" in page
    await browser.aclose()


async def test_a_csm_acts_on_no_account_of_another(served: Served) -> None:
    signal = await told(served, account="bolt")
    browser = await served.site.signed_in(OWNER)
    page = await page_of(browser, "/accounts/bolt")
    for action in (OVERRIDE, ACKNOWLEDGE, SEND_AGAIN):
        assert action not in page
    token = form_token(await browser.get("/portfolio"))
    for action, data in (
        (OVERRIDE, {"account_id": "bolt", "seen": "", "nonce": "n", **SAID}),
        # The alert is what it is about, whatever else is posted.
        (ACKNOWLEDGE, {"account_id": "acme", "alert_id": signal.signal_id}),
        (SEND_AGAIN, {"account_id": "acme", "alert_id": signal.signal_id}),
    ):
        assert (await browser.post(action, data={"form_token": token, **data})).status_code == 403, action
        assert (await browser.post(action, data=data)).status_code == 403, action
    assert await served.overridden() == []
    assert (await served.alerts.one(signal))["acknowledgement"] is None
    assert await served.acts() == []
    await browser.aclose()


async def test_who_is_away_is_named_and_the_rest_is_shown(database: str, served: Served) -> None:
    await told(served)
    async with console_site(
        database, scoring=httpx.ASGITransport(served.scoring.app), scoring_key=served.scoring.token
    ) as site:
        browser = await site.signed_in("ann@us.test", Role.LEAD)
        page = await page_of(browser)
        assert "The alerts service does not answer" in page
        assert "The score is below 40.0." in page
        answer = await posted(browser, page, OVERRIDE, **SAID)
        assert answer.status_code == 503
        assert "The ingest service does not answer" in answer.text
        assert [row[3] for row in await served.acts()] == ["asked", "failed"]
        await browser.aclose()
    key = served.alerts.http.headers["authorization"].removeprefix("Bearer ")
    async with console_site(database, alerts=httpx.ASGITransport(served.alerts.app), alerts_key=key) as site:
        browser = await site.signed_in("bob@us.test", Role.LEAD)
        page = await page_of(browser)
        assert "The scoring service does not answer" in page
        assert "not told: told within the repeat interval" in page
        # Who leads takes alerts in hand while scoring is away.
        assert (await posted(browser, page, ACKNOWLEDGE)).status_code == 303
        await browser.aclose()
    async with console_site(database) as site:
        browser = await site.signed_in("cid@us.test")
        assert (await browser.get("/accounts/acme")).status_code == 503
        await browser.aclose()


async def test_people_and_entries_go_on_page_by_page(served: Served) -> None:
    harness, at = served.scoring.harness, NOW + 60
    for n in range(30):
        await harness.post(event("acme", "session.started", at + n, user_id=f"user {n:02}"))
        await harness.post(event("acme", "account.updated", at + n, properties={"seats": 50 + n}))
    await harness.tick(at + 60)
    await harness.score()
    browser = await served.site.signed_in(OWNER)
    page = await page_of(browser)
    for name in ("people", "entries"):
        older = unescape(re.search(rf'href="(/accounts/acme\?{name}=[^"]*)"', page)[1])  # type: ignore[index]
        assert older.endswith(f"#{name}")
        rest = await page_of(browser, older)
        assert ">Newest</a>" in rest
    assert (await browser.get("/accounts/acme?people=nonsense")).status_code == 422
    await browser.aclose()


async def test_who_was_not_seen_for_two_weeks_is_quiet(served: Served) -> None:
    harness = served.scoring.harness
    later = NOW + 20 * DAY
    await harness.post(event("acme", "session.started", later, user_id="ann"))
    await harness.tick(later + 60)
    await harness.score()
    browser = await served.site.signed_in(OWNER)
    page = await page_of(browser)
    states = dict(re.findall(r'role="rowheader"><bdi>(\w+)</bdi></th>.*?data-label="State">(\w+)<', page, re.DOTALL))
    assert states == {"ann": "active", "bob": "quiet", "cid": "quiet"}
    await browser.aclose()


async def test_two_years_of_days_are_shown_and_older_ones_are_bounded(served: Served) -> None:
    """Days are written as scoring would, without two years of events."""
    since = datetime.fromtimestamp(START, UTC).date() - timedelta(days=900)
    await served.site.execute(
        """INSERT INTO scoring.day (account_id, day, partition, body)
           SELECT 'acme', CAST(:since AS date) + n, partition, json_build_object(
               'account_id', 'acme', 'day', CAST(:since AS date) + n, 'since', 0.0,
               'before', 50.0 + n % 7, 'after', 50.0 + (n + 1) % 7,
               'parts', json_build_array(json_build_array('logins', 'event', 0.0)), 'events', json_build_array())
           FROM generate_series(0, 899) AS n, scoring.state WHERE account_id = 'acme'""".replace(
            "json_build_array(json_build_array('logins', 'event', 0.0))",
            "json_build_array(json_build_object('metric', 'logins', 'driver', 'event', 'points', "
            "(50.0 + (n + 1) % 7) - (50.0 + n % 7)))",
        ),
        since=since,
    )
    browser = await served.site.signed_in(OWNER)
    page = await page_of(browser)
    assert "Older days are not shown." in page
    drawn = re.search(r'<path class="line" d="([^"]*)"', page)[1]  # type: ignore[index]
    assert 731 < drawn.count("L") <= 801
    older = await page_of(browser, "/accounts/acme?until=2023-12-31")
    assert "Older days are not shown." not in older
    second = await page_of(browser, "/accounts/acme?moves=2")
    assert ">Newer</a>" in second
    assert len(second.encode()) < 150_000 + len(drawn)
    await browser.aclose()
