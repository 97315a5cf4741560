"""What an erasure, or its lifting, brings: the change of one commit, and a record for readers of the signals. Pure."""

from common.bus.ports import Record
from common.contracts.events import Erased, ErasureLifted
from common.contracts.signals import encode_signals_record
from common.erasures.erasure_spans import PartitionErasures, pseudonym_of
from scoring.partition.commit import AccountErasure, LiftedErasure, OutboxRow, OutboxTopic


def erasure_of(
    record: Record, said: Erased | ErasureLifted, known: PartitionErasures, *, at: float
) -> AccountErasure | LiftedErasure | None:
    """None if it brings nothing. Raises `ErasureRefused` if this worker's key cannot tell whose records these are.

    `at` is the time of the log in seconds, not the record's own: in stream mode ingest knows none.
    """
    if isinstance(said, ErasureLifted):
        return LiftedErasure(said.erasure_id, pseudonym_of(said), record.offset)
    pseudonym, fingerprint = known.check(said)
    if known.is_over(said, record.offset):
        return None
    return AccountErasure(
        erasure_id=said.erasure_id,
        account_id=said.account_id,
        pseudonym=pseudonym,
        fingerprint=fingerprint,
        offset=record.offset,
        at=at,
    )


def forwarded_erasure(said: Erased | ErasureLifted, *, at: float) -> OutboxRow:
    """In the outbox it stands behind all signals that the account had until then."""
    return OutboxRow(OutboxTopic.SIGNALS, round(at * 1000), None, encode_signals_record(said))
