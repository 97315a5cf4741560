"""What the services ask of a log, and nothing of how it is kept.

Two adapters keep this promise and pass one contract test class: `common.bus.kafka` and `common.bus.memory`.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from msgspec import Struct


class Stamping(StrEnum):
    """Who says when a record happened: the broker as it appends, or the sender."""

    LOG_APPEND = "LogAppendTime"
    CREATE = "CreateTime"


class Record(Protocol):
    """One record as read; `timestamp` is milliseconds since the epoch.

    An adapter hands out its client's own objects where they have these attributes: a second object for each record
    would cost as much as the record's digest.
    """

    @property
    def partition(self) -> int: ...

    @property
    def offset(self) -> int: ...

    @property
    def timestamp(self) -> int: ...

    @property
    def key(self) -> bytes | None: ...

    @property
    def value(self) -> bytes | None: ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class PlainRecord(NamedTuple):
    """A `Record` for an adapter whose client has no object of its own."""

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


class Outgoing(NamedTuple):
    """One record to be written; without a `timestamp` (milliseconds) the log stamps the moment of writing."""

    partition: int
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp: int | None = None


class Ack(Struct, frozen=True, gc=False):
    """Where a record went; `timestamp` is the log's own stamp where it has one, else None."""

    partition: int
    offset: int
    timestamp: int | None


class Producer(Protocol):
    """Writes with acks=all and a delivery deadline, never idempotent: a lost ack may mean a second copy."""

    @property
    def healthy(self) -> bool:
        """False from a non-retriable error until a fresh producer has taken over."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]:
        """All of them acknowledged, one partition's records in order, acks in the order given.

        Raises `Unavailable` if any is not acknowledged within the deadline (it may yet be written) or if the
        bound on unacknowledged bytes is reached (then nothing was sent); `Refused` if the log will never take it.
        """


class ProbedProducer(Producer, Protocol):
    async def probe(self, topic: str) -> None:
        """Asks the brokers for this topic, without writing. Raises `Unavailable` if no `send` to it could succeed now:
        they do not answer, or none of its partitions has a leader.
        """


Assigned = Callable[[frozenset[int]], Awaitable[None]]


class Consumer(Protocol):
    """Reads one topic as a member of a group that stores no offsets: the reader says where each partition starts.

    A newly assigned partition is silent until `seek` opens it.
    """

    async def start(self, *, assigned: Assigned, revoked: Assigned) -> None:
        """Joins the group. `revoked` is awaited before another member may be given these partitions."""

    async def stop(self) -> None:
        """Leaves the group."""

    async def poll(
        self, *, max_records: int, timeout: float, only: Collection[int] | None = None
    ) -> Mapping[int, Sequence[Record]]:
        """What came, by partition and in offset order; empty after `timeout` seconds. What came for partitions that
        are not in `only` is kept for a later poll.

        Raises `OffsetLost(partition, offset)` if a position lies outside the log (an adapter that cannot know stays
        silent), `Unavailable` if the log cannot be reached.
        """

    def seek(self, partition: int, offset: int) -> None:
        """The next poll of this partition starts at `offset`, whatever had been fetched; ends a pause."""

    def pause(self, partition: int) -> None:
        """Nothing more of this partition until the next `seek`."""

    def level(self, partition: int) -> bool:
        """Whether everything that the log was known to hold at the last fetch has been polled.

        The position is the last fetch's high watermark, or the last poll of it came back empty; never an end-offset
        request. False right after `seek`.
        """


class Admin(Protocol):
    async def cluster_id(self) -> str: ...

    async def partitions(self, topic: str) -> int | None:
        """None if there is no such topic."""

    async def stamping(self, topic: str) -> Stamping | None:
        """Who stamps this topic's records; None if the log does not say."""

    async def create(self, topic: str, *, partitions: int, replication: int, config: Mapping[str, str]) -> None:
        """Does nothing if the topic is there."""

    async def earliest(self, topic: str, partition: int) -> int:
        """The first offset that retention has left."""

    async def read(self, topic: str, partition: int, offset: int, *, timeout: float) -> Record | None:
        """The record at exactly this offset, outside any group; None if the log says that it does not hold it."""
