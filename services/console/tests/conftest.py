from collections.abc import AsyncIterator

import pytest

from console.access.roles import Role
from support.account_page import Served, served_account
from support.administration import AdministeredServices, administered
from support.administrator import Administrator, asking
from support.console import ConsoleSite, console_site


@pytest.fixture
async def site(database: str) -> AsyncIterator[ConsoleSite]:
    """A console whose other services are all away."""
    async with console_site(database) as built:
        yield built


@pytest.fixture
async def services(database: str) -> AsyncIterator[AdministeredServices]:
    async with administered(database) as running:
        yield running


@pytest.fixture
async def administrator(database: str, services: AdministeredServices) -> AsyncIterator[Administrator]:
    async with console_site(database, **asking(services)) as site:
        await site.execute("TRUNCATE console.session, console.sign_in_link, console.console_user")
        browser = await site.signed_in("ann@example.com", Role.ADMIN)
        yield Administrator(site, services, browser)
        await browser.aclose()


@pytest.fixture
async def served(database: str) -> AsyncIterator[Served]:
    async with served_account(database) as built:
        yield built
