"""Reads what the pages of erasures show, from all services at the same time."""

import asyncio
from collections.abc import Sequence

from msgspec import Struct

from console.clients.account import AccountClient
from console.clients.erasures import Erasure, ErasureClient, ReceiptOfService
from console.clients.service_api import ServiceApi
from console.errors import ApiRefused, ApiUnavailable, ServiceName


class ShownReceipt(Struct, frozen=True):
    """`receipt` is None of a service that has not read the erasure, or is away: then `away` says why."""

    service: ServiceName
    receipt: ReceiptOfService | None
    away: ApiUnavailable | None = None


class AccountToErase(Struct, frozen=True):
    """What scoring says of an account that is to be erased. `known` is false if it has none with this id."""

    known: bool = False
    name: str | None = None
    owner: str | None = None
    away: ApiUnavailable | None = None


async def read_erasure(
    client: ErasureClient, services: Sequence[ServiceApi], erasure_id: str
) -> tuple[Erasure, Sequence[ShownReceipt]]:
    """Raises `ApiUnavailable` and `ApiRefused` of ingest alone."""
    receipts = asyncio.gather(*(_receipt(client, service, erasure_id) for service in services))
    return await asyncio.gather(client.erasure(erasure_id), receipts)


async def _receipt(client: ErasureClient, service: ServiceApi, erasure_id: str) -> ShownReceipt:
    try:
        return ShownReceipt(service.service, await client.receipt(service, erasure_id))
    except ApiRefused:
        return ShownReceipt(service.service, None)
    except ApiUnavailable as error:
        return ShownReceipt(service.service, None, error)


async def account_to_erase(accounts: AccountClient, account_id: str) -> AccountToErase:
    """Administrators see by it whether the id is that of the account that they mean."""
    try:
        facts = (await accounts.account(account_id)).facts
    except ApiRefused:
        return AccountToErase()
    except ApiUnavailable as error:
        return AccountToErase(away=error)
    return AccountToErase(True, facts.name, facts.owner)
