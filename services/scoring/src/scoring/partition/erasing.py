"""Makes of an erasure, or its lifting, the change of one commit and a record for readers of the signals. Pure."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from common.bus.ports import Record
from common.contracts.events import Erased, Erasure, Event, Lifting, MentionsErased
from common.contracts.signals import encode_signals_record
from common.erasures.erasure_spans import PartitionErasures, pseudonym_of
from common.erasures.substitutes import account_substitute, substitute_id
from scoring.health.overrides import OVERRIDDEN
from scoring.partition.commit import (
    AccountErasure,
    LiftedErasure,
    MentionsErasure,
    OutboxRow,
    OutboxTopic,
    UserErasure,
)

# Beside `user_id`, where an event may name a person of the account.
_NAMING: Final = {
    "contract.cancel_requested": "requested_by",
    "contract.downgrade_requested": "requested_by",
    OVERRIDDEN: "by",
}


class RenamedCount(Struct):
    """How many states and signals were rewritten before the record of an erasure is read."""

    states: int = 0
    signals: int = 0


NOTHING_RENAMED: Final = RenamedCount()


def with_substitutes(event: Event, offset: int, known: PartitionErasures) -> Event | None:
    """The event with substitutes in place of erased people; None if it is dropped, because its person is erased.

    An event that names nobody erased is returned as the same object.
    """
    user_id = event.user_id
    if user_id is not None:
        if known.drops_user(user_id, offset):
            return None
        if (substitute := known.substitute(user_id, offset)) is not None:
            event = replace(event, user_id=substitute_id(substitute))
    name = _NAMING.get(event.name)
    named = event.properties.get(name) if name is not None else None
    if name is not None and isinstance(named, str) and (substitute := known.substitute(named, offset)) is not None:
        event = replace(event, properties={**event.properties, name: substitute_id(substitute)})
    return event


def erasure_of(
    record: Record,
    said: Erasure | Lifting | MentionsErased,
    known: PartitionErasures,
    *,
    at: float,
    renamed: RenamedCount,
) -> AccountErasure | LiftedErasure | UserErasure | MentionsErasure | None:
    """The change to commit; None for a late copy. Raises `ErasureRefused` if this worker has not the right key.

    `at` is the partition's time in seconds, and not the record's: in stream mode ingest does not know the time.
    """
    if isinstance(said, Lifting):
        return LiftedErasure(said.erasure_id, pseudonym_of(said), record.offset)
    if isinstance(said, MentionsErased):
        return MentionsErasure(
            erasure_id=said.erasure_id,
            account_id=said.account_id,
            substitute=account_substitute(said.erasure_id),
            offset=record.offset,
            states=renamed.states,
            signals=renamed.signals,
        )
    pseudonym, fingerprint = known.check(said)
    if known.is_over(said, record.offset):
        return None
    if isinstance(said, Erased):
        return AccountErasure(
            erasure_id=said.erasure_id,
            account_id=said.account_id,
            pseudonym=pseudonym,
            fingerprint=fingerprint,
            offset=record.offset,
            at=at,
        )
    return UserErasure(
        erasure_id=said.erasure_id,
        user_id=said.user_id,
        substitute=said.substitute,
        pseudonym=pseudonym,
        fingerprint=fingerprint,
        offset=record.offset,
        at=at,
        states=renamed.states,
        signals=renamed.signals,
    )


def forwarded_erasure(said: Erasure | Lifting | MentionsErased, *, at: float) -> OutboxRow:
    """The record for the signals topic; in the outbox it comes after all earlier signals. `at` in seconds."""
    return OutboxRow(OutboxTopic.SIGNALS, round(at * 1000), None, encode_signals_record(said))
