"""A stored row that cannot be read, damaged or of another version, is set aside: everything else goes on."""

import pytest

from alerts.core.reasons import DecisionReason
from alerts.samples import Sample
from common.topics import partition_of
from support.deciding import at, flag
from support.voice import PARTITIONS, Voice

HERE = partition_of(b"cust-001", PARTITIONS)


async def test_a_late_signal_that_cannot_be_read_any_more_keeps_no_other_waiting(heard: Voice) -> None:
    await heard.start()
    lost, kept = [name for n in range(1, 60) if partition_of((name := f"cust-{n:03d}").encode(), PARTITIONS) == HERE][
        :2
    ]
    await heard.tell(*(Sample(account=name, to="red", at=at(-2)).build() for name in (lost, kept)))
    await heard.settled()
    await _execute(heard, f"UPDATE alerts.alert SET body = '{{}}' WHERE account_id = '{lost}'")
    await heard.caught_up(HERE)
    await heard.settled()
    assert len(heard.post.arrived) == 1
    assert await heard.reasons(lost) == [("red", DecisionReason.LATE), ("red", DecisionReason.UNREADABLE)]
    assert await heard.rows("SELECT count(*) FROM alerts.alert WHERE waiting") == [(0,)]
    assert heard.count("rows_unreadable_total") == 1


@pytest.mark.parametrize("damage", ["ways = '[{}]'", "signals = '{gone}'"])
async def test_a_message_that_cannot_be_read_any_more_keeps_none_of_its_account_waiting(
    heard: Voice, damage: str
) -> None:
    """It was told; nobody can know of what any more."""
    await heard.start()
    await heard.tell(flag("downgrade"))
    await heard.settled()
    await _execute(heard, f"UPDATE alerts.notification SET {damage}")
    await heard.tell(flag("support_storm", hours=1))
    await heard.settled()
    assert len(heard.post.arrived) == 2
    assert heard.count("rows_unreadable_total") == 1


async def _execute(heard: Voice, statement: str) -> None:
    async with heard.engine.begin() as connection:
        await connection.exec_driver_sql(statement)
