"""Builds a worker from its parts. The process, the demo and the tests build it alike, from other parts."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from common.bus.ports import Admin, Consumer, Producer
from common.erasures.erasure_key import ErasureKey
from common.partition_consumer.inbox import Inbox
from common.ticks import LogTime
from common.topics import TimeMode, Topics
from scoring.cards.identity import identify, versions
from scoring.cards.load import load
from scoring.health import Card, Scorer
from scoring.partition.cache import CacheBound
from scoring.partition.commit import OutboxTopic
from scoring.partition.event_use import values_by_event
from scoring.partition.memory import READ_AHEAD
from scoring.partition.origin import Origin
from scoring.worker.announcements import AnnouncementStore, AnnouncementWatch, Announcer
from scoring.worker.assignment import AssignedPartition
from scoring.worker.context import StateStore, WorkerContext, WorkerLimits
from scoring.worker.event_use_report import EventUseReport, EventUseStore
from scoring.worker.events_log import EventsLog
from scoring.worker.handler import ScoringHandler
from scoring.worker.housekeeping.metrics import HousekeepingMetrics
from scoring.worker.housekeeping.rules import RetentionRules
from scoring.worker.housekeeping.task import Housekeeping, HousekeepingStore
from scoring.worker.metrics import WorkerMetrics
from scoring.worker.progress import PartitionProgress
from scoring.worker.relay import OutboxStore, Relay
from scoring.worker.worker import HeartbeatStore, ScoringWorker


class WorkerStore(StateStore, OutboxStore, HeartbeatStore, EventUseStore, AnnouncementStore, Protocol):
    """All that a worker asks of its database."""


class WorkerClocks(Struct, frozen=True):
    """`wall` is seconds since the epoch, `steady` never goes back."""

    wall: Callable[[], float]
    steady: Callable[[], float]


class WorkerParts(Struct, frozen=True, kw_only=True):
    consumer: Consumer
    producer: Producer
    admin: Admin
    store: WorkerStore
    housekeeping_store: HousekeepingStore
    metrics: WorkerMetrics
    housekeeping_metrics: HousekeepingMetrics
    clocks: WorkerClocks
    cluster_id: str
    partition_of: Callable[[bytes, int], int]  # a key and the number of partitions


class WorkerRules(Struct, frozen=True, kw_only=True):
    """The settings of a worker; `late_after` and `log_patience` are seconds."""

    topics: Topics
    limits: WorkerLimits
    max_records: int
    late_after: float
    log_patience: float
    retention: RetentionRules = RetentionRules()
    erasure_key: ErasureKey | None = None


def origin(
    text: str, *, name: str, time_mode: TimeMode, partitions: int, first_look_seconds: int = 0
) -> tuple[Card, Origin]:
    """What this worker would begin a journal with. Raises `InvalidCard`, which calls the file `name`."""
    card = load(text, name)
    return card, Origin(
        card_id=identify(card),
        card=text,
        calendars=versions(card),
        time_mode=time_mode.value,
        partitions=partitions,
        first_look_seconds=first_look_seconds,
    )


def assemble(parts: WorkerParts, rules: WorkerRules, *, scorer: Scorer, origin: Origin) -> ScoringWorker:
    cache_bound = CacheBound(rules.limits.cached, beside=READ_AHEAD)
    parts.metrics.watch_caches(cache_bound)
    event_use = EventUseReport(parts.store, steady=parts.clocks.steady)
    context = WorkerContext(
        scorer=scorer,
        store=parts.store,
        log=EventsLog(parts.admin, topic=rules.topics.events, cluster_id=parts.cluster_id, patience=rules.log_patience),
        metrics=parts.metrics,
        origin=origin,
        cluster_id=parts.cluster_id,
        owns=lambda number, account_id: parts.partition_of(account_id.encode(), origin.partitions) == number,
        steady=parts.clocks.steady,
        limits=rules.limits,
        scoring_lock=asyncio.Lock(),
        cache_bound=cache_bound,
        values=values_by_event(scorer.card),
        event_use=event_use,
        erasure_key=rules.erasure_key,
    )
    log_time = LogTime(parts.clocks.wall, parts.clocks.steady)
    watch = AnnouncementWatch(parts.store, steady=parts.clocks.steady)
    parts.metrics.partitions(origin.partitions)
    return ScoringWorker(
        consumer=parts.consumer,
        make_handler=lambda number, inbox: _handler(
            number, inbox, parts, rules, context=context, log_time=log_time, watch=watch
        ),
        heartbeats=parts.store,
        event_use=event_use,
        announcements=watch,
        metrics=parts.metrics,
        clock=parts.clocks.wall,
        steady=parts.clocks.steady,
        max_records=rules.max_records,
    )


def _handler(
    number: int,
    inbox: Inbox,
    parts: WorkerParts,
    rules: WorkerRules,
    *,
    context: WorkerContext,
    log_time: LogTime,
    watch: AnnouncementWatch,
) -> ScoringHandler:
    """Of one assigned partition; all of a worker share `context`, `log_time` and `watch`."""
    wall = TimeMode(context.origin.time_mode) is TimeMode.WALL
    relay = Relay(
        number,
        outbox=parts.store,
        sender=parts.producer,
        topics={OutboxTopic.SIGNALS: rules.topics.signals, OutboxTopic.DEAD: rules.topics.dead},
        stamped=not wall,
        now=log_time.now,
        on_sent=parts.metrics.signal_sent,
    )
    partition = AssignedPartition(number, inbox, context=context, relay=relay)
    announcer = Announcer(number, watch=watch, store=parts.store, sender=parts.producer, topic=rules.topics.events)
    progress = PartitionProgress(
        partition,
        announcer=announcer,
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
        store=parts.housekeeping_store,
        rules=rules.retention,
        remembered=rules.limits.remembered,
        metrics=parts.housekeeping_metrics,
        steady=parts.clocks.steady,
        position=partition.position,
    )
    return ScoringHandler(partition, progress, housekeeping, max_outbox_rows=rules.limits.outbox_rows)
