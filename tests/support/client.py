"""What users' programs say to the system, as they would with curl."""

import uuid
from datetime import UTC, datetime
from typing import Any

import httpx

from local.replay.ingest_client import ClientEvent, ndjson
from support.service import Service
from support.system import System


class Client:
    """What users' programs do: post with the write key, ask with the read key, scrape. The empty key sends none."""

    def __init__(self, system: System, http: httpx.AsyncClient) -> None:
        self._system = system
        self.http = http

    async def post(self, *happenings: ClientEvent, key: str | None = None) -> httpx.Response:
        """Once, whatever the answer."""
        return await self.http.post(
            f"{self._system.ingest_url}/v1/events",
            content=ndjson(list(happenings)),
            headers={"content-type": "application/x-ndjson", **bearer(self._system.keys.write if key is None else key)},
        )

    async def posted(self, *happenings: ClientEvent) -> None:
        """All of them accepted."""
        answer = await self.post(*happenings)
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        assert answer.json()["accepted"] == len(happenings), answer.text

    async def ask(self, path: str, *, key: str | None = None, **query: str) -> httpx.Response:
        url = f"{self._system.the('api').url}{path}"
        return await self.http.get(url, params=query, headers=bearer(self._system.keys.read if key is None else key))

    async def owns(self, service: Service, partitions: int) -> None:
        """When a worker has this many partitions."""

        async def so_many() -> bool:
            return await self.metric(service, "churn_scoring_partitions_owned") == partitions

        await self._system.until(f"{service.name} owns {partitions} partitions", so_many)

    async def metric(self, service: Service, name: str, **labels: str) -> float:
        """The sum over all series of this name that have these labels."""
        lines = (await self.http.get(f"{service.url}/metrics")).text.splitlines()
        wanted = {f'{label}="{value}"' for label, value in labels.items()}
        total = 0.0
        for line in lines:
            series, _, value = line.rpartition(" ")
            head, _, rest = series.partition("{")
            if head == name and wanted <= set(rest.rstrip("}").split(",")):
                total += float(value)
        return total


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"} if key else {}


def happening(account: str, name: str, event_id: str | None = None, **more: Any) -> ClientEvent:
    """One that happens now, under an id that nobody else has unless given."""
    moment = more.pop("time", datetime.now(UTC))
    return ClientEvent(event_id=event_id or uuid.uuid4().hex, account_id=account, name=name, time=moment, **more)
