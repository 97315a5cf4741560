"""Is this the log that the journal was written from?"""

import pytest

from common.bus.ports import PlainRecord
from scoring.health import FIRST_LOOK_SECONDS
from scoring.partition.commit import LogPosition
from scoring.partition.origin import LogVerdict, compare, record_hash
from scoring.settings import ScoringSettings

LAST = PlainRecord(0, 41, 1_000, b"acme", b"{}")
READ = LogPosition(to_offset=42, clock=0.0, newest=1.0, last_offset=41, last_time=1_000, last_hash=record_hash(LAST))
UNREAD = LogPosition(to_offset=5, clock=0.0, newest=0.0)


@pytest.mark.parametrize(
    ("position", "clusters", "earliest", "found", "verdict"),
    [
        (READ, ("a", "a"), 0, LAST, LogVerdict.SAME),
        (READ, ("a", "b"), 0, LAST, LogVerdict.OTHER_CLUSTER),
        (UNREAD, ("a", "a"), 5, None, LogVerdict.NOTHING_READ),
        # Retention may take what was read ...
        (READ, ("a", "a"), 42, None, LogVerdict.RETAINED),
        # ... but not what was not.
        (READ, ("a", "a"), 43, None, LogVerdict.LOST_AHEAD),
        (UNREAD, ("a", "a"), 6, None, LogVerdict.LOST_AHEAD),
        # A log that was lost and filled anew: another record there, or none.
        (READ, ("a", "a"), 0, LAST._replace(value=b"{ }"), LogVerdict.OTHER_LOG),
        (READ, ("a", "a"), 0, LAST._replace(timestamp=1_001), LogVerdict.OTHER_LOG),
        (READ, ("a", "a"), 0, None, LogVerdict.SHORTER),
    ],
)
def test_the_verdict_on_a_log(
    position: LogPosition, clusters: tuple[str, str], earliest: int, found: PlainRecord | None, verdict: LogVerdict
) -> None:
    assert compare(position, clusters=clusters, earliest=earliest, found=found) is verdict


def test_a_worker_waits_as_long_as_a_back_test() -> None:
    assert ScoringSettings.model_fields["scoring_first_look_seconds"].default == FIRST_LOOK_SECONDS


def test_a_key_moved_into_the_value_is_another_record() -> None:
    assert record_hash(PlainRecord(0, 0, 0, b"a", b"b")) != record_hash(PlainRecord(0, 0, 0, b"", b"ab"))
