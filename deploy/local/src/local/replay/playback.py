"""From a list of happenings to all signals they cause: post, tick, listen, and know when it is over (stream mode)."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import httpx

from alerts.topic.feed import SignalFeed
from common.bus.kafka import KafkaAdmin, KafkaConsumer, KafkaProducer
from common.contracts.signals import Signal
from local.figures import Played
from local.happenings import Happening
from local.listening import Listener
from local.player import Player
from local.posting import Poster
from local.processes import ServerError
from local.services import Keys, Services

T = TypeVar("T")


@dataclass(frozen=True)
class Stretch:
    """What is to be played, in time order: `backfill` as history first, then `lived` along simulated time."""

    backfill: Sequence[Happening]
    lived: Sequence[Happening]
    start: datetime
    end: datetime


async def play(
    stretch: Stretch,
    services: Services,
    keys: Keys,
    *,
    heard: Callable[[Signal], None],
    progress: Callable[[datetime, int], None],
    patience: float,
    pace: float = 0.0,
) -> Played:
    """A simulated day takes at least `pace` seconds.

    Raises `ServerError` if a service ends, or if scoring is not through `patience` seconds after the last post.
    """
    deployment = services.deployment
    producer = KafkaProducer(deployment.bootstrap)
    await producer.start()
    try:
        async with posting(services, keys) as poster, hearing(services, heard=heard) as listener:
            player = Player(
                poster,
                producer,
                topic=deployment.topics.events,
                partitions=deployment.partitions,
                stretch=timedelta(days=1 if pace else 7),
                pace=pace,
            )
            playing = _play(stretch, player, listener, progress=progress, patience=patience)
            return await attended(playing, listener.run(), services.watch())
    finally:
        await producer.stop()


async def attended(work: Coroutine[Any, Any, T], *beside: Coroutine[Any, Any, None]) -> T:
    """The result of the work, which is given up as soon as one of those beside it fails."""
    working = asyncio.ensure_future(work)
    others = [asyncio.ensure_future(other) for other in beside]
    try:
        done, _ = await asyncio.wait([working, *others], return_when=asyncio.FIRST_COMPLETED)
        for other in others:
            if other in done:
                await other
        return await working
    finally:
        for task in (working, *others):
            task.cancel()
        await asyncio.gather(working, *others, return_exceptions=True)


@asynccontextmanager
async def posting(services: Services, keys: Keys) -> AsyncIterator[Poster]:
    headers = {"authorization": f"Bearer {keys.write}"}
    async with httpx.AsyncClient(base_url=services.url("ingest"), headers=headers, timeout=30.0) as http:
        yield Poster(http)


@asynccontextmanager
async def hearing(services: Services, *, heard: Callable[[Signal], None]) -> AsyncIterator[Listener]:
    """Someone still has to `run` the listener."""
    deployment = services.deployment
    topic = deployment.topics.signals
    wait = deployment.fetch_wait
    group = f"{deployment.prefix}listener-{uuid.uuid4().hex[:8]}"
    feed = SignalFeed(
        KafkaConsumer(deployment.bootstrap, topic, group=group, fetch_max_wait=wait),
        KafkaAdmin(deployment.bootstrap, fetch_max_wait=wait),
        topic,
    )
    await feed.start()
    try:
        yield Listener(feed, partitions=deployment.partitions, heard=heard)
    finally:
        await feed.stop()


async def _play(
    stretch: Stretch,
    player: Player,
    listener: Listener,
    *,
    progress: Callable[[datetime, int], None],
    patience: float,
) -> Played:
    begun = time.monotonic()
    if stretch.backfill:
        await player.backfill(stretch.backfill, until=stretch.start)
    await player.play(stretch.lived, start=stretch.start, end=stretch.end, progress=progress)
    posted = time.monotonic()
    try:
        async with asyncio.timeout(patience):
            await listener.told_everything(until=stretch.end)
    except TimeoutError as error:
        raise ServerError(f"scoring was not through {patience:.0f} s after the last event") from error
    return Played(
        signals=listener.signals,
        posted=len(stretch.backfill) + len(stretch.lived),
        posting=posted - begun,
        total=time.monotonic() - begun,
    )
