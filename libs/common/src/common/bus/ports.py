"""The ports of the bus: what services need of Kafka, independent of the client library.

Two adapters implement them and pass the same contract tests: `common.bus.kafka` and `common.bus.memory`.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from msgspec import Struct


class Stamping(StrEnum):
    """Who sets a record's timestamp: the broker as it appends, or the producer."""

    LOG_APPEND = "LogAppendTime"
    CREATE = "CreateTime"


class Record(Protocol):
    """One record as read; `timestamp` is milliseconds since the epoch.

    An adapter may return the client library's own objects if they have these attributes. Copying each record would
    cost as much as decoding it.
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
    """A `Record` for an adapter that has no client library."""

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


class Outgoing(NamedTuple):
    """One record to be written. Without a `timestamp` (milliseconds) it gets the time of writing."""

    partition: int
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp: int | None = None


class Ack(Struct, frozen=True, gc=False):
    """The offset of a written record; `timestamp` is set if the log stamps its records itself."""

    partition: int
    offset: int
    timestamp: int | None


class Producer(Protocol):
    """Writes with acks=all and a delivery deadline, not idempotent: a retry after a lost ack may write a copy."""

    @property
    def healthy(self) -> bool:
        """False from an error that is not retriable until a new producer has started."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]:
        """Returns after all acknowledgements: one per record, in the order given. Each partition keeps that order.

        Raises `BusUnavailable` if a record is not acknowledged within the deadline: it may be written later. Raises
        it also, before anything is sent, if too many bytes are unacknowledged. Raises `RecordRefused` if the log will
        never accept a record.
        """


class ProbedProducer(Producer, Protocol):
    async def probe(self, topic: str) -> None:
        """Asks the brokers for this topic, without writing.

        Raises `BusUnavailable` if no `send` could succeed now: no broker answers, or no partition has a leader.
        """


Assigned = Callable[[frozenset[int]], Awaitable[None]]


class Consumer(Protocol):
    """Reads one topic as a member of a group without committed offsets: the reader says where each partition starts.

    A newly assigned partition brings no records until `seek` opens it.
    """

    async def start(self, *, assigned: Assigned, revoked: Assigned) -> None:
        """Joins the group. `revoked` is awaited before another member may be given these partitions."""

    async def stop(self) -> None:
        """Leaves the group."""

    async def poll(
        self, *, max_records: int, timeout: float, only: Collection[int] | None = None
    ) -> Mapping[int, Sequence[Record]]:
        """New records by partition, in offset order; empty after `timeout` seconds.

        Records of partitions that are not in `only` are kept for a later poll. Raises `BusUnavailable`, and
        `OffsetOutOfRange(partition, offset)` if the log does not hold a position and the adapter can know it.
        """

    def seek(self, partition: int, offset: int) -> None:
        """The next poll of this partition starts at `offset`, whatever was fetched before. Ends a pause."""

    def pause(self, partition: int) -> None:
        """No more records of this partition until the next `seek`."""

    def at_end(self, partition: int) -> bool:
        """Whether all records up to the last fetch's high watermark have been polled. False right after `seek`.

        Costs no request to the broker.
        """


class Admin(Protocol):
    async def cluster_id(self) -> str: ...

    async def partitions(self, topic: str) -> int | None:
        """None if there is no such topic."""

    async def stamping(self, topic: str) -> Stamping | None:
        """Who sets the timestamps of this topic; None if the broker does not say."""

    async def create(self, topic: str, *, partitions: int, replication: int, config: Mapping[str, str]) -> None:
        """Does nothing if the topic exists."""

    async def earliest(self, topic: str, partition: int) -> int:
        """The first offset that retention has not deleted."""

    async def latest(self, topic: str, partition: int) -> int:
        """The offset that the next record will have."""

    async def read(self, topic: str, partition: int, offset: int, *, timeout: float) -> Record | None:
        """The record at exactly this offset, read outside any group; None if the log does not hold it."""

    def scan(self, topic: str, partition: int, *, start: int = 0) -> AsyncGenerator[Sequence[Record], None]:
        """The records from `start` on, up to the end that the log has at the first step, read outside any group.

        In batches of some hundred, so that a log of any length needs little memory. What retention has deleted is
        passed over.
        """
