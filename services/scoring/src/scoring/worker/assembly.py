"""A worker out of its parts: the same for the process, the demo and the tests; only the parts differ."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from common.bus.ports import Admin, Consumer, Producer
from common.topics import TimeMode, Topics, partition_of
from scoring.cards.identity import identify, versions
from scoring.cards.load import load
from scoring.health.card import Card
from scoring.partition.cache import CacheBound
from scoring.partition.commit import Outlet
from scoring.health.scorer import Scorer
from scoring.worker.housekeeping.metrics import HousekeepingMetrics
from scoring.worker.housekeeping.rules import Keep
from scoring.worker.housekeeping.task import Housekeeping, Storage
from scoring.worker.events_log import EventsLog
from scoring.worker.metrics import WorkerMetrics
from scoring.partition.origin import Origin
from scoring.worker.assignment import Partition
from scoring.worker.relay import Outbox, Relay
from scoring.worker.context import Limits, Shared, Store
from scoring.worker.ticks import LogTime
from scoring.worker.progress import Upkeep
from scoring.worker.loop import Failed, Heart, Owned, Worker


class WorkerStore(Store, Outbox, Heart, Protocol):
    """All that a worker asks of its database."""


class Clocks(Struct, frozen=True):
    """`wall` is seconds since the epoch, `steady` never goes back."""

    wall: Callable[[], float]
    steady: Callable[[], float]


class Parts(Struct, frozen=True, kw_only=True):
    consumer: Consumer
    producer: Producer
    admin: Admin
    store: WorkerStore
    storage: Storage
    metrics: WorkerMetrics
    storage_metrics: HousekeepingMetrics
    clocks: Clocks
    cluster_id: str


class Rules(Struct, frozen=True, kw_only=True):
    """What a worker is set to; `late_after` and `log_patience` are seconds."""

    topics: Topics
    limits: Limits
    max_records: int
    late_after: float
    log_patience: float
    keep: Keep = Keep()


def origin(text: str, *, name: str, time_mode: TimeMode, partitions: int) -> tuple[Card, Origin]:
    """What this worker would start a partition with. Raises `InvalidCard`; `name` is what it calls the file."""
    card = load(text, name)
    return card, Origin(
        card_id=identify(card),
        card=text,
        calendars=versions(),
        time_mode=time_mode.value,
        partitions=partitions,
    )


def assemble(parts: Parts, rules: Rules, *, scorer: Scorer, origin: Origin) -> Worker:
    cache_bound = CacheBound(rules.limits.cached)
    parts.metrics.cached(cache_bound)
    shared = Shared(
        scorer=scorer,
        store=parts.store,
        log=EventsLog(parts.admin, topic=rules.topics.events, cluster_id=parts.cluster_id, patience=rules.log_patience),
        reader=parts.consumer,
        metrics=parts.metrics,
        origin=origin,
        cluster_id=parts.cluster_id,
        owns=lambda number, account_id: partition_of(account_id.encode(), origin.partitions) == number,
        steady=parts.clocks.steady,
        limits=rules.limits,
        turn=asyncio.Lock(),
        cache_bound=cache_bound,
    )
    log_time = LogTime(parts.clocks.wall, parts.clocks.steady)
    parts.metrics.partitions(origin.partitions)
    return Worker(
        consumer=parts.consumer,
        own=lambda number, failed: _owned(number, failed, parts, rules, shared=shared, log_time=log_time),
        heart=parts.store,
        metrics=parts.metrics,
        clock=parts.clocks.wall,
        max_records=rules.max_records,
    )


def _owned(number: int, failed: Failed, parts: Parts, rules: Rules, *, shared: Shared, log_time: LogTime) -> Owned:
    """What an assignment of one partition is made of; all of a worker's have the same `shared` and `log_time`."""
    wall = TimeMode(shared.origin.time_mode) is TimeMode.WALL
    relay = Relay(
        number,
        outbox=parts.store,
        sender=parts.producer,
        topics={Outlet.SIGNALS: rules.topics.signals, Outlet.DEAD: rules.topics.dead},
        stamped=not wall,
        now=log_time.now,
        told=parts.metrics.told,
    )
    partition = Partition(number, shared=shared, relay=relay)
    upkeep = Upkeep(
        partition,
        sender=parts.producer,
        events_topic=rules.topics.events,
        metrics=parts.metrics,
        log_time=log_time,
        clock=parts.clocks.wall,
        steady=parts.clocks.steady,
        wall=wall,
        late_after=rules.late_after,
    )
    housekeeping = Housekeeping(
        number,
        storage=parts.storage,
        keep=rules.keep,
        remembered=rules.limits.remembered,
        metrics=parts.storage_metrics,
        steady=parts.clocks.steady,
        position=partition.position,
    )
    return Owned(partition, upkeep, housekeeping, backlog=rules.limits.backlog, failed=failed)
