"""How the accounts read now, asked of scoring's API as anybody would ask it."""

import httpx
import msgspec
from msgspec import Struct

from common.contracts.signals import Status
from local.demo.tables import AccountListing
from local.stack.deployment import Keys
from local.stack.processes import ServerError
from local.stack.services import Services

PAGE = 100


class ListedAccount(Struct, frozen=True):
    """What is used of an account in the answer."""

    account_id: str
    name: str | None = None
    tier: str | None = None
    score: float | None = None
    band: str | None = None
    drivers: tuple[str, ...] = ()


class AccountPage(Struct, frozen=True):
    accounts: tuple[ListedAccount, ...]
    next_cursor: str | None = None


_page: msgspec.json.Decoder[AccountPage] = msgspec.json.Decoder(AccountPage)


async def read(services: Services, keys: Keys) -> list[AccountListing]:
    """All accounts, former customers too, the lowest score first. Raises `ServerError`."""
    async with httpx.AsyncClient(
        base_url=services.url("scoring api"), headers={"authorization": f"Bearer {keys.read}"}, timeout=30.0
    ) as http:
        return await accounts(http)


async def accounts(http: httpx.AsyncClient) -> list[AccountListing]:
    found: list[ListedAccount] = []
    query: dict[str, str | int | list[str]] = {"limit": PAGE, "status": list(Status)}
    while True:
        answer = await http.get("/v1/accounts", params=query)
        if answer.status_code != httpx.codes.OK:
            raise ServerError(f"scoring's API answered {answer.status_code}: {answer.text[:500]}")
        page = _page.decode(answer.content)
        found += page.accounts
        if page.next_cursor is None:
            # The API's order is of some seconds ago; what is shown is of now.
            return [_listed(row) for row in sorted(found, key=lambda row: 101.0 if row.score is None else row.score)]
        query["cursor"] = page.next_cursor


def _listed(row: ListedAccount) -> AccountListing:
    return AccountListing(
        account_id=row.account_id,
        name=row.name or row.account_id,
        tier=row.tier or "unknown",
        score=row.score,
        band=row.band or "-",
        why=row.drivers,
    )
