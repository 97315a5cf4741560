"""The page about an account and its acts in a real browser: by keyboard, on a telephone, without scripts."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from console.access.roles import Role
from support.browser import PHONE, follow, overflow, tab_to, violations
from support.console_browser import ServedConsole
from support.portfolio_double import ARABIC, LONG, OVERRIDE, SCRIPT

Opened = Callable[..., Page]
ACME = "/accounts/acme"


@pytest.fixture(autouse=True)
def acme(console: ServedConsole) -> None:
    console.account.reset("Acme", owner="dana@example.com")


def test_by_keyboard_alone_from_the_portfolio_to_an_alert_that_is_taken_in_hand(
    console: ServedConsole, opened: Opened
) -> None:
    page = opened(role=Role.LEAD)
    page.locator("tbody th a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/accounts/**")
    # Past the navigation, in which another page has this name.
    tab_to(page, "Journey")
    tab_to(page, "Alerts")
    page.keyboard.press("Enter")
    tab_to(page, "note")
    page.keyboard.type("I call them today")
    page.keyboard.press("Enter")
    page.wait_for_url("**did=acknowledged**")
    expect(page.get_by_role("status")).to_have_text("You have it in hand now.")
    expect(page.get_by_text("I call them today")).to_be_visible()
    assert page.get_by_role("button", name="Take it in hand").count() == 0


def test_the_band_is_set_and_ended_without_scripts(console: ServedConsole, opened: Opened) -> None:
    page = opened(ACME, role=Role.LEAD, java_script_enabled=False)
    page.get_by_text("Set the band").first.click()
    page.get_by_label("Band", exact=True).select_option("green")
    page.get_by_label("Until the end of").fill("2026-04-30")
    page.get_by_label("Reason", exact=True).fill("The pilot is agreed.")
    follow(page.get_by_role("button", name="Set the band"))
    expect(page.get_by_role("status")).to_contain_text("The band is being set.")
    expect(page.get_by_text("Reason: The pilot is agreed.")).to_be_visible()
    page.get_by_text("Set the band").first.click()
    follow(page.get_by_role("button", name="End it now"))
    expect(page.get_by_role("status")).to_contain_text("being ended")
    assert console.account.override is None
    follow(page.get_by_role("button", name="Send again"))
    assert console.account.sent_again == 1
    asked = "@example.com asked to send it again on"
    expect(page.get_by_text(asked)).to_be_visible()
    follow(page.get_by_role("link", name="Every attempt"))
    expect(page.get_by_role("heading", name="Attempts to send")).to_be_visible()
    expect(page.locator("caption").get_by_text(asked)).to_be_visible()


def test_the_form_says_what_is_missing_and_forgets_nothing(console: ServedConsole, opened: Opened) -> None:
    page = opened(ACME, role=Role.LEAD)
    page.get_by_text("Set the band").first.click()
    page.get_by_label("Until the end of").fill("2026-04-30")
    page.get_by_label("Reason", exact=True).fill(" ")
    follow(page.get_by_role("button", name="Set the band"))
    expect(page.get_by_role("alert")).to_contain_text("write the reason")
    expect(page.get_by_label("Until the end of")).to_have_value("2026-04-30")
    assert violations(page) == []


def test_two_people_at_once_see_what_happened(console: ServedConsole, opened: Opened) -> None:
    ann, bob = opened(ACME, role=Role.LEAD), opened(ACME, role=Role.LEAD)
    for page in (ann, bob):
        follow(page.get_by_role("button", name="Take it in hand"))
    expect(bob.get_by_role("status")).to_contain_text("before you")


@pytest.mark.parametrize(("language", "name"), [("en", LONG), ("ja", SCRIPT)])
def test_on_a_telephone_nothing_is_wider_than_the_window(
    console: ServedConsole, opened: Opened, language: str, name: str
) -> None:
    console.account.reset(name, owner=f"{'o' * 120}@example.com")
    page = opened(ACME, role=Role.LEAD, viewport=PHONE, locale=language)
    assert page.locator("h1").inner_text() == name
    assert overflow(page) == 0
    page.goto(f"{console.origin}{ACME}?alert=any&as_of=2026-05-01")
    assert overflow(page) == 0
    assert violations(page) == []


def test_hostile_names_are_text_and_turn_nothing_around(console: ServedConsole, opened: Opened) -> None:
    page = opened(role=Role.LEAD)
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    for name in (SCRIPT, OVERRIDE, ARABIC):
        console.account.reset(name, owner=name)
        page.goto(f"{console.origin}{ACME}?alert=any")
        assert page.locator("h1").inner_text() == name
        assert page.locator("main script, main img").count() == 0
        # Whatever a customer wrote is in an element of its own, or at the end of a text that is.
        loose = page.evaluate(
            """name => [...document.querySelectorAll('main *')].filter(one => !one.closest('bdi, title') &&
               [...one.childNodes].some(node => node.nodeType === 3 && node.data.includes(name))).length""",
            name,
        )
        assert loose == 0
    assert (dialogs, errors) == ([], [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(console: ServedConsole, opened: Opened, scheme: str) -> None:
    page = opened(f"{ACME}?alert=any&as_of=2026-05-01", role=Role.LEAD, color_scheme=scheme)
    expect(page.locator("h1")).to_have_text("Acme")
    page.get_by_text("Set the band").first.click()
    assert violations(page) == []


def test_the_plot_is_said_in_words_and_the_receipt_as_a_table(opened: Opened) -> None:
    page = opened(ACME)
    plot = page.get_by_role("img", name=re.compile("lowest 60 on .*, highest 68 on .*. Messages: 1"))
    expect(plot).to_have_count(1)
    assert plot.locator("circle title").all_text_contents() == ["band: red, Mar 31, 2026"]
    rows = page.locator("table.waterfall tr").all_inner_texts()
    assert [row.split()[0] for row in (rows[1], rows[-1])] == ["Reference", "Score"]
    # Who may not act is told who may.
    expect(page.get_by_text("The owner, or whoever leads")).to_be_visible()


def test_in_japanese_no_english_is_left(console: ServedConsole, opened: Opened) -> None:
    """But for what customers and people are called, names of events and channels, ids, and acronyms."""
    page = opened(f"{ACME}?as_of=2026-05-01", role=Role.LEAD, locale="ja")
    page.get_by_text("判定を設定").first.click()
    words = set(re.findall(r"[A-Za-z]{2,}", page.locator("main").inner_text()))
    names = {"Acme", "acme", "dana", "example", "com", "cs", "desk", "email", "bob", "invoice", "failed"}
    assert words - names <= {"ARR", "ID", "UTC", "NPS", "CSAT"}
