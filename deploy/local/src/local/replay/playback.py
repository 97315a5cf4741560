"""From a list of events to all signals that they cause: post, tick, listen, and know when it is over (stream mode)."""

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
from local.replay.ingest_client import ClientEvent, IngestClient
from local.replay.player import EventPlayer
from local.replay.signal_listener import SignalListener
from local.stack.deployment import Keys
from local.stack.processes import ServerError
from local.stack.services import Services

T = TypeVar("T")


@dataclass(frozen=True)
class Timeline:
    """What is to be played, in time order: `backfill` as history first, then `live` along simulated time."""

    backfill: Sequence[ClientEvent]
    live: Sequence[ClientEvent]
    start: datetime
    end: datetime


@dataclass(frozen=True)
class PlaybackResult:
    """`posting` and `total` are seconds from the first post: to the last answer, and to the last signal told."""

    signals: list[Signal]
    posted: int
    posting: float
    total: float


async def play(
    timeline: Timeline,
    services: Services,
    keys: Keys,
    *,
    heard: Callable[[Signal], None],
    progress: Callable[[datetime, int], None],
    patience: float,
    pace: float = 0.0,
) -> PlaybackResult:
    """A simulated day takes at least `pace` seconds.

    Raises `ServerError` if a service ends, or if scoring is not through `patience` seconds after the last post.
    """
    deployment = services.deployment
    producer = KafkaProducer(deployment.bootstrap)
    await producer.start()
    try:
        async with ingest_client(services, keys) as ingest, signal_listener(services, heard=heard) as listener:
            player = EventPlayer(
                ingest,
                producer,
                topic=deployment.topics.events,
                partitions=deployment.partitions,
                sync_interval=timedelta(days=1 if pace else 7),
                pace=pace,
            )
            playing = _play(timeline, player, listener, progress=progress, patience=patience)
            return await run_beside(playing, listener.run(), services.watch())
    finally:
        await producer.stop()


async def run_beside(work: Coroutine[Any, Any, T], *beside: Coroutine[Any, Any, None]) -> T:
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
async def ingest_client(services: Services, keys: Keys) -> AsyncIterator[IngestClient]:
    headers = {"authorization": f"Bearer {keys.write}"}
    async with httpx.AsyncClient(base_url=services.url("ingest"), headers=headers, timeout=30.0) as http:
        yield IngestClient(http)


@asynccontextmanager
async def signal_listener(services: Services, *, heard: Callable[[Signal], None]) -> AsyncIterator[SignalListener]:
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
        yield SignalListener(feed, partitions=deployment.partitions, heard=heard)
    finally:
        await feed.stop()


async def _play(
    timeline: Timeline,
    player: EventPlayer,
    listener: SignalListener,
    *,
    progress: Callable[[datetime, int], None],
    patience: float,
) -> PlaybackResult:
    begun = time.monotonic()
    if timeline.backfill:
        await player.backfill(timeline.backfill, until=timeline.start)
    await player.play(timeline.live, start=timeline.start, end=timeline.end, progress=progress)
    posted = time.monotonic()
    try:
        async with asyncio.timeout(patience):
            await listener.caught_up(until=timeline.end)
    except TimeoutError as error:
        raise ServerError(f"scoring was not through {patience:.0f} s after the last event") from error
    return PlaybackResult(
        signals=listener.signals,
        posted=len(timeline.backfill) + len(timeline.live),
        posting=posted - begun,
        total=time.monotonic() - begun,
    )
