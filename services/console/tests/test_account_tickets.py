# ruff: noqa: RUF001 (full-width punctuation is what Japanese is written with)
"""Tickets and answers on the page about an account, and the events on its plot, over scoring's own API and tables."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from html import unescape
from typing import Any

import httpx
import pytest
from msgspec import Struct

from common.contracts.events import Event
from common.contracts.signals import MovingEvent
from common.topics import TimeMode
from console.access.roles import Role
from console.clients.account import HistoryAnswer, ScoreDay
from console.clients.account_lists import TicketRow, TicketsAnswer
from console.languages.locale import Locale
from console.pages.account.chart import DayOfEvents, chart_of
from console.pages.account.moves import moving_days
from console.pages.account.ticket_texts import TICKET_TEXTS
from console.pages.account.tickets import ROWS, tickets_page
from support.cards import SMALL
from support.console import ConsoleSite, console_site
from support.scoring_api import live, scoring_api
from support.scoring_harness import DAY, START, ScoringHarness, event, scoring_harness

HOUR = 3600.0
NOW = START + 20 * DAY
HOSTILE = '<script>alert("مرحبا")</script>'


class Served(Struct, frozen=True):
    site: ConsoleSite
    harness: ScoringHarness


@pytest.fixture
async def served(database: str) -> AsyncIterator[Served]:
    async with scoring_harness(database, SMALL, mode=TimeMode.STREAM) as harness, scoring_api(harness) as scoring:
        await live(harness, "acme", days=20, name="Acme")
        await harness.tick(NOW)
        await harness.score()
        await scoring.active_card.read()
        async with console_site(database, scoring=httpx.ASGITransport(scoring.app), scoring_key=scoring.token) as site:
            yield Served(site, harness)


def ticket(name: str, at: float, ticket_id: str, *, user_id: str | None = None, **said: Any) -> Event:
    more = {"user_id": user_id, "event_id": f"{name} {ticket_id} {at}"}
    return event("acme", f"ticket.{name}", at, properties={"ticket": ticket_id, **said}, **more)


async def part(served: Served, query: str = "", **headers: str) -> str:
    """The page from the heading of tickets to the next part."""
    await served.harness.score()
    browser = await served.site.signed_in(f"ann{len(query)}@us.test", Role.LEAD, **headers)
    answer = await browser.get(f"/accounts/acme{query}")
    assert answer.status_code == 200, answer.text
    await browser.aclose()
    page = answer.text
    return page[page.index('<h2 id="tickets">') : page.index('<h2 id="entries">')]


def rows(table: str) -> list[list[str]]:
    """The texts of the cells."""
    found = re.findall(r"<tr role=\"row\">(.*?)</tr>", table, re.DOTALL)
    cells = [re.findall(r"<t[hd] [^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in found]
    return [[unescape(re.sub(r"<[^>]*>", "", cell)).strip() for cell in row] for row in cells if row][1:]


async def test_open_tickets_come_first_then_those_that_were_resolved(served: Served) -> None:
    await served.harness.post(
        ticket("opened", NOW + 1, "T-1", user_id="ann", severity=1, subject="How do I export?"),
        ticket("opened", NOW + 2, "T-2", user_id="bob", severity=4, subject="Nothing works"),
        ticket("answered", NOW + 2 + 2 * HOUR, "T-2", hours=2),
        ticket("opened", NOW + 2 + 3 * HOUR, "T-3", user_id="cid", severity=2, subject="Slow"),
        ticket("answered", NOW + 2 + 4 * HOUR, "T-3", hours=0.25),
        ticket("resolved", NOW + 2 + 5 * HOUR, "T-3", hours=26),
    )
    page = await part(served)
    assert "Open tickets: 2" in page
    table = rows(page[: page.index("</table>")])
    assert [row[:4] for row in table] == [
        ["T-2", "Nothing works", "4", "bob"],
        ["T-1", "How do I export?", "1", "ann"],
        ["T-3", "Slow", "2", "cid"],
    ]
    assert [row[6] for row in table[:2]] == ["open", "open"]
    assert table[0][5].endswith("after 2 h")
    assert table[1][5] == "not yet"
    assert table[2][5].endswith("after 0.25 h")
    assert table[2][6].endswith("after 26 h")


async def test_answers_are_shown_in_their_words(served: Served) -> None:
    score = {"score": 3, "comment": "We look for\nsomething else"}
    await served.harness.post(
        event("acme", "nps.answered", NOW + 1, user_id="ann", properties=score, event_id="nps"),
        event("acme", "csat.answered", NOW + 2, user_id="bob", properties={"score": 5, "about": "T-7"}),
        event("acme", "event.retracted", NOW + 3, properties={"event_id": "nps"}),
    )
    page = await part(served)
    table = rows(page[page.index('id="answers"') :])
    assert [row[2:] for row in table] == [["5", "", "bob"], ["3", "We look for\nsomething else", "ann"]]
    assert table[0][1] == "CSAT about T-7"
    assert table[1][1].startswith("NPS taken back on ")


async def test_without_any_the_page_says_so(served: Served) -> None:
    page = await part(served)
    assert "There are no tickets of this account." in page
    assert "Nobody has answered a survey yet." in page


async def test_hostile_words_are_text_of_their_own(served: Served) -> None:
    await served.harness.post(
        ticket("opened", NOW + 1, HOSTILE, user_id=HOSTILE, subject=HOSTILE),
        event("acme", "csat.answered", NOW + 2, user_id=HOSTILE, properties={"score": 1, "about": HOSTILE}),
        event("acme", "nps.answered", NOW + 3, user_id=HOSTILE, properties={"score": 1, "comment": HOSTILE}),
    )
    page = await part(served, **{"accept-language": "ja"})
    assert "<script" not in page
    # Each in an element that keeps its direction of writing to itself.
    assert len(re.findall(r"<bdi[^>]*>[^<]*&lt;script&gt;[^<]*</bdi>", page)) == page.count("&lt;script&gt;") == 7
    assert "未解決のチケット：1 件" in page


async def test_the_longest_words_keep_the_page_small(served: Served) -> None:
    """Without its plots, of which the table says the same."""
    long = '<"&>' * 500
    for n in range(ROWS):
        comment = {"score": 3, "comment": long}
        await served.harness.post(
            ticket("opened", NOW + n, f"T-{n}", user_id=f"user {n}", subject=long),
            event("acme", "nps.answered", NOW + n, user_id=f"user {n}", properties=comment),
        )
    await served.harness.score()
    browser = await served.site.signed_in("lena@us.test", Role.LEAD)
    page = (await browser.get("/accounts/acme")).text
    await browser.aclose()
    assert page.count("&lt;&#34;&amp;&gt;" * 125) >= ROWS
    assert len(re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL).encode()) < 150_000


async def test_tickets_go_on_page_by_page(served: Served) -> None:
    await served.harness.post(*(ticket("opened", NOW + n, f"T-{n}", subject=f"number {n}") for n in range(ROWS + 5)))
    page = await part(served)
    assert len(rows(page[: page.index("</table>")])) == ROWS
    address = unescape(re.search(r'href="(/accounts/acme\?tickets=[^"]*)" rel="next"', page)[1])  # type: ignore[index]
    assert address.endswith("#tickets")
    second = await part(served, "?tickets=2")
    assert len(rows(second[: second.index("</table>")])) == 5
    assert ">Newer</a>" in second


def row(n: int) -> TicketRow:
    return TicketRow(
        ticket=f"T-{n}",
        open=True,
        subject=None,
        severity=None,
        by=None,
        opened=None,
        reopened=None,
        answered=None,
        hours_to_answer=None,
        resolved=None,
        hours_to_resolve=None,
    )


def test_the_last_page_says_that_there_are_others_that_no_page_shows() -> None:
    answer = TicketsAnswer(tuple(row(n) for n in range(ROWS + 1)), open=ROWS + 1, more=True)
    first, second = tickets_page(answer, 1), tickets_page(answer, 2)
    assert (len(first.rows), first.more, first.cut_off) == (ROWS, True, False)
    assert ([one.ticket for one in second.rows], second.more, second.cut_off) == ([f"T-{ROWS}"], False, True)
    assert tickets_page(answer, 3).rows == ()


def moved(day: int, *points: float) -> ScoreDay:
    at = datetime(2026, 3, day, tzinfo=UTC)
    events = tuple(MovingEvent("test", f"{day} {n}", f"event.{n}", at, one) for n, one in enumerate(points))
    return ScoreDay(at.date(), 50.0, 50.0 + sum(points), (), events)


def history(*days: ScoreDay) -> HistoryAnswer:
    at = datetime(2026, 3, 31, tzinfo=UTC)
    return HistoryAnswer(days=days, more_days=False, signals=(), more_signals=False, as_of=at)


def test_events_of_a_point_or_more_are_marked_by_day_and_direction() -> None:
    found = moving_days(history(moved(3, -4.0, 2.0, -1.0, 0.9), moved(2, 0.5), moved(1, 1.0)))
    assert [(one.day.day, one.better, [each.points for each in one.events]) for one in found] == [
        (3, False, [-4.0, -1.0]),
        (3, True, [2.0]),
        (1, True, [1.0]),
    ]


def test_of_too_many_the_largest_are_marked() -> None:
    days = [ScoreDay(date.fromordinal(739_000 + n), 50.0, 51.0, (), moved(1, 1.0 + n / 100).events) for n in range(100)]
    found = moving_days(history(*days))
    assert [one.day for one in found] == [one.day for one in reversed(days[40:])]


def test_a_mark_is_where_the_day_ended() -> None:
    days = [moved(2, -20.0), moved(1, 10.0)]
    drawn = chart_of(days, [], [DayOfEvents(days[0].day, False, "words"), DayOfEvents(date(2020, 1, 1), True, "")])
    assert drawn is not None
    (mark,) = drawn.events
    assert (mark.x, mark.better, mark.words) == (948.0, False, "words")
    assert mark.y == 152.0  # of 30 points


def test_every_survey_has_a_name_in_every_language() -> None:
    assert set(TICKET_TEXTS) == set(Locale)
    for one in TICKET_TEXTS.values():
        assert set(one.surveys) == {"nps.answered", "csat.answered"}
