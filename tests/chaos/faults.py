"""All that may befall the system, each by its name: the table at the end counts by these."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct


class Target(StrEnum):
    """What a fault is done to; a round does one thing to each at the most."""

    INGEST = "ingest"
    SCORING = "scoring"
    ALERTS = "alerts"
    POSTGRES = "postgres"
    BROKER = "broker"
    SLACK = "slack"
    MAIL = "mail"
    TRAFFIC = "traffic"


class Fault(StrEnum):
    INGEST_DIES = "ingest dies"
    WORKER_DIES = "a worker dies"
    RELAY_DIES = "a worker dies between ack and delete"
    WORKER_SLEEPS = "a worker sleeps past its session"
    WORKERS_CHANGE = "workers join and leave"
    SCORING_OFF = "scoring is off for two hours"
    REPLICA_DIES = "a replica of alerts dies"
    ALERTS_DIE = "all of alerts dies"
    TIMER_DIES = "alerts dies when a timer is due"
    REPLICA_SLEEPS = "a replica of alerts sleeps past its lease"
    POSTGRES_DIES = "PostgreSQL dies"
    COMMIT_CUT = "scoring is cut off during COMMIT"
    DECISION_CUT = "alerts is cut off during COMMIT"
    SNAPSHOT_HELD = "a snapshot is held"
    BROKER_DIES = "the broker dies"
    BROKER_SILENT = "the broker falls silent"
    ANSWERS_LOST = "answers of the broker are lost"
    DISK_FULL = "the broker's disk is full"
    TIMED_OUT = "the broker writes and says: timed out"
    TOO_FEW_REPLICAS = "the broker has too few replicas"
    LEADER_DIES = "a leader dies"
    LEADERLESS = "two of three brokers die"
    PARTITION_IDLE = "a partition is idle"
    CLOCK_AHEAD = "a client is a year ahead"
    OFFICE_DOWN = "Slack and SMTP are down"
    SLACK_SILENT = "Slack takes and says nothing"
    SLACK_BUSY = "Slack says 429"
    SLACK_BROKEN = "Slack says 500"
    MAIL_SILENT = "SMTP takes and says nothing"
    MAIL_BUSY = "SMTP says 451"


class About(Struct, frozen=True):
    """`seconds` is how long it may last; `cluster` where it can happen: on one broker, on three, or on both (None).

    `repeats`: a message may arrive once more because of it.
    """

    targets: tuple[Target, ...]
    seconds: tuple[float, float] = (0.2, 1.5)
    cluster: bool | None = None
    repeats: bool = False


_PROXIED = False  # a proxy stands before the one broker
_HOUR = (2.0, 5.0)  # of retries: their longest pause is scaled by 1,200

ABOUT: Mapping[Fault, About] = {
    Fault.INGEST_DIES: About((Target.INGEST,)),
    Fault.WORKER_DIES: About((Target.SCORING,)),
    Fault.RELAY_DIES: About((Target.SCORING,)),
    Fault.WORKER_SLEEPS: About((Target.SCORING,), (5.0, 7.0)),
    Fault.WORKERS_CHANGE: About((Target.SCORING,), (2.0, 5.0)),
    Fault.SCORING_OFF: About((Target.SCORING,), (12.0, 14.0)),
    Fault.REPLICA_DIES: About((Target.ALERTS,), repeats=True),
    Fault.ALERTS_DIE: About((Target.ALERTS,), (0.5, 5.0), repeats=True),
    Fault.TIMER_DIES: About((Target.ALERTS,), (0.1, 3.0), repeats=True),
    Fault.REPLICA_SLEEPS: About((Target.ALERTS,), (6.5, 8.0), repeats=True),
    Fault.POSTGRES_DIES: About((Target.POSTGRES,), (0.2, 4.0), repeats=True),
    Fault.COMMIT_CUT: About((Target.POSTGRES,), (2.0, 5.0)),
    Fault.DECISION_CUT: About((Target.POSTGRES,), (2.0, 5.0), repeats=True),
    Fault.SNAPSHOT_HELD: About((Target.TRAFFIC,)),
    Fault.BROKER_DIES: About((Target.BROKER,), (0.2, 3.0), cluster=_PROXIED),
    Fault.BROKER_SILENT: About((Target.BROKER,), (2.5, 5.0), cluster=_PROXIED),
    Fault.ANSWERS_LOST: About((Target.BROKER,), (1.0, 4.0), cluster=_PROXIED),
    Fault.DISK_FULL: About((Target.BROKER,), (1.0, 5.0), cluster=_PROXIED),
    Fault.TIMED_OUT: About((Target.BROKER,), (1.0, 5.0), cluster=_PROXIED),
    Fault.TOO_FEW_REPLICAS: About((Target.BROKER,), (1.0, 5.0), cluster=_PROXIED),
    Fault.LEADER_DIES: About((Target.BROKER,), (1.0, 6.0), cluster=True),
    Fault.LEADERLESS: About((Target.BROKER,), (3.0, 6.0), cluster=True),
    Fault.PARTITION_IDLE: About((Target.TRAFFIC,)),
    Fault.CLOCK_AHEAD: About((Target.TRAFFIC,)),
    Fault.OFFICE_DOWN: About((Target.SLACK, Target.MAIL), _HOUR, repeats=True),
    Fault.SLACK_SILENT: About((Target.SLACK,), _HOUR, repeats=True),
    Fault.SLACK_BUSY: About((Target.SLACK,), _HOUR),
    Fault.SLACK_BROKEN: About((Target.SLACK,), _HOUR),
    Fault.MAIL_SILENT: About((Target.MAIL,), _HOUR, repeats=True),
    Fault.MAIL_BUSY: About((Target.MAIL,), _HOUR),
}
