"""From accepted events to records on the log, each in its account's partition."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from common.bus.errors import BusError
from common.bus.ports import Outgoing, Producer
from common.contracts.events import Event, encode_events_record
from common.topics import TimeMode, partition_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class NotAcknowledged(Exception):
    """Unknown whether it was written: send again with the same ids."""


class Publisher:
    """Publishes all of a request or says that nothing is known of it.

    In wall mode the log stamps its records; in stream mode a record happened when its event did.
    """

    def __init__(self, producer: Producer, *, topic: str, partitions: int, mode: TimeMode) -> None:
        self._producer = producer
        self._topic = topic
        self._stamped_by_event = mode is TimeMode.STREAM
        self._partitions = partitions
        # Hashing a name takes longer than encoding its event.
        self._place = lru_cache(maxsize=100_000)(self._placed)

    async def publish(self, events: Sequence[Event]) -> None:
        """Returns after every acknowledgement. Raises `NotAcknowledged`."""
        try:
            await self._producer.send(self._topic, [self._record(event) for event in events])
        except BusError as error:
            raise NotAcknowledged(str(error)) from error

    def _record(self, event: Event) -> Outgoing:
        partition, key = self._place(event.account_id)
        timestamp = _milliseconds(event.time) if self._stamped_by_event else None
        return Outgoing(partition, key, encode_events_record(event), (), timestamp)

    def _placed(self, account_id: str) -> tuple[int, bytes]:
        key = account_id.encode()
        return partition_of(key, self._partitions), key


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MILLISECOND
