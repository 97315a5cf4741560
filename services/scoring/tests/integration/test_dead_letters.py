"""The dead topic's contract: the record's key and value as they came, and the reason in a header."""

from pathlib import Path

import msgspec
import pytest

from common.contracts.dead_letters import DeadReason
from scoring.partition.commit import Commit, LogPosition, OutboxRow, OutboxTopic
from support.golden import DeadLetter, golden_records, next_revision, revisions
from support.scoring_harness import TOPICS, ScoringHarness

EVENT = b'{"type":"event","event_id":"e-1","account_id":"acme"}'


def row(
    reason: DeadReason, value: bytes | None, key: bytes | None = b"acme", *, attempt: int | None = None
) -> OutboxRow:
    return OutboxRow(OutboxTopic.DEAD, 1_777_793_400_250, key, value, reason, attempt)


# Of the newest revision, by the names of their files.
ROWS = {
    "unreadable": row(DeadReason.UNREADABLE, EVENT),
    "unreadable_without_key_and_value": row(DeadReason.UNREADABLE, None, None),
    "wrong_partition": row(DeadReason.WRONG_PARTITION, EVENT),
    "card_change_not_supported": row(DeadReason.CARD_CHANGE, b'{"type":"card.activated"}', None),
    "core_failed": row(DeadReason.CORE_FAILED, EVENT),
    "core_failed_again": row(DeadReason.CORE_FAILED, EVENT, attempt=2),
    "core_failed_in_silence": row(DeadReason.CORE_FAILED, None),
    "unknown_type": row(DeadReason.UNKNOWN_TYPE, b'{"type":"calendar.day"}', None),
    "truncated": row(DeadReason.UNREADABLE, bytes(2_000_000)),  # more than the log takes
}


async def test_a_dead_letter_of_today_is_written_as_its_golden_record(stream: ScoringHarness) -> None:
    await stream.score()  # begins the journal
    letters = tuple(ROWS.values())
    position = LogPosition(to_offset=0, clock=0.0, newest=0.0)
    commit = Commit(
        partition=0, last_seq=0, writer="test", position=position, states={}, timers={}, seen={}, accounts=(), days=(),
        signals=(), outbox=letters,
    )  # fmt: skip
    await stream.store.commit(commit, "memory")
    await stream.score()
    records = stream.broker.records(TOPICS.dead, 0)
    assert len(records) == len(ROWS)
    for name, record in zip(ROWS, records, strict=True):
        headers = tuple((key, value.decode()) for key, value in record.headers)
        key = None if record.key is None else record.key.decode()
        written = DeadLetter(key, (record.value or b"").decode(), headers)
        path = revisions(TOPICS.dead)[-1] / f"{name}.json"
        assert path.exists(), f"{next_revision(TOPICS.dead)} It lacks {path.name}: {msgspec.json.encode(written)!r}"
        assert msgspec.json.encode(written) == path.read_bytes(), next_revision(TOPICS.dead)


def test_every_reason_has_a_golden_record() -> None:
    assert {one.reason for one in ROWS.values()} == set(DeadReason)


@pytest.mark.parametrize("path", golden_records(TOPICS.dead), ids=lambda path: "/".join(path.parts[-3:]))
def test_a_dead_letter_of_every_revision_is_read(path: Path) -> None:
    letter = msgspec.json.decode(path.read_bytes(), type=DeadLetter)
    headers = dict(letter.headers)
    assert DeadReason(headers.pop("reason"))
    assert headers in ({}, {"truncated": "true"}, {"attempt": "2"})
