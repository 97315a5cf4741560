"""What the helpers of these tests promise: a page that comes slowly is read when it is whole."""

import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import BrowserContext, Page

from support.browser import enter, follow


class SlowPage(BaseHTTPRequestHandler):
    """The page `/list` sends its first half, and its rows later."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        if self.path == "/list":
            self.wfile.write(b"<title>list</title><ul>" + b" " * 4_096)
            self.wfile.flush()
            time.sleep(0.5)
            self.wfile.write(b"<li>one<li>two</ul>")
        else:
            self.wfile.write(b'<a href="/list" autofocus>the list</a>')

    def log_message(self, *_: object) -> None:
        """Says nothing on stderr."""


@pytest.fixture
def page(context: Callable[..., BrowserContext]) -> Iterator[Page]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), SlowPage)
    Thread(target=server.serve_forever, daemon=True).start()
    opened = context().new_page()
    opened.goto(f"http://127.0.0.1:{server.server_port}/")
    yield opened
    server.shutdown()
    server.server_close()


def test_a_link_is_followed_to_the_whole_page(page: Page) -> None:
    follow(page.get_by_role("link", name="the list"))
    assert page.locator("li").count() == 2


def test_enter_leads_to_the_whole_page(page: Page) -> None:
    page.get_by_role("link", name="the list").focus()
    enter(page)
    assert page.locator("li").count() == 2
