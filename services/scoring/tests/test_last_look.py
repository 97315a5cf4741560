"""How old what is unread may be, at any moment after the last look."""

import pytest

from scoring.last_look import OVERLOOKED, LastLook

READ_ALL = LastLook(looked_at=100.0, level_at=100.0, newest=40.0)


@pytest.mark.parametrize(
    ("look", "now", "lag"),
    [
        (READ_ALL, 101.0, 0.0),
        # The loop hangs: what came since the last look is not known.
        (READ_ALL, 100.0 + OVERLOOKED, OVERLOOKED),
        # Behind, and reading: it can be no older than the record before it.
        (LastLook(looked_at=160.0, level_at=100.0, newest=150.0), 161.0, 11.0),
        # Nothing came for hours, then this: it can be no older than when all was read.
        (LastLook(looked_at=160.0, level_at=158.0, newest=40.0), 161.0, 3.0),
        # Not open yet: since it was given to this worker.
        (LastLook(looked_at=160.0, level_at=100.0), 161.0, 61.0),
        # A record from a log whose clock is ahead of ours.
        (LastLook(looked_at=160.0, level_at=100.0, newest=170.0), 161.0, 0.0),
    ],
)
def test_the_oldest_unread_record_is_no_older_than(look: LastLook, now: float, lag: float) -> None:
    assert look.lag(now) == lag


def test_a_due_timer_grows_old_though_nobody_looks() -> None:
    assert READ_ALL.overdue(500.0) == 0.0
    waits = LastLook(looked_at=100.0, level_at=100.0, earliest=130.0)
    assert [waits.overdue(now) for now in (110.0, 130.0, 500.0)] == [0.0, 0.0, 370.0]
