"""A retraction through the worker: what it took back, what is told of it, and how it is counted."""

import pytest
from structlog.testing import capture_logs

from common.contracts.events import Event
from common.contracts.signals import FactsChanged, Kind, Signal, Status
from scoring.worker.context import WorkerLimits
from support.scoring_harness import START, ScoringHarness, event

HOUR = 3600.0


def retracted(hours: float, event_id: str) -> Event:
    return event(
        "acme", "event.retracted", START + hours * HOUR, event_id=f"r-{hours}", properties={"event_id": event_id}
    )


def log() -> list[Event]:
    """A cancellation and a smaller contract, both by mistake; then what takes nothing back."""
    return [
        event("acme", "account.updated", START, event_id="facts", properties={"arr": 50_000, "name": "Acme"}),
        event("acme", "session.started", START + HOUR, event_id="use", user_id="ann"),
        event("acme", "contract.cancel_requested", START + 2 * HOUR, event_id="cancel"),
        event("acme", "contract.changed", START + 3 * HOUR, event_id="less", properties={"arr": 10_000}),
        retracted(4, "cancel"),
        retracted(5, "less"),
        retracted(6, "cancel"),
        retracted(7, "use"),
        retracted(8, "never-came"),
    ]


@pytest.mark.parametrize("run_records", [1, 4, 500])
async def test_a_retraction_is_told_and_counted_however_the_log_is_cut(
    stream: ScoringHarness, run_records: int
) -> None:
    await stream.post(*log(), retracted(4, "cancel"))
    with capture_logs() as lines:
        await stream.score(stream.worker(limits=WorkerLimits(run_records=run_records), max_records=run_records))
    withdrawn = [
        (each.to, each.cause) for each in stream.told() if isinstance(each, Signal) and each.kind is Kind.RETRACTED
    ]
    assert withdrawn == [("cancel_intent", ("test", "cancel")), ("arr", ("test", "less"))]
    facts = [each.facts.arr for each in stream.told() if isinstance(each, FactsChanged)]
    assert facts == [50_000.0, 10_000.0, 50_000.0]
    last = [each for each in stream.told() if isinstance(each, Signal)][-1]
    assert last.facts.status is Status.ACTIVE
    counts = {
        result: stream.count("retractions_total", result=result)
        for result in ("undone", "nothing_standing", "cannot_be_undone")
    }
    assert counts == {"undone": 2, "nothing_standing": 2, "cannot_be_undone": 1}
    named = [line for line in lines if line["event"] == "retraction.undid_nothing"]
    assert sum(line["events"] for line in named) == 3
    assert named[-1]["event_id"] == "never-came"
    assert stream.count("events_total", outcome="duplicate") == 1, "a retraction counts once, as every event"
    assert stream.count("receipt_mismatches_total") == 0


async def test_the_same_rows_come_of_other_batches_and_after_a_restart(stream: ScoringHarness) -> None:
    await stream.post(*log())
    await stream.score()
    rows = await told_rows(stream)
    for run_records in (1, 3):
        await stream.empty(keep_log=True)
        await stream.score(stream.worker(limits=WorkerLimits(run_records=run_records), max_records=run_records))
        assert await told_rows(stream) == rows


async def told_rows(stream: ScoringHarness) -> dict[str, list[tuple[object, ...]]]:
    """All but timers: one that is not too late stays, so it depends on the cut."""
    return {name: rows for name, rows in (await stream.rows()).items() if name != "timer"}
