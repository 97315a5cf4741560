"""The three topics of a deployment: their names, their settings, and which partition an account lives in."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict

from common.bus.ports import Admin, Stamping

DAY_MS = 24 * 60 * 60 * 1000


class TimeMode(StrEnum):
    """Who says what time it is: the log as it appends (wall), or the events themselves (stream: replays)."""

    WALL = "wall"
    STREAM = "stream"


class TopicMismatch(Exception):
    """A topic is there with other partitions (accounts would be looked for in the wrong ones) or another stamp."""


@dataclass(frozen=True)
class Topics:
    """Names; the major version of a contract is part of its topic's name."""

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


class Shape(TypedDict):
    """What all topics of one deployment have alike: the keywords of `ensure`."""

    mode: TimeMode
    partitions: int
    replication: int
    retention_days: int


async def ensure(
    admin: Admin, topics: Topics, *, mode: TimeMode, partitions: int, replication: int, retention_days: int
) -> None:
    """Creates what is not there, with the same number of partitions for all: it is fixed for life, as the mode is.

    Raises `TopicMismatch`, and `Unavailable` as the bus does.
    """
    config = settings(mode, retention_days=retention_days)
    for topic in (topics.events, topics.dead, topics.signals):
        # Again until it is seen: a broker hears of a new topic a moment after it is made.
        while (found := await admin.partitions(topic)) is None:
            await admin.create(topic, partitions=partitions, replication=replication, config=config)
        if found != partitions:
            raise TopicMismatch(f"{topic} has {found} partitions, PARTITIONS says {partitions}")
        stamping = await admin.stamping(topic)
        if stamping not in (None, config["message.timestamp.type"]):
            raise TopicMismatch(f"{topic} is stamped by {stamping}, TIME_MODE {mode} needs the other")


def settings(mode: TimeMode, *, retention_days: int) -> Mapping[str, str]:
    """Kafka's names and values. Batches stay compressed as their producer compressed them."""
    if mode is TimeMode.WALL:
        return {
            "compression.type": "producer",
            "message.timestamp.type": Stamping.LOG_APPEND,
            "retention.ms": str(retention_days * DAY_MS),
        }
    return {
        "compression.type": "producer",
        "message.timestamp.type": Stamping.CREATE,
        # By the records' own times all of a replay would be too old to keep, or too far ahead to take.
        "retention.ms": "-1",
        "message.timestamp.after.max.ms": str(2**63 - 1),
    }


def partition_of(key: bytes, partitions: int) -> int:
    """Where Kafka's own default partitioner puts this key, so that other clients' records land with ours."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """Austin Appleby's MurmurHash2, 32 bits, with Kafka's seed; unsigned."""
    multiplier = 0x5BD1E995
    whole = len(data) & ~3
    state = 0x9747B28C ^ len(data)
    for start in range(0, whole, 4):
        block = int.from_bytes(data[start : start + 4], "little") * multiplier & 0xFFFFFFFF
        block = (block ^ block >> 24) * multiplier & 0xFFFFFFFF
        state = (state * multiplier & 0xFFFFFFFF) ^ block
    if len(data) > whole:
        state = (state ^ int.from_bytes(data[whole:], "little")) * multiplier & 0xFFFFFFFF
    state = (state ^ state >> 13) * multiplier & 0xFFFFFFFF
    return state ^ state >> 15
