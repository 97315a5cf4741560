"""A stored row that cannot be read, damaged or of another version, is set aside: everything else goes on."""

import pytest

from alerts.decisions.reasons import DecisionReason
from alerts.samples import Sample
from common.bus.partitioner import partition_of
from support.alerts_decisions import at, flag
from support.alerts_replicas import PARTITIONS, ReplicasHarness

HERE = partition_of(b"cust-001", PARTITIONS)


async def test_a_late_signal_that_cannot_be_read_any_more_keeps_no_other_waiting(replicas: ReplicasHarness) -> None:
    await replicas.start()
    lost, kept = [name for n in range(1, 60) if partition_of((name := f"cust-{n:03d}").encode(), PARTITIONS) == HERE][
        :2
    ]
    await replicas.tell(*(Sample(account=name, to="red", at=at(-2)).build() for name in (lost, kept)))
    await replicas.settled()
    await _execute(replicas, f"UPDATE alerts.alert SET body = '{{}}' WHERE account_id = '{lost}'")
    await replicas.caught_up(HERE)
    await replicas.settled()
    assert len(replicas.post.arrived) == 1
    assert await replicas.reasons(lost) == [("red", DecisionReason.LATE), ("red", DecisionReason.UNREADABLE)]
    assert await replicas.rows("SELECT count(*) FROM alerts.alert WHERE waiting") == [(0,)]
    assert replicas.count("rows_unreadable_total") == 1


@pytest.mark.parametrize("damage", ["ways = '[{}]'", "signals = '{gone}'"])
async def test_a_message_that_cannot_be_read_any_more_keeps_none_of_its_account_waiting(
    replicas: ReplicasHarness, damage: str
) -> None:
    """It was told; nobody can know of what any more."""
    await replicas.start()
    await replicas.tell(flag("downgrade"))
    await replicas.settled()
    await _execute(replicas, f"UPDATE alerts.notification SET {damage}")
    await replicas.tell(flag("support_storm", hours=1))
    await replicas.settled()
    assert len(replicas.post.arrived) == 2
    assert replicas.count("rows_unreadable_total") == 1


async def _execute(replicas: ReplicasHarness, statement: str) -> None:
    async with replicas.engine.begin() as connection:
        await connection.exec_driver_sql(statement)
