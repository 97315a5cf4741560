"""Pictures of the console's pages: each of the navigation, and one of each kind of page that they lead to."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct
from playwright.sync_api import Browser, FloatRect, Page, ViewportSize, sync_playwright

from console.languages.locale import Locale
from console.pages.registry import PAGES
from console.web.texts import LAYOUT

_WINDOW: Final[ViewportSize] = {"width": 1280, "height": 900}
# So that a picture is of a modest size.
_MOST_PIXELS: Final = 1_800.0
_MOST_PICTURES: Final = 6  # of a page
_REGISTERED: Final = frozenset(page.path for page in PAGES)
_PATIENCE: Final = 60_000  # milliseconds
_TEXTS: Final = LAYOUT[Locale.ENGLISH]
_AWAY: Final = tuple(_TEXTS.away.format(service) for service in _TEXTS.services.values())
_LINKS: Final = "main a[href^='/']:not([download])"


class Picture(Struct, frozen=True):
    """`files` are of one page; `name` is its kind."""

    name: str
    title: str
    files: tuple[str, ...]


class PageUnavailable(Exception):
    """A page cannot be pictured as it is meant to be."""


def take_pictures(link: str, *, paths: Sequence[str], into: Path, chromium: str) -> list[Picture]:
    """`picture_pages` in a browser of its own."""
    with sync_playwright() as playwright:
        # As root it does not start in its sandbox.
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            return picture_pages(browser, link, paths=paths, into=into)
        finally:
            browser.close()


def picture_pages(browser: Browser, link: str, *, paths: Sequence[str], into: Path) -> list[Picture]:
    """Signs in by the `link`. Raises `PageUnavailable` for a page that is not answered, or names a service as away."""
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(link))
    context = browser.new_context(viewport=_WINDOW, locale="en", color_scheme="light", reduced_motion="reduce")
    try:
        page = context.new_page()
        page.set_default_timeout(_PATIENCE)
        page.goto(link)
        page.locator("main button").click()
        page.wait_for_url(lambda url: "/sign-in/" not in url)
        return _walk(page, origin, paths, into)
    finally:
        context.close()


def _walk(page: Page, origin: str, paths: Sequence[str], into: Path) -> list[Picture]:
    """Breadth first: the pages of the navigation, and then the first link to each kind that has no picture yet."""
    pictures: dict[str, Picture] = {}
    ahead = list(paths)
    while ahead:
        path = ahead.pop(0)
        name = kind_of(path)
        if not name or name in pictures:
            continue
        answer = page.goto(origin + path)
        if answer is None or not answer.ok:
            raise PageUnavailable(f"{path}: {'no answer' if answer is None else answer.status}")
        shown = page.locator("main").inner_text()
        if away := next((words for words in _AWAY if words in shown), None):
            raise PageUnavailable(f"{path}: {away}")
        pictures[name] = Picture(name, page.locator("h1").first.inner_text(), _taken(page, into, name))
        ahead += [str(each.get_attribute("href")) for each in page.locator(_LINKS).all()]
    return list(pictures.values())


def kind_of(address: str) -> str:
    """Of a page in the registry its path. Other pages with the same first segment are of one kind: `/accounts/acme`."""
    path = urlsplit(address).path
    return path.strip("/").replace("/", "-") if path in _REGISTERED else path.strip("/").partition("/")[0]


def _taken(page: Page, into: Path, name: str) -> tuple[str, ...]:
    """The page from its beginning on; a picture ends before a heading in its last third, if there is one."""
    height = float(page.evaluate("document.documentElement.scrollHeight"))
    boxes = [each.bounding_box() for each in page.locator("main h2").all()]
    headings = [box["y"] for box in boxes if box is not None]
    bounds = [0.0]
    while height - bounds[-1] > _MOST_PIXELS and len(bounds) < _MOST_PICTURES:
        most = bounds[-1] + _MOST_PIXELS
        bounds.append(max((at for at in headings if most - _MOST_PIXELS / 3 < at <= most), default=most))
    files = tuple(f"{name}.png" if number == 1 else f"{name}-{number}.png" for number in range(1, len(bounds) + 1))
    for begin, end, file in zip(bounds, [*bounds[1:], height], files, strict=True):
        clip: FloatRect = {
            "x": 0.0,
            "y": begin,
            "width": float(_WINDOW["width"]),
            "height": min(end - begin, _MOST_PIXELS),
        }
        page.screenshot(path=into / file, full_page=True, clip=clip)
    return files
