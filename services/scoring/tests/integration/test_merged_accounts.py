"""An account that is merged: its timer goes, readers of the signals hear of it, and its later events are counted."""

import pytest

from common.contracts.signals import FactsChanged
from scoring.worker.context import WorkerLimits
from support.scoring_harness import DAY, START, ScoringHarness, event


async def merge(harness: ScoringHarness, at: float, into: str, **more: object) -> None:
    await harness.post(event("acme", "account.merged", at, properties={"into": into}, **more))


@pytest.mark.parametrize("max_records", [1, 500])
async def test_its_timer_goes_and_nothing_is_told_however_the_log_is_cut(
    stream: ScoringHarness, max_records: int
) -> None:
    for day in range(5):
        await stream.post(event("acme", "session.started", START + day * DAY, user_id="ann"))
    await stream.tick(START + 5 * DAY)
    await stream.score()
    assert await stream.scalar("SELECT count(*) FROM scoring.timer") == 1
    told = len(stream.signals())
    await merge(stream, START + 5 * DAY, "birch")
    await stream.post(event("acme", "contract.cancel_requested", START + 6 * DAY))
    for day in range(7, 60, 10):
        await stream.tick(START + day * DAY)
    await stream.score(stream.worker(limits=WorkerLimits(run_records=max_records), max_records=max_records))
    assert await stream.scalar("SELECT count(*) FROM scoring.timer") == 0
    assert len(stream.signals()) == told
    assert stream.count("merged_account_events_total") == 1
    assert await stream.scalar("SELECT merged_into FROM scoring.account") == "birch"


async def test_each_merge_is_told_and_so_is_one_that_is_taken_back(wall: ScoringHarness) -> None:
    await merge(wall, START, "birch", event_id="m-1")
    await merge(wall, START, "birch", event_id="m-1")
    await merge(wall, START + 1, "cedar", event_id="m-2")
    for number in (2, 1):
        taken_back = {"event_id": f"m-{number}"}
        await wall.post(event("acme", "event.retracted", START + 2, event_id=f"r-{number}", properties=taken_back))
    await wall.score()
    changes = [one for one in wall.told() if isinstance(one, FactsChanged)]
    assert [one.facts.merged_into for one in changes] == ["birch", "cedar", "birch", None]
