"""What tests in a browser ask of a page: where the focus is, whether it fits, and what axe finds."""

from typing import Any, Final

from playwright.sync_api import Locator, Page, ViewportSize

from support.console_browser import AXE, require

PHONE: Final[ViewportSize] = {"width": 390, "height": 844}


def follow(way: Locator) -> None:
    """Clicks a link or a button that leads to a page, and waits for the whole of it.

    A click alone ends when the page has begun: who then counts its rows may count none.
    """
    with way.page.expect_navigation():
        way.click()


def enter(page: Page) -> None:
    """Presses Enter on what leads to a page, and waits for the whole of it."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def focused(page: Page) -> str:
    """What the focus is on, in words."""
    return str(page.evaluate("document.activeElement.innerText || document.activeElement.name || ''")).strip()


def tab_to(page: Page, words: str, *, most: int = 80) -> None:
    """Presses Tab until the focus is on that."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if focused(page) == words:
            # Whoever uses the keyboard sees where they are.
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"{words!r} is not reached by {most} tabs")


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def violations(page: Page) -> list[str]:
    """What axe finds that is serious or critical."""
    require(AXE.is_file(), "axe-core is not installed (make clients)")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: Any = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{one['id']}: {one['nodes'][0]['html']}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]
