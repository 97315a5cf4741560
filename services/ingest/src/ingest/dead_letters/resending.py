"""Makes the records that a dead letter becomes when it is sent again; how depends on the letter's origin.

CannotResend    this letter can never be sent again, or not by this release: say so and go on with the others
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from common.bus.partitioner import partition_of
from common.bus.ports import Outgoing
from common.contracts.dead_letters import ATTEMPT, RESENT_FROM
from common.contracts.events import Event, decode_events_record, find_unknown_type
from common.contracts.ids import is_storable_account
from common.topics import TimeMode
from ingest.dead_letters.letter import DeadLetter
from ingest.events.erased import NOBODY, ErasedLookup, erased_error


class ResendRefusal(StrEnum):
    """Why a letter is not sent again."""

    NO_RECORD = "no_record"
    TRUNCATED = "truncated"
    UNREADABLE = "unreadable"
    NOT_AN_EVENT = "not_an_event"
    UNKNOWN_ORIGIN = "unknown_origin"
    ALREADY_RESENT = "already_resent"
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    REFUSED_BY_LOG = "refused_by_log"
    STILL_REFUSED = "still_refused"
    BY_ITS_SENDER = "by_its_sender"
    ERASED = "erased"


class CannotResend(Exception):
    def __init__(self, reason: ResendRefusal, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Resender(Protocol):
    """Makes records of the letters of one origin."""

    async def records(self, letter: DeadLetter) -> Sequence[Outgoing]:
        """The records of the events topic that this letter becomes, without headers. Raises `CannotResend`."""


class EventResender:
    """For letters of scoring: the same bytes, for the account's partition. Letters of those in `erased` are refused.

    In stream mode the record keeps its time. In wall mode Kafka gives it a new one.
    """

    def __init__(self, *, partitions: int, mode: TimeMode, erased: ErasedLookup = NOBODY) -> None:
        self._partitions = partitions
        self._erased = erased
        self._keeps_time = mode is TimeMode.STREAM

    async def records(self, letter: DeadLetter) -> Sequence[Outgoing]:
        value = letter.record.value
        if letter.truncated:
            raise CannotResend(ResendRefusal.TRUNCATED, "the record was too large for the topic: its bytes are gone")
        if not value:
            detail = "there is no record: the core failed as time passed for the account"
            raise CannotResend(ResendRefusal.NO_RECORD, detail)
        event = _event(value)
        if (error := erased_error(event, self._erased)) is not None:
            raise CannotResend(ResendRefusal.ERASED, error.detail)
        key = event.account_id.encode()
        timestamp = letter.timestamp if self._keeps_time else None
        return [Outgoing(partition_of(key, self._partitions), key, value, (), timestamp)]


class LetterResender:
    """Chooses the resender by the letter's origin, and names the letter in a header of each record."""

    def __init__(self, by_origin: Mapping[str, Resender]) -> None:
        self._by_origin = by_origin

    async def records(self, letter: DeadLetter) -> Sequence[Outgoing]:
        """The records with their headers. Raises `CannotResend`."""
        resender = self._by_origin.get(letter.origin)
        if resender is None:
            detail = f"this release cannot resend what {letter.origin!r} set aside"
            raise CannotResend(ResendRefusal.UNKNOWN_ORIGIN, detail)
        headers = (
            (RESENT_FROM, str(letter.position).encode()),
            (ATTEMPT, str(letter.attempt + 1).encode()),
        )
        return [record._replace(headers=headers) for record in await resender.records(letter)]


def _event(value: bytes) -> Event:
    try:
        record = decode_events_record(value)
    except msgspec.DecodeError as error:
        if (unknown := find_unknown_type(value)) is not None:
            detail = f"this release does not know records of the type {unknown[:40]!r}"
            raise CannotResend(ResendRefusal.NOT_AN_EVENT, detail) from error
        detail = f"its content can never be read: {error}"
        raise CannotResend(ResendRefusal.UNREADABLE, detail) from error
    if not isinstance(record, Event):
        kind = type(record).__struct_config__.tag
        raise CannotResend(ResendRefusal.NOT_AN_EVENT, f"it is no event of an account but a {kind!r} record")
    if not is_storable_account(record.account_id):
        raise CannotResend(ResendRefusal.UNREADABLE, "its account id can never be stored")
    return record
