"""What alerts has done with the signals, asked of it over HTTP as anybody would ask."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import msgspec

from alerts.api.answers import Alerts, AlertSummary
from alerts.api.filter import NotificationStatus
from common.contracts.signals import Kind
from local.stack.deployment import Keys
from local.stack.processes import ServerError
from local.stack.services import Services

PAGE = 200
POLL = 0.1
_RECORDED = re.compile(r'^churn_alerts_signals_total\{[^}]*outcome="recorded"[^}]*\} (\S+)$', re.MULTILINE)

_page: msgspec.json.Decoder[Alerts] = msgspec.json.Decoder(Alerts)


class AlertsClient:
    """All of it raises `ServerError` if the answer is none."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def of(self, account_id: str) -> tuple[AlertSummary, ...]:
        """The newest alerts of an account."""
        return (await self._list(account=account_id)).alerts

    async def first_looks(self) -> tuple[AlertSummary, ...]:
        """The newest, told or not: a message may come before alerts has recorded that it is sent."""
        return (await self._list(kind=Kind.FIRST_LOOK.value)).alerts

    async def every(self) -> list[AlertSummary]:
        """All alerts, oldest first."""
        page = await self._list()
        found = list(page.alerts)
        while page.next_cursor is not None:
            page = await self._list(cursor=page.next_cursor)
            found += page.alerts
        return found[::-1]

    async def settled(self, *, signals: int, patience: float) -> None:
        """When so many signals are recorded, and with them decided, and no message waits to be sent."""
        try:
            async with asyncio.timeout(patience):
                while not await self._is_settled(signals):  # noqa: ASYNC110 - tables tell nobody that they changed
                    await asyncio.sleep(POLL)
        except TimeoutError as error:
            raise ServerError(f"alerts was not through {patience:.0f} s after the last signal") from error

    async def _is_settled(self, signals: int) -> bool:
        recorded = _RECORDED.search((await self._get("/metrics")).text)
        if recorded is None or float(recorded[1]) < signals:
            return False
        return not (await self._list(status=NotificationStatus.PENDING.value, limit="1")).alerts

    async def _list(self, **query: str) -> Alerts:
        return _page.decode((await self._get("/v1/alerts", **{"limit": str(PAGE), **query})).content)

    async def _get(self, path: str, **query: str) -> httpx.Response:
        answer = await self._http.get(path, params=query)
        if answer.status_code != httpx.codes.OK:
            raise ServerError(f"alerts answered {answer.status_code}: {answer.text[:500]}")
        return answer


@asynccontextmanager
async def alerts_client(services: Services, keys: Keys) -> AsyncIterator[AlertsClient]:
    async with httpx.AsyncClient(
        base_url=services.url("alerts"), headers={"authorization": f"Bearer {keys.alerts}"}, timeout=30.0
    ) as http:
        yield AlertsClient(http)
