"""Builds a replica from its parts. The process and the tests differ only in the parts."""

from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec import Struct

from alerts.channels.client import ChannelClient
from alerts.channels.registry import Channel, ChannelLimits
from alerts.metrics import AlertsMetrics
from alerts.sending.backoff import Backoff
from alerts.sending.delivery import LeaseStore, MessageDelivery, Renderer, SendingClocks
from alerts.sending.limits import SendLimits
from alerts.sending.sender import MessageSender, NotificationQueue
from alerts.topic.signals_log import SignalsLog, SignalsTopicAdmin
from alerts.worker.decision_service import DecisionService, Router
from alerts.worker.gathering_service import GatheringService
from alerts.worker.handler import SignalsHandler
from alerts.worker.partition import DecisionStore, PartitionContext, SignalsPartition
from alerts.worker.send_gate import SendGate
from alerts.worker.ticks import PartitionTicks, RecordSender
from alerts.worker.worker import AlertsWorker
from common.bus.ports import Consumer
from common.erasures.erasure_key import ErasureKey
from common.partition_consumer.inbox import Inbox
from common.ticks import LogTime
from common.topics import TimeMode


class SendingQueue(NotificationQueue, LeaseStore, Protocol):
    """The queue as sending uses it."""


class ReplicaParts(Struct, frozen=True, kw_only=True):
    """`wall` is seconds since the epoch, `steady` never goes back."""

    consumer: Consumer
    producer: RecordSender
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
    """The settings of a replica; all durations are seconds. `final` are the outcomes that end a relationship.

    A person is told of first looks once none has come for `gather`.
    """

    topic: str
    mode: TimeMode
    final: frozenset[str]
    gather: float
    limits: Mapping[Channel, ChannelLimits]
    backoff: Backoff
    max_records: int
    late_after: float
    behind_after: float
    lease: float
    log_patience: float
    erasure_key: ErasureKey | None = None


class Replica(Struct, frozen=True):
    worker: AlertsWorker
    sender: MessageSender

    def notified(self) -> None:
        """Another process, or another partition, has set a timer or a message to be sent."""
        self.worker.look_at_timers()
        self.sender.wake()


def assemble(parts: ReplicaParts, options: ReplicaOptions) -> Replica:
    on_the_wall = options.mode is TimeMode.WALL
    clocks = SendingClocks(steady=parts.steady, wall=parts.wall if on_the_wall else None)
    context = PartitionContext(
        decision_store=parts.decision_store,
        log=SignalsLog(parts.admin, topic=options.topic, cluster_id=parts.cluster_id, patience=options.log_patience),
        decision_service=DecisionService(
            parts.router, GatheringService(quiet=options.gather, final=options.final), final=options.final
        ),
        metrics=parts.metrics,
        steady=parts.steady,
        late_after=options.late_after,
        gather=options.gather,
        erasure_key=options.erasure_key,
    )

    log_time = LogTime(parts.wall, parts.steady)

    def make_handler(number: int, inbox: Inbox) -> SignalsHandler:
        return SignalsHandler(
            SignalsPartition(number, context),
            inbox,
            SendGate(behind_after=options.behind_after if on_the_wall else None),
            PartitionTicks(
                number,
                sender=parts.producer,
                topic=options.topic,
                log_time=log_time,
                steady=parts.steady,
                wall=on_the_wall,
            ),
            max_records=options.max_records,
            clock=parts.wall,
            wake=lambda: sender.wake(),
        )

    worker = AlertsWorker(
        consumer=parts.consumer,
        make_handler=make_handler,
        metrics=parts.metrics,
        clock=parts.wall,
        steady=parts.steady,
        max_records=options.max_records,
    )
    sender = MessageSender(
        queue=parts.queue,
        delivery=_delivery(parts, options, clocks, worker.holds_back),
        limits=SendLimits(options.limits),
        metrics=parts.metrics,
        clocks=clocks,
        backoff=options.backoff,
        open_partitions=worker.open_partitions,
        undelivered=worker.reconsider,
    )
    return Replica(worker, sender)


def _delivery(
    parts: ReplicaParts, options: ReplicaOptions, clocks: SendingClocks, holds_back: Callable[[int], bool]
) -> MessageDelivery:
    return MessageDelivery(
        leases=parts.queue,
        renderer=parts.renderer,
        clients=parts.clients,
        metrics=parts.metrics,
        clocks=clocks,
        backoff=options.backoff,
        lease=options.lease,
        holds_back=holds_back,
    )
