"""An administrator of the console, for tests of what administrators may do."""

from collections.abc import Mapping
from typing import Any

import httpx

from support.administration import AdministeredServices
from support.console import ConsoleSite, form_token


class Administrator:
    """An administrator who has signed in to the console."""

    def __init__(self, site: ConsoleSite, services: AdministeredServices, browser: httpx.AsyncClient) -> None:
        self.site = site
        self.services = services
        self.browser = browser

    async def post(self, path: str, **fields: str) -> httpx.Response:
        token = form_token(await self.browser.get("/audit"))
        return await self.browser.post(path, data={**fields, "form_token": token})

    async def audit(self) -> list[tuple[str | None, str, str | None, str, dict[str, Any]]]:
        """Of the administrator's acts, the oldest first: the role, the act, the subject, the outcome, the details."""
        query = "SELECT role, act, subject, outcome, details FROM console.audit WHERE who = :who ORDER BY seq"
        rows = await self.site.rows(query, who="ann@example.com")
        return [tuple(row) for row in rows if row.act != "signed in"]


def asking(services: AdministeredServices, keys: Mapping[str, str] | None = None) -> dict[str, Any]:
    chosen = services.keys if keys is None else keys
    return {**services.transports, **{f"{service}_key": key for service, key in chosen.items()}}
