"""Tickets, answers and events on the plot of the page about an account, in a real browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from console.access.roles import Role
from support.browser import PHONE, overflow, tab_to, violations
from support.console_browser import ServedConsole
from support.portfolio_double import ARABIC, LONG, OVERRIDE, SCRIPT

Opened = Callable[..., Page]
ACME = "/accounts/acme"
OWNER = "dana@example.com"


@pytest.fixture(autouse=True)
def acme(console: ServedConsole) -> None:
    console.account.reset("Acme", owner=OWNER)


def test_open_tickets_are_above_resolved_ones(opened: Opened) -> None:
    page = opened(ACME)
    region = page.get_by_role("region", name="Tickets", exact=True)
    tickets = region.locator("tbody tr")
    assert [row.locator("th").inner_text() for row in tickets.all()] == ["T-0", "T-1", "R-0", "R-1"]
    assert tickets.nth(0).locator("td").nth(4).inner_text() == "not yet"
    expect(tickets.nth(1)).to_contain_text("after 1.5 h")
    expect(tickets.nth(1)).to_contain_text("open")
    expect(tickets.nth(3)).to_contain_text("after 6 h")
    expect(page.get_by_text("Open tickets: 2")).to_be_visible()


def test_answers_are_shown_with_what_they_say(console: ServedConsole, opened: Opened) -> None:
    console.account.reset("Acme", owner=OWNER, words="It saves us a day a week")
    page = opened(ACME)
    answers = page.get_by_role("region", name="Answers", exact=True).locator("tbody tr")
    expect(answers).to_have_count(2)
    expect(answers.nth(0)).to_contain_text("taken back on")
    expect(answers.nth(1)).to_contain_text("CSAT about Acme")
    expect(answers.nth(1)).to_contain_text("It saves us a day a week")


def test_by_keyboard_alone_to_the_tickets_and_their_next_page(console: ServedConsole, opened: Opened) -> None:
    console.account.reset("Acme", owner=OWNER, tickets=15)
    page = opened(ACME, java_script_enabled=False)
    link = page.locator("nav li a[href='#tickets']")
    expect(link).to_have_text("Tickets and answers")
    page.locator("nav[aria-label=Tickets] a").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**tickets=2#tickets")
    rows = page.get_by_role("region", name="Tickets", exact=True).locator("tbody tr")
    expect(rows).to_have_count(10)
    expect(page.locator("nav[aria-label=Tickets]").get_by_text("Newer")).to_be_visible()


def test_the_part_is_reached_by_the_keyboard(opened: Opened) -> None:
    page = opened(ACME)
    tab_to(page, "Tickets and answers")
    page.keyboard.press("Enter")
    page.wait_for_url("**#tickets")


@pytest.mark.parametrize("words", [SCRIPT, OVERRIDE, ARABIC])
def test_hostile_words_are_text_and_turn_nothing_around(console: ServedConsole, opened: Opened, words: str) -> None:
    page = opened(role=Role.LEAD)
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    console.account.reset(words, owner=OWNER, words=words)
    page.goto(f"{console.origin}{ACME}")
    subjects = page.get_by_role("region", name="Tickets", exact=True).locator("tbody td:nth-child(2) bdi")
    assert subjects.all_inner_texts() == [words] * 4
    loose = page.evaluate(
        """words => [...document.querySelectorAll('main *')].filter(one => !one.closest('bdi, title') &&
           [...one.childNodes].some(node => node.nodeType === 3 && node.data.includes(words))).length""",
        words,
    )
    assert (loose, dialogs) == (0, [])
    # A mark of the plot has no elements around a name, so the name brings its own isolation.
    titles = page.locator("svg.chart .event title").all_text_contents()
    assert any(f"\u2068{words}\u2069" in title for title in titles)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_on_a_telephone_nothing_is_wider_than_the_window(console: ServedConsole, opened: Opened, language: str) -> None:
    console.account.reset(LONG, owner=OWNER, words=LONG * 2)
    page = opened(ACME, role=Role.LEAD, viewport=PHONE, locale=language)
    assert overflow(page) == 0
    assert violations(page) == []


def test_events_are_triangles_and_messages_are_circles(opened: Opened) -> None:
    page = opened(ACME)
    plot = page.get_by_role("img", name=re.compile(r"Messages: 1\. Events: 60\."))
    expect(plot).to_have_count(1)
    shapes = plot.locator(".event").evaluate_all("all => all.map(one => one.getAttribute('d').replace(/^.*?l/, 'l'))")
    # The largest of each nine days is the one that gave eight points: by their form alone the marks point up.
    assert set(shapes) == {"l5 9h-10z"}
    assert all(" +8.0: " in title for title in plot.locator(".event title").all_text_contents())
    expect(page.get_by_text("Circles are messages. Triangles are events")).to_be_visible()
    # The table says the same in words.
    expect(page.get_by_role("region", name="Days on which it moved")).to_contain_text("invoice.failed")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_many_tickets(console: ServedConsole, opened: Opened, scheme: str) -> None:
    console.account.reset("Acme", owner=OWNER, tickets=15)
    page = opened(ACME, role=Role.LEAD, color_scheme=scheme)
    assert violations(page) == []
