"""Everything that a fault may be done to."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

from chaos.ground import Ground
from chaos.postgres_proxy import PostgresProxy
from chaos.traffic import Traffic
from local.fakes.kafka_proxy import KafkaProxy
from support.office import Office
from support.service import Service
from support.system import System

REPLICAS = 2
READY_SECONDS = 180.0
_POLL = 0.1


class NotReady(Exception):
    pass


class Missed(Exception):
    """The moment that a fault was aimed at did not come."""


class SystemUnderTest:
    """`kafka_proxy` stands before a single broker only; `leaving` is what ends with the camp."""

    def __init__(
        self,
        system: System,
        *,
        ground: Ground,
        office: Office,
        traffic: Traffic,
        postgres_proxy: PostgresProxy,
        kafka_proxy: KafkaProxy | None,
        leaving: AsyncExitStack,
    ) -> None:
        self.system = system
        self.ground = ground
        self.office = office
        self.traffic = traffic
        self.postgres_proxy = postgres_proxy
        self.kafka_proxy = kafka_proxy
        self.leaving = leaving
        self.ended: list[str] = []
        self._met: set[Service] = set()  # were ready once

    def those(self, name: str) -> list[Service]:
        """That should run, under this name."""
        return [one for one in self.system.services if one.name == name and one.expected]

    def start(self, name: str) -> Service:
        return self.system.start(name)

    async def stand(self, *, workers: int) -> None:
        """Until as many of each run as should, and all are ready. A supervisor starts what could not start.

        Whatever was ready once and has ended by itself is in `ended`. Raises `NotReady`.
        """
        deadline = time.monotonic() + READY_SECONDS
        wanted = {"ingest": 1, "worker": workers, "alerts": REPLICAS}
        while True:
            for name, count in wanted.items():
                await self._so_many(name, count)
            if await self._all_ready():
                return
            if time.monotonic() > deadline:
                raise NotReady(f"not ready in {READY_SECONDS:.0f} s:\n{self._last_words()}")
            await asyncio.sleep(_POLL)

    async def _so_many(self, name: str, count: int) -> None:
        for service in self.those(name):
            if not service.running:
                service.expected = False
                if service in self._met:
                    self.ended.append(service.last_words())
        running = self.those(name)
        for _ in range(count - len(running)):
            self.start(name)
        for surplus in running[count:]:
            await surplus.terminate()

    async def _all_ready(self) -> bool:
        services: Sequence[Service] = [one for one in self.system.services if one.expected]
        ready = await asyncio.gather(*(asyncio.to_thread(service.is_ready) for service in services))
        self._met.update(service for service, yes in zip(services, ready, strict=True) if yes)
        return all(ready)

    def _last_words(self) -> str:
        return "\n".join(one.last_words() for one in self.system.services if one.expected)
