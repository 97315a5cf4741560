"""A deployment with somebody at the other end: what the demo's parts have in hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from local.alerting import Alerting, asking
from local.outlets import read_routes
from local.services import Keys, Services
from local.sinks import Sinks
from local.telling import Readers


@dataclass(frozen=True)
class Scene:
    services: Services
    keys: Keys
    sinks: Sinks
    alerting: Alerting
    readers: Readers


@asynccontextmanager
async def scene(services: Services, keys: Keys) -> AsyncIterator[Scene]:
    """Someone still has to `run` the sinks."""
    outlets = services.deployment.outlets
    assert outlets is not None, "without outlets there are no messages"
    readers = Readers(read_routes(services.deployment.routes))
    async with Sinks(outlets) as sinks, asking(services, keys) as alerting:
        yield Scene(services, keys, sinks, alerting, readers)
