"""Signing in at a real OpenID provider (npm's oidc-provider) in a real browser."""

import subprocess
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Route, expect

from console.access.oidc import OidcProvider
from console.settings import ConsoleSettings
from local.stack.processes import free_port
from support.browser import follow
from support.console_browser import NODE, OIDC_PROVIDER, ServedConsole, require
from support.portfolio_double import PortfolioDouble, listed


@pytest.fixture
def provided(database: str) -> Iterator[ServedConsole]:
    require(
        NODE and (OIDC_PROVIDER.parent / "node_modules" / "oidc-provider").is_dir(), "no oidc-provider (make clients)"
    )
    port = free_port()
    http = httpx.AsyncClient(timeout=10.0)

    def provider(settings: ConsoleSettings) -> OidcProvider:
        return OidcProvider(
            http,
            issuer=f"http://127.0.0.1:{port}",
            client_id="console",
            client_secret="a-secret-of-the-test",
            redirect_uri=f"{settings.console_url}/sign-in/oidc/callback",
        )

    with ServedConsole(database, PortfolioDouble([listed(1)]), provider=provider) as console:
        command = [str(NODE), str(OIDC_PROVIDER), str(port), f"{console.origin}/sign-in/oidc/callback"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            assert any(line.strip() == "listening" for line in lines)
            yield console
            console.run(http.aclose())
            process.terminate()


def test_who_has_an_account_signs_in_at_the_provider(provided: ServedConsole, chromium: Browser) -> None:
    provided.run(provided.site.user("ann@example.com"))
    context = chromium.new_context(locale="en")

    def on_this_machine(route: Route) -> None:
        """The provider's own pages ask for fonts elsewhere."""
        if route.request.url.startswith("http://127.0.0.1:"):
            route.continue_()
        else:
            route.abort()

    context.route("**", on_this_machine)
    page = context.new_page()
    page.goto(f"{provided.origin}/portfolio?band=green")
    follow(page.get_by_role("link", name="Sign in with your company account"))
    page.locator("input[name=login]").fill("ann")
    page.locator("input[name=password]").fill("any")
    follow(page.locator("button[type=submit]"))
    follow(page.locator("button[type=submit]"))  # consent
    page.wait_for_url("**/portfolio?band=green")
    expect(page.get_by_text("Signed in as Ann of the provider")).to_be_visible()
    context.close()
