"""Writes refused messages with their reasons to the dead topic, and lists them as rejects."""

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from common.bus.errors import BusError, RecordRefused
from common.bus.partitioner import partition_of
from common.bus.ports import Ack, Outgoing
from ingest.errors import FieldError
from ingest.intake.intake import IntakeContext
from ingest.intake.report import PartlyTaken, RefusedMessage
from ingest.mapping.item import IntakeItem
from ingest.publishing.publisher import NotAcknowledged
from ingest.receiving.bounds import ID_CHARS
from ingest.rejects.rejected import LEFT_OUT, Rejected

ORIGIN: Final = "ingest"
_MOST_ERRORS: Final = 20
# Kafka's default bound of a record is a megabyte, headers included.
_MOST_BYTES: Final = 500_000
_TRUNCATED: Final = ("truncated", b"true")


class DeadTopicWriter(Protocol):
    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]: ...


class RejectSink(Protocol):
    def add(self, rejected: Sequence[Rejected]) -> None:
        """Never waits."""


class DeadTopicSink:
    """Writes dead letters: the value is the message as it came, the headers have what `dead resend` needs."""

    def __init__(self, sender: DeadTopicWriter, listed: RejectSink, *, topic: str, partitions: int) -> None:
        self._sender = sender
        self._listed = listed
        self._topic = topic
        self._partitions = partitions

    async def put(self, refused: Sequence[RefusedMessage], context: IntakeContext) -> None:
        """Returns when Kafka has acknowledged them. Raises `NotAcknowledged`."""
        records = [self._record(one, context) for one in refused]
        try:
            acks = await self._sender.send(self._topic, records)
        except RecordRefused:
            acks = await self._send_without_values(records)
        except BusError as error:
            raise NotAcknowledged(str(error)) from error
        places = (f"{ack.partition}:{ack.offset}" for ack in acks)
        self._listed.add(
            [
                _rejected(one.item, context, one.errors, reason=one.errors[0].reason, dead_letter=place)
                for one, place in zip(refused, places, strict=True)
            ]
        )

    def note(self, partly: Sequence[PartlyTaken], context: IntakeContext) -> None:
        """Lists messages that were taken without some of their values. Never waits."""
        if partly:
            self._listed.add([_rejected(one.item, context, one.left_out, reason=LEFT_OUT) for one in partly])

    async def _send_without_values(self, records: Sequence[Outgoing]) -> list[Ack]:
        """Sends the letters without values: this broker's bound is below Kafka's default."""
        short = [record._replace(value=b"", headers=(*record.headers, _TRUNCATED)) for record in records]
        try:
            return await self._sender.send(self._topic, short)
        except BusError as error:
            raise NotAcknowledged(str(error)) from error

    def _record(self, refused: RefusedMessage, context: IntakeContext) -> Outgoing:
        item = refused.item
        value = bytes(item.raw)
        place = (item.message_id or "").encode() or value
        headers = {
            "reason": refused.errors[0].reason.value,
            "origin": ORIGIN,
            "format": context.format,
            "source": context.source,
            "key_id": context.key.id,
            "received_at": context.received_at.isoformat(),
            "history": "true" if context.history else "false",
            # The headers alone must fit into a batch, too.
            "message_id": (item.message_id or "")[:ID_CHARS],
        }
        encoded = tuple((name, text.encode()) for name, text in headers.items())
        errors = ("errors", msgspec.json.encode(refused.errors[:_MOST_ERRORS]))
        headers_sent = (*encoded, errors)
        if len(value) > _MOST_BYTES:
            value, headers_sent = b"", (*headers_sent, _TRUNCATED)
        return Outgoing(partition_of(place, self._partitions), None, value, headers_sent)


def _rejected(
    item: IntakeItem,
    context: IntakeContext,
    errors: Sequence[FieldError],
    *,
    reason: str,
    dead_letter: str | None = None,
) -> Rejected:
    return Rejected(
        at=context.received_at,
        source=context.source,
        key_id=context.key.id,
        format=context.format,
        message_id=item.message_id,
        label=item.label,
        reason=reason,
        errors=tuple(errors[:_MOST_ERRORS]),
        dead_letter=dead_letter,
    )
