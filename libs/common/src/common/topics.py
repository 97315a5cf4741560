"""The three topics of a deployment: their names, their settings, and the partition of each account."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict

from common.bus.ports import Admin, Stamping

DAY_MS = 24 * 60 * 60 * 1000


class TimeMode(StrEnum):
    """Who sets record times: Kafka as it appends (wall), or the events' own times (stream, for replays)."""

    WALL = "wall"
    STREAM = "stream"


class TopicMismatch(Exception):
    """A topic exists with another number of partitions, or with another timestamp type, than the settings say."""


@dataclass(frozen=True)
class Topics:
    """Topic names. The major version of a contract is part of its topic's name."""

    prefix: str = ""

    @property
    def events(self) -> str:
        return f"{self.prefix}account.events.v1"

    @property
    def dead(self) -> str:
        return f"{self.prefix}account.events.v1.dead"

    @property
    def signals(self) -> str:
        return f"{self.prefix}account.signals.v1"


class TopicSettings(TypedDict):
    """What all topics of a deployment have in common, as keywords of `ensure`."""

    mode: TimeMode
    partitions: int
    replication: int
    retention_days: int


async def ensure(
    admin: Admin, topics: Topics, *, mode: TimeMode, partitions: int, replication: int, retention_days: int
) -> None:
    """Creates missing topics, all with the same number of partitions. Neither that number nor the mode ever changes.

    Raises `TopicMismatch` or `BusUnavailable`.
    """
    config = topic_config(mode, retention_days=retention_days)
    for topic in (topics.events, topics.dead, topics.signals):
        # Repeated until the topic is seen: a broker learns of a new topic a moment after its creation.
        while (found := await admin.partitions(topic)) is None:
            await admin.create(topic, partitions=partitions, replication=replication, config=config)
        if found != partitions:
            raise TopicMismatch(f"{topic} has {found} partitions, PARTITIONS says {partitions}")
        # None: some brokers do not report it.
        stamping = await admin.stamping(topic)
        if stamping not in (None, config["message.timestamp.type"]):
            raise TopicMismatch(f"{topic} is stamped by {stamping}, TIME_MODE {mode} needs the other")


def topic_config(mode: TimeMode, *, retention_days: int) -> Mapping[str, str]:
    """Kafka's topic configuration. Kafka keeps the compression that the producer chose."""
    if mode is TimeMode.WALL:
        return {
            "compression.type": "producer",
            "message.timestamp.type": Stamping.LOG_APPEND,
            "retention.ms": str(retention_days * DAY_MS),
        }
    return {
        "compression.type": "producer",
        "message.timestamp.type": Stamping.CREATE,
        # Judged by event time, a replay's records would be older than the retention or too far in the future.
        "retention.ms": "-1",
        "message.timestamp.after.max.ms": str(2**63 - 1),
    }
