# ruff: noqa: RUF001 (full-width punctuation and the minus sign are what texts are written with)
"""The page about an account over the other services' own APIs and tables: what it shows, and every act on it."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import httpx

from alerts.decisions.reasons import DecisionReason
from alerts.errors import Failure
from common.contracts.signals import Kind, Severity
from console.access.roles import Role
from console.languages.locale import Locale
from console.pages.account.texts import ACCOUNT_TEXTS
from support.account_page import ACKNOWLEDGE, NOW, OVERRIDE, OWNER, SAID, Served, page_of, posted, told
from support.console import console_site
from support.scoring_harness import DAY, START, event

MINUS = "−"


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
