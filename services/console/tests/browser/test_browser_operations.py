"""Alerts, data and system in a real browser: by keyboard, on a telephone, without scripts, for everybody."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from console.access.roles import Role
from support.alerts_double import HOSTILE_ALERTS, alerted
from support.browser import PHONE, follow, overflow, tab_to, violations
from support.console_browser import ServedConsole
from support.portfolio_double import ARABIC, OVERRIDE, SCRIPT

Opened = Callable[..., Page]
PATHS = ("/alerts", "/alerts?group_by=owner&severity=critical", "/data?source=app", "/system")
# Japanese has no other words for these.
ALSO_JAPANESE = {"UTC", "MB", "SDK", "Webhook", "docs", "operations", "md", "ingest", "scoring", "worker", "alerts"}


def test_by_keyboard_alone_an_alert_is_taken_in_hand(console: ServedConsole, opened: Opened) -> None:
    console.alerts.alerts = [alerted(1), alerted(2)]
    page = opened("/alerts", role=Role.LEAD)
    tab_to(page, "note")
    page.keyboard.type("calling them")
    tab_to(page, "Take in hand")
    page.keyboard.press("Enter")
    page.wait_for_url("**acted=signal-1**")
    expect(page.get_by_role("status")).to_contain_text("Customer 1: you have it in hand.")
    assert page.locator("tbody th").all_inner_texts() == ["Customer 2"]
    taken = console.alerts.alerts[0].acknowledgement
    assert taken is not None
    assert taken.note == "calling them"


def test_without_scripts_alerts_are_filtered_paged_and_sent_again(console: ServedConsole, opened: Opened) -> None:
    console.alerts.alerts = [alerted(number) for number in range(1, 40)]
    page = opened("/alerts", role=Role.LEAD, java_script_enabled=False)
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("critical", exact=True).check()
    follow(page.get_by_role("button", name="Apply"))
    assert "severity=critical" in page.url
    follow(page.get_by_role("link", name="Next page"))
    assert page.locator("tbody tr").count() == 9
    follow(page.get_by_role("button", name="Send again: Customer 31"))
    expect(page.get_by_role("status")).to_contain_text("Customer 31: what failed is decided again")
    expect(page.get_by_text("@example.com asked to send it again on")).to_have_count(1)
    # The act leads back to the page on which it was begun.
    assert page.locator("tbody tr").count() == 9
    follow(page.get_by_role("link", name="Previous page"))
    assert page.locator("tbody tr").count() == 30


def test_without_scripts_data_leads_to_a_source_and_through_rejects(opened: Opened) -> None:
    page = opened("/data", java_script_enabled=False)
    follow(page.get_by_role("link", name="app", exact=True))
    expect(page.get_by_role("img")).to_be_visible()
    follow(page.get_by_role("link", name="Older"))
    assert "source=app" in page.url
    assert "before=30" in page.url
    page.get_by_label("Reason").fill("too_old")
    follow(page.get_by_role("button", name="Apply"))
    assert "reason=too_old" in page.url
    assert "before" not in page.url


@pytest.mark.parametrize("path", PATHS)
def test_each_page_fits_a_telephone_in_japanese_and_axe_finds_nothing(
    console: ServedConsole, opened: Opened, path: str
) -> None:
    console.alerts.alerts = list(HOSTILE_ALERTS)
    page = opened(path, role=Role.LEAD, viewport=PHONE, locale="ja")
    assert page.locator("html").get_attribute("lang") == "ja"
    assert overflow(page) == 0
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_nothing_serious(console: ServedConsole, opened: Opened, path: str, scheme: str) -> None:
    console.alerts.alerts = [alerted(1), alerted(2)]
    assert violations(opened(path, role=Role.LEAD, color_scheme=scheme)) == []


@pytest.mark.parametrize("path", ["/alerts?state=all", "/alerts?group_by=owner", "/data?source=app"])
def test_hostile_names_are_text(console: ServedConsole, opened: Opened, path: str) -> None:
    console.alerts.alerts = list(HOSTILE_ALERTS)
    page = opened(path, role=Role.LEAD)
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.reload()
    assert page.get_by_text(SCRIPT).count() > 0
    assert page.locator("main script, main img").count() == 0
    assert (dialogs, errors) == ([], [])


def test_a_name_from_right_to_left_turns_nothing_else_around(console: ServedConsole, opened: Opened) -> None:
    console.alerts.alerts = [alerted(1, name=ARABIC), alerted(2, name=OVERRIDE)]
    page = opened("/alerts")
    for row in page.locator("tbody tr").all():
        name, grade = row.locator("th").bounding_box(), row.locator(".grade").bounding_box()
        assert name is not None
        assert grade is not None
        assert name["x"] < grade["x"]


def test_in_japanese_no_english_is_left(console: ServedConsole, opened: Opened) -> None:
    """But for what customers, clients and the runbook call things."""
    console.alerts.alerts = []
    page = opened("/alerts", locale="ja")
    assert set(re.findall(r"[A-Za-z]{2,}", page.locator("main").inner_text())) <= ALSO_JAPANESE
    page.goto(console.origin + "/system")
    for heading in page.locator("h1, h2, thead th, caption, tbody th").all_inner_texts():
        assert set(re.findall(r"[A-Za-z]{2,}", heading)) <= ALSO_JAPANESE, heading
    page.goto(console.origin + "/data")
    for heading in page.locator("h1, h2, h3, thead th, caption, label, button").all_inner_texts():
        assert set(re.findall(r"[A-Za-z]{2,}", heading)) <= ALSO_JAPANESE | {"English"}, heading


def test_a_csm_sees_no_way_to_act_on_alerts_of_others(console: ServedConsole, opened: Opened) -> None:
    console.alerts.alerts = [alerted(1), alerted(2)]
    page = opened("/alerts")
    assert page.locator("tbody tr").count() == 2
    assert page.get_by_role("button", name="Take in hand").count() == 0
