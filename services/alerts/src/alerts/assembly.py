"""A replica out of its parts: the same for the process and the tests; only the parts differ."""

from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec import Struct

from alerts.core.destination import Channel
from alerts.deciding import Clerk, Router
from alerts.log import Admin, SignalsLog
from alerts.metrics import AlertsMetrics
from alerts.partition import Inbox, Partition, Shared
from alerts.sending.backoff import Backoff
from alerts.sending.carrier import Carrier, Clocks, Courier, Leases, Letters
from alerts.sending.limits import ChannelLimits, Limits
from alerts.sending.sender import Outgoing, Sender
from alerts.worker import Gate, Owned, Worker
from common.bus.ports import Consumer
from common.topics import TimeMode


class Outbox(Outgoing, Leases, Protocol):
    """All that sending asks of the database."""


class Parts(Struct, frozen=True, kw_only=True):
    """`wall` is seconds since the epoch, `steady` never goes back."""

    consumer: Consumer
    admin: Admin
    inbox: Inbox
    outgoing: Outbox
    router: Router
    letters: Letters
    couriers: Mapping[Channel, Courier]
    metrics: AlertsMetrics
    wall: Callable[[], float]
    steady: Callable[[], float]
    cluster_id: str


class Rules(Struct, frozen=True, kw_only=True):
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
    worker: Worker
    sender: Sender


def assemble(parts: Parts, rules: Rules) -> Replica:
    on_the_wall = rules.mode is TimeMode.WALL
    clocks = Clocks(steady=parts.steady, wall=parts.wall if on_the_wall else None)
    shared = Shared(
        inbox=parts.inbox,
        log=SignalsLog(parts.admin, topic=rules.topic, cluster_id=parts.cluster_id, patience=rules.log_patience),
        reader=parts.consumer,
        clerk=Clerk(parts.router, final=rules.final),
        metrics=parts.metrics,
        steady=parts.steady,
        late_after=rules.late_after,
    )

    def own(number: int) -> Owned:
        return Owned(Partition(number, shared), Gate(behind_after=rules.behind_after if on_the_wall else None))

    worker = Worker(
        consumer=parts.consumer,
        own=own,
        metrics=parts.metrics,
        wake=lambda: sender.wake(),
        clock=parts.wall,
        max_records=rules.max_records,
    )
    sender = Sender(
        outgoing=parts.outgoing,
        carrier=_carrier(parts, rules, clocks, worker.holds_back),
        limits=Limits(rules.limits),
        counts=parts.metrics,
        clocks=clocks,
        backoff=rules.backoff,
        open_partitions=worker.open_partitions,
        undelivered=worker.reconsider,
    )
    return Replica(worker, sender)


def _carrier(parts: Parts, rules: Rules, clocks: Clocks, holds_back: Callable[[int], bool]) -> Carrier:
    return Carrier(
        leases=parts.outgoing,
        letters=parts.letters,
        couriers=parts.couriers,
        attempts=parts.metrics,
        clocks=clocks,
        backoff=rules.backoff,
        lease=rules.lease,
        holds_back=holds_back,
    )
