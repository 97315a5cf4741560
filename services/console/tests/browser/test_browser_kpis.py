"""The KPIs in a real browser: by keyboard, on a telephone, without scripts, for everybody."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from support.browser import PHONE, follow, overflow, tab_to, violations
from support.portfolio_double import ARABIC, HOSTILE, SCRIPT

Opened = Callable[..., Page]


def test_by_keyboard_alone_to_a_definition_and_to_groups(opened: Opened) -> None:
    page = opened("/kpis")
    # The second line is for those who do not see which row this is.
    tab_to(page, "Definition\n: Time to value")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The median number of days from the start of the contract")).to_be_visible()
    page.goto(page.url)
    tab_to(page, "Span, filters and groups")
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Group by").inner_text().strip())
    page.keyboard.press("T")
    tab_to(page, "Apply")
    page.keyboard.press("Enter")
    page.wait_for_url("**by=tier**")
    tab_to(page, "high touch")
    page.keyboard.press("Enter")
    page.wait_for_url("**tier=high")
    expect(page.get_by_label("high touch")).to_be_checked()


def test_without_scripts_the_form_makes_the_address(opened: Opened) -> None:
    page = opened("/kpis", java_script_enabled=False)
    page.get_by_text("Span, filters and groups").click()
    page.get_by_label("First day").fill("2025-10-01")
    page.get_by_label("As it was known on").fill("2026-01-15")
    page.get_by_label("Group by").select_option("owner")
    follow(page.get_by_role("button", name="Apply"))
    assert {"from=2025-10-01", "known_at=2026-01-15", "by=owner"} <= set(page.url.partition("?")[2].split("&"))
    expect(page.get_by_text("As it was known on Jan 15, 2026.")).to_be_visible()
    page.get_by_label("NPS").check()
    follow(page.get_by_role("button", name="Apply"))
    expect(page.get_by_role("columnheader", name="User loyalty (NPS)")).to_be_visible()
    page.get_by_text("Definition: Customer health score").click()
    expect(page.get_by_text("The mean score of the customers at the end of the span.")).to_be_visible()


def test_on_a_telephone_nothing_is_wider_than_the_window(opened: Opened) -> None:
    for language in ("en", "ja"):
        page = opened("/kpis?by=owner&segment=mid", rows=HOSTILE, viewport=PHONE, locale=language)
        assert overflow(page) == 0
        box = page.locator("#net_revenue_retention").bounding_box()
        assert box is not None
        assert box["width"] <= PHONE["width"]
        page.locator("#net_revenue_retention summary").click()
        assert overflow(page) == 0


def test_hostile_groups_are_text(opened: Opened) -> None:
    page = opened("/kpis?by=owner&segment=%3Cscript%3Ealert(1)%3C/script%3E", rows=[HOSTILE[0], HOSTILE[2]])
    dialogs: list[str] = []
    errors: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.reload()
    assert page.get_by_label("Segment").input_value() == SCRIPT
    assert '"><img src=x onerror=alert(1)>' in page.locator("tbody th bdi").all_inner_texts()
    assert page.locator("main script, main img").count() == 0
    page.goto(page.url.partition("?")[0] + f"?owner={ARABIC}&owner=second")
    assert page.get_by_label("Owner").input_value() == ARABIC
    assert (dialogs, errors) == ([], [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(opened: Opened, scheme: str) -> None:
    page = opened("/kpis?by=tier&cohorts=year", color_scheme=scheme)
    page.locator("#net_revenue_retention summary").click()
    assert violations(page) == []


def test_axe_finds_nothing_serious_in_japanese_on_a_telephone(opened: Opened) -> None:
    page = opened("/kpis?by=owner", rows=HOSTILE, viewport=PHONE, locale="ja")
    assert violations(page) == []


def test_in_japanese_no_english_is_left(opened: Opened) -> None:
    """But for sources, which are names of fields and marked as English, and acronyms that are Japanese too."""
    page = opened("/kpis?by=tier", rows=[], locale="ja")
    page.evaluate("document.querySelectorAll('[lang=en]').forEach(each => each.remove())")
    words = set(re.findall(r"[A-Za-z]{2,}", page.locator("main").inner_text()))
    assert words <= {"ARR", "CSV", "UTC", "KPI", "NPS", "CSAT", "GRR", "NRR", "LTV", "min"}
