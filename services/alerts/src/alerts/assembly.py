"""A replica out of its parts: the same for the process and the tests; only the parts differ."""

from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec import Struct

from alerts.core.destination import Channel
from alerts.deciding import DecisionService, Router
from alerts.log import SignalsLog, SignalsTopicAdmin
from alerts.metrics import AlertsMetrics
from alerts.partition import DecisionStore, PartitionContext, SignalsPartition
from alerts.sending.backoff import Backoff
from alerts.sending.carrier import ChannelClient, LeaseStore, MessageDelivery, Renderer, SendingClocks
from alerts.sending.limits import ChannelLimits, SendLimits
from alerts.sending.sender import MessageSender, NotificationQueue
from alerts.worker import AlertsWorker, OwnedSignalsPartition, SendGate
from common.bus.ports import Consumer
from common.topics import TimeMode


class SendingQueue(NotificationQueue, LeaseStore, Protocol):
    """All that sending asks of the database."""


class ReplicaParts(Struct, frozen=True, kw_only=True):
    """`wall` is seconds since the epoch, `steady` never goes back."""

    consumer: Consumer
    admin: SignalsTopicAdmin
    decision_store: DecisionStore
    queue: SendingQueue
    router: Router
    renderer: Renderer
    clients: Mapping[Channel, ChannelClient]
    metrics: AlertsMetrics
    wall: Callable[[], float]
    steady: Callable[[], float]
    cluster_id: str


class ReplicaOptions(Struct, frozen=True, kw_only=True):
    """What a replica is set to; all durations are seconds. `final` are the outcomes that end a relationship."""

    topic: str
    mode: TimeMode
    final: frozenset[str]
    limits: Mapping[Channel, ChannelLimits]
    backoff: Backoff
    max_records: int
    late_after: float
    behind_after: float
    lease: float
    log_patience: float


class Replica(Struct, frozen=True):
    worker: AlertsWorker
    sender: MessageSender


def assemble(parts: ReplicaParts, rules: ReplicaOptions) -> Replica:
    on_the_wall = rules.mode is TimeMode.WALL
    clocks = SendingClocks(steady=parts.steady, wall=parts.wall if on_the_wall else None)
    shared = PartitionContext(
        decision_store=parts.decision_store,
        log=SignalsLog(parts.admin, topic=rules.topic, cluster_id=parts.cluster_id, patience=rules.log_patience),
        reader=parts.consumer,
        decision_service=DecisionService(parts.router, final=rules.final),
        metrics=parts.metrics,
        steady=parts.steady,
        late_after=rules.late_after,
    )

    def own(number: int) -> OwnedSignalsPartition:
        return OwnedSignalsPartition(
            SignalsPartition(number, shared), SendGate(behind_after=rules.behind_after if on_the_wall else None)
        )

    worker = AlertsWorker(
        consumer=parts.consumer,
        own=own,
        metrics=parts.metrics,
        wake=lambda: sender.wake(),
        clock=parts.wall,
        max_records=rules.max_records,
    )
    sender = MessageSender(
        queue=parts.queue,
        delivery=_delivery(parts, rules, clocks, worker.holds_back),
        limits=SendLimits(rules.limits),
        counts=parts.metrics,
        clocks=clocks,
        backoff=rules.backoff,
        open_partitions=worker.open_partitions,
        undelivered=worker.reconsider,
    )
    return Replica(worker, sender)


def _delivery(
    parts: ReplicaParts, rules: ReplicaOptions, clocks: SendingClocks, holds_back: Callable[[int], bool]
) -> MessageDelivery:
    return MessageDelivery(
        leases=parts.queue,
        renderer=parts.renderer,
        clients=parts.clients,
        attempts=parts.metrics,
        clocks=clocks,
        backoff=rules.backoff,
        lease=rules.lease,
        holds_back=holds_back,
    )
