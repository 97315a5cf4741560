"""Publishes accepted events to Kafka, each to its account's partition."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from common.bus.errors import BusError
from common.bus.partitioner import partition_of
from common.bus.ports import Outgoing, Producer
from common.contracts.events import Event, encode_events_record
from common.topics import TimeMode

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class NotAcknowledged(Exception):
    """Whether the events were written is unknown: the client has to send them again with the same ids."""


class Publisher:
    """Publishes all events of a request together.

    In wall mode Kafka sets the record time. In stream mode it is the event time.
    """

    def __init__(self, producer: Producer, *, topic: str, partitions: int, mode: TimeMode) -> None:
        self._producer = producer
        self._topic = topic
        self._stamped_by_event = mode is TimeMode.STREAM
        self._partitions = partitions
        # Hashing an account id in Python takes longer than encoding its event.
        self._partition_and_key = lru_cache(maxsize=100_000)(self._compute_partition_and_key)

    async def publish(self, events: Sequence[Event]) -> None:
        """Returns after every acknowledgement. Raises `NotAcknowledged`."""
        try:
            await self._producer.send(self._topic, [self._record(event) for event in events])
        except BusError as error:
            raise NotAcknowledged(str(error)) from error

    def _record(self, event: Event) -> Outgoing:
        partition, key = self._partition_and_key(event.account_id)
        # A broker with LogAppendTime ignores the producer's timestamp.
        timestamp = _milliseconds(event.time) if self._stamped_by_event else None
        return Outgoing(partition, key, encode_events_record(event), (), timestamp)

    def _compute_partition_and_key(self, account_id: str) -> tuple[int, bytes]:
        key = account_id.encode()
        return partition_of(key, self._partitions), key


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MILLISECOND


def event_record(event: Event, *, partitions: int, mode: TimeMode) -> Outgoing:
    """The record of one event, as `Publisher` writes it."""
    key = event.account_id.encode()
    timestamp = _milliseconds(event.time) if mode is TimeMode.STREAM else None
    return Outgoing(partition_of(key, partitions), key, encode_events_record(event), (), timestamp)
