"""How each fault is done, and undone: when a strike is over, nothing of it is left but what it did."""

from collections.abc import Awaitable, Callable, Mapping
from random import Random

from chaos import deaths, servers, world
from chaos.faults import Fault
from chaos.plan import Strike
from chaos.system_under_test import SystemUnderTest
from local.fakes.kafka_proxy import ProduceRefusal

_KAFKA_STORAGE_ERROR, _REQUEST_TIMED_OUT, _NOT_ENOUGH_REPLICAS = 56, 7, 19


async def carry_out(under_test: SystemUnderTest, strike: Strike) -> None:
    """Raises `Missed`."""
    await HOW[strike.fault](under_test, strike, Random(strike.seed))


HOW: Mapping[Fault, Callable[[SystemUnderTest, Strike, Random], Awaitable[None]]] = {
    Fault.INGEST_DIES: deaths.ingest_dies,
    Fault.WORKER_DIES: deaths.worker_dies,
    Fault.RELAY_DIES: deaths.relay_dies,
    Fault.WORKER_SLEEPS: deaths.worker_sleeps,
    Fault.WORKERS_CHANGE: deaths.workers_change,
    Fault.SCORING_OFF: deaths.all_workers_die,
    Fault.REPLICA_DIES: deaths.replica_dies,
    Fault.ALERTS_DIE: deaths.alerts_die,
    Fault.TIMER_DIES: deaths.timer_dies,
    Fault.REPLICA_SLEEPS: deaths.replica_sleeps,
    Fault.POSTGRES_DIES: servers.postgres_dies,
    Fault.COMMIT_CUT: servers.commit_cut,
    Fault.DECISION_CUT: servers.decision_cut,
    Fault.SNAPSHOT_HELD: servers.snapshot_held,
    Fault.BROKER_DIES: servers.broker_dies,
    Fault.BROKER_SILENT: servers.broker_silent,
    Fault.ANSWERS_LOST: servers.answers_lost,
    Fault.DISK_FULL: servers.says_no(ProduceRefusal(_KAFKA_STORAGE_ERROR, written=False)),
    Fault.TIMED_OUT: servers.says_no(ProduceRefusal(_REQUEST_TIMED_OUT, written=True)),
    Fault.TOO_FEW_REPLICAS: servers.says_no(ProduceRefusal(_NOT_ENOUGH_REPLICAS, written=False)),
    Fault.LEADER_DIES: servers.leader_dies,
    Fault.LEADERLESS: servers.leaderless,
    Fault.PARTITION_IDLE: world.partition_idle,
    Fault.CLOCK_AHEAD: world.clock_ahead,
    Fault.OFFICE_DOWN: world.office_down,
    Fault.SLACK_SILENT: world.slack_silent,
    Fault.SLACK_BUSY: world.slack_busy,
    Fault.SLACK_BROKEN: world.slack_broken,
    Fault.MAIL_SILENT: world.mail_silent,
    Fault.MAIL_BUSY: world.mail_busy,
}
