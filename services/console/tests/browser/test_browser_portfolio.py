"""Signing in and the portfolio in a real browser: by keyboard, on a telephone, without scripts, for everybody."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from console.access.roles import Role
from support.browser import PHONE, focused, follow, overflow, tab_to, violations
from support.console_browser import ServedConsole
from support.portfolio_double import ARABIC, HOSTILE, OVERRIDE, SCRIPT

Opened = Callable[..., Page]


def test_by_keyboard_alone_from_the_link_to_a_filtered_page(
    console: ServedConsole, context: Callable[..., BrowserContext], opened: Opened
) -> None:
    page = opened()
    page.goto(console.origin + "/portfolio")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    tab_to(page, "Filters and order")
    page.keyboard.press("Enter")
    tab_to(page, "band")
    page.keyboard.press("Space")
    tab_to(page, "Apply")
    page.keyboard.press("Enter")
    page.wait_for_url("**band=red**")
    expect(page.get_by_label("red", exact=True)).to_be_checked()
    assert set(page.locator("tbody .band").all_inner_texts()) == {"red"}
    tab_to(page, "ARR")
    page.keyboard.press("Enter")
    page.wait_for_url("**sort=arr")
    tab_to(page, "Sign out")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in")


def test_a_link_by_keyboard_alone(console: ServedConsole, context: Callable[..., BrowserContext]) -> None:
    page = context().new_page()
    page.goto(console.link_for("keyboard@example.com"))
    tab_to(page, "Sign in")
    page.keyboard.press("Enter")
    page.wait_for_url("**/portfolio")
    expect(page.get_by_text("Signed in as keyboard@example.com")).to_be_visible()


def test_without_scripts_everything_works(opened: Opened) -> None:
    page = opened(java_script_enabled=False)
    page.get_by_text("Filters and order").click()
    page.get_by_label("yellow", exact=True).check()
    page.get_by_label("Order").select_option("-arr")
    follow(page.get_by_role("button", name="Apply"))
    assert "band=yellow" in page.url
    assert "sort=-arr" in page.url
    follow(page.get_by_role("link", name="Next page"))
    follow(page.get_by_role("link", name="Previous page"))
    assert "cursor" not in page.url
    page.get_by_label("Language").select_option("ja")
    follow(page.get_by_role("button", name="Choose"))
    expect(page.locator("h1")).to_have_text("ポートフォリオ")
    assert "band=yellow" in page.url
    follow(page.get_by_role("button", name="ログアウト"))
    assert page.url.endswith("/sign-in")


def test_the_address_alone_shows_a_colleague_the_same(console: ServedConsole, opened: Opened) -> None:
    mine = opened("/portfolio?band=green&sort=-arr")
    follow(mine.get_by_role("link", name="ARR", exact=True))
    theirs = opened(mine.url.removeprefix(console.origin))
    assert theirs.locator("tbody th").all_inner_texts() == mine.locator("tbody th").all_inner_texts()


def test_two_people_at_once_are_two_people(opened: Opened) -> None:
    ann, bob = opened(), opened()
    ann.get_by_label("Language").select_option("ja")
    follow(ann.get_by_role("button", name="Choose"))
    expect(ann.locator("h1")).to_have_text("ポートフォリオ")
    bob.reload()
    expect(bob.locator("h1")).to_have_text("Portfolio")
    follow(ann.get_by_role("button", name="ログアウト"))
    bob.reload()
    expect(bob.get_by_role("button", name="Sign out")).to_be_visible()


@pytest.mark.parametrize("path", ["/portfolio", "/portfolio?group_by=owner", "/portfolio?band=red", "/nowhere"])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_on_a_telephone_nothing_is_wider_than_the_window(opened: Opened, path: str, language: str) -> None:
    page = opened(path, rows=HOSTILE, viewport=PHONE, locale=language)
    assert overflow(page) == 0


def test_on_a_telephone_each_account_is_a_card_with_labels(opened: Opened) -> None:
    page = opened(viewport=PHONE)
    row = page.locator("tbody tr").first
    box = row.bounding_box()
    assert box is not None
    assert box["width"] <= PHONE["width"]
    label = row.locator("td[data-label='Owner']").evaluate("cell => getComputedStyle(cell, '::before').content")
    assert label == '"Owner"'
    # A table that is drawn as cards is still one to those who listen to it.
    assert page.get_by_role("table").count() == 1
    assert page.get_by_role("row").count() == 51


def test_hostile_names_are_text(opened: Opened) -> None:
    page = opened(rows=HOSTILE)
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.reload()
    cells = page.locator("tbody th bdi").all_inner_texts()
    assert {SCRIPT, OVERRIDE, ARABIC} <= set(cells)
    assert page.locator("main script, main img").count() == 0
    assert (dialogs, errors) == ([], [])


def test_a_name_from_right_to_left_turns_nothing_else_around(opened: Opened) -> None:
    page = opened(rows=[HOSTILE[1], HOSTILE[2]])
    for row in page.locator("tbody tr").all():
        name, band = row.locator("th").bounding_box(), row.locator(".band").bounding_box()
        assert name is not None
        assert band is not None
        assert name["x"] < band["x"]
    assert page.evaluate("getComputedStyle(document.querySelector('tbody th bdi')).unicodeBidi") == "isolate"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path", ["/portfolio", "/portfolio?group_by=owner", "/portfolio?band=red&owner=nobody", "/nowhere"]
)
def test_axe_finds_nothing_serious(opened: Opened, path: str, scheme: str) -> None:
    page = opened(path, color_scheme=scheme)
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_japanese_on_a_telephone(opened: Opened, scheme: str) -> None:
    page = opened(rows=HOSTILE, viewport=PHONE, locale="ja", color_scheme=scheme)
    assert page.locator("html").get_attribute("lang") == "ja"
    assert violations(page) == []


def test_axe_finds_nothing_serious_in_the_audit_and_it_fits_on_a_telephone(opened: Opened) -> None:
    page = opened("/audit", role=Role.ADMIN, viewport=PHONE)
    expect(page.locator("h1")).to_have_text("Audit")
    assert violations(page) == []
    assert overflow(page) == 0


def test_a_csm_is_shown_no_way_to_what_they_may_not_do(opened: Opened) -> None:
    page = opened()
    assert page.get_by_role("link", name="Audit").count() == 0
    answer = page.goto(page.url.replace("/portfolio", "/audit"))
    assert answer is not None
    assert answer.status == 403
    expect(page.locator("h1")).to_have_text("You may not do this")
    assert violations(page) == []


def test_axe_finds_nothing_serious_while_signing_in(
    console: ServedConsole, context: Callable[..., BrowserContext]
) -> None:
    page = context().new_page()
    page.goto(console.origin + "/sign-in")
    assert violations(page) == []
    page.goto(console.link_for("reader@example.com"))
    assert violations(page) == []
    page.goto(console.origin + "/sign-in/link/used-up")
    assert violations(page) == []


def test_in_japanese_no_english_is_left(opened: Opened) -> None:
    """But for what customers and people are called, and acronyms that are Japanese too."""
    page = opened(rows=[], locale="ja")
    words = set(re.findall(r"[A-Za-z]{2,}", page.locator("main").inner_text()))
    assert words <= {"ARR", "CSV", "ID", "UTC"}


def test_the_back_button_after_signing_out_shows_no_customers(opened: Opened) -> None:
    page = opened()
    follow(page.get_by_role("button", name="Sign out"))
    page.wait_for_url("**/sign-in")
    page.go_back()
    expect(page.locator("h1")).to_have_text("Sign in")
