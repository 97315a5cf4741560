"""Traffic as a fleet of product apps makes it: batches at a pace, sent again until they are taken, and some twice."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import httpx

from local.replay.ingest_client import ClientEvent, IngestClient
from support.client import bearer, happening
from support.system import System

NAMES = ("session.started",) * 12 + ("nps.answered", "ticket.opened", "milestone.planned", "milestone.reached") + (
    "invoice.payment_failed",
    "invoice.paid",
    "account.updated",
    "contract.ended",
)  # fmt: skip


class Load:
    """`accepted` are the ids of all events that were answered 2xx; `again` counts those posted once more after that."""

    def __init__(self, system: System, http: httpx.AsyncClient, *, accounts: int, seed: int) -> None:
        self._random = Random(seed)
        self._accounts = [f"account-{n}" for n in range(accounts)]
        self._system = system
        self._poster = IngestClient(http)
        self.accepted: set[str] = set()
        self.again = 0

    async def run(self, stop: asyncio.Event, *, batch: int, pause: float) -> None:
        """Until told to stop, then finishes what it has begun. Raises what `Poster` does."""
        while not stop.is_set():
            happenings = [self._happening() for _ in range(batch)]
            await self._poster.post(happenings)
            self.accepted.update(one.event_id for one in happenings)
            if self._random.random() < 0.2:
                await self._poster.post(happenings)
                self.again += len(happenings)
            await asyncio.sleep(pause)

    @property
    def waits(self) -> int:
        """How often ingest could not take a batch at once."""
        return self._poster.waits

    def _happening(self) -> ClientEvent:
        draw = self._random
        name = draw.choice(NAMES)
        return happening(
            draw.choice(self._accounts),
            name,
            uuid.UUID(int=draw.getrandbits(128)).hex,
            user_id=f"user-{draw.randint(1, 5)}",
            properties=properties_of(name, draw),
        )


def properties_of(name: str, draw: Random) -> dict[str, Any]:
    match name:
        case "nps.answered":
            return {"score": draw.randint(0, 10)}
        case "milestone.planned":
            return {"step": draw.choice("abc"), "due": time.time() + draw.uniform(-5, 10)}
        case "milestone.reached":
            return {"step": draw.choice("abc")}
        case "account.updated":
            return {"arr": draw.randint(1, 9) * 1000, "tier": draw.choice(("high", "low"))}
        case _:
            return {}


@asynccontextmanager
async def loaded(
    system: System,
    *,
    accounts: int = 40,
    clients: int = 3,
    batch: int = 10,
    pause: float = 0.05,
    seed: int = 7,
) -> AsyncIterator[Load]:
    """Traffic until the block is left; by then everything that was posted has been accepted."""
    headers = bearer(system.keys.write)
    async with httpx.AsyncClient(base_url=system.ingest_url, headers=headers, timeout=30.0) as http:
        load = Load(system, http, accounts=accounts, seed=seed)
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for _ in range(clients):
                group.create_task(load.run(stop, batch=batch, pause=pause))
            try:
                yield load
            finally:
                stop.set()
