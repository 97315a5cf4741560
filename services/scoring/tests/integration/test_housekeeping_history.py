"""History goes when nobody compares it any more, by the partition's own clock; scoring never misses it."""

import json

import pytest
from structlog.testing import capture_logs

from scoring.worker.housekeeping.history import ACCOUNTS
from scoring.worker.housekeeping.rules import RetentionRules
from support.housekeeping import housekeeping_of
from support.scoring_harness import DAY, START, ScoringHarness, event

HISTORY = ("day", "signal")
TICKET = {"ticket": "T-1", "subject": "Export fails"}


async def two_years(stream: ScoringHarness) -> None:
    """An account that falls silent, and comes back after 700 days."""
    for day in (0, 1, 700, 701):
        await stream.post(event("acme", "session.started", START + day * DAY, user_id="ann"))
    await stream.tick(START + 730 * DAY)
    await stream.score()


async def kept(stream: ScoringHarness, rules: RetentionRules) -> dict[str, list[tuple[object, ...]]]:
    """What is stored after a round of each partition."""
    with capture_logs() as logs:
        for partition in range(stream.partitions):
            await housekeeping_of(stream, rules, at=START + 730 * DAY, partition=partition).round()
    assert logs == []
    return await stream.rows()


@pytest.mark.parametrize("batch_rows", [1, 2000])
async def test_days_and_signals_go_when_they_are_old_and_nothing_else_does(
    stream: ScoringHarness, batch_rows: int
) -> None:
    await two_years(stream)
    before = await stream.rows()
    after = await kept(stream, RetentionRules(pause=0.0, history_days=400, batch_rows=max(batch_rows, 2)))
    bound = START + 330 * DAY
    days = [row for row in before["day"] if row[1].toordinal() >= _ordinal(bound)]
    signals = [row for row in before["signal"] if row[4] >= bound]
    assert (after["day"], after["signal"]) == (days, signals)
    assert 0 < len(days) < len(before["day"])
    assert 0 < len(signals) < len(before["signal"])
    assert {name: rows for name, rows in after.items() if name not in HISTORY} == {
        name: rows for name, rows in before.items() if name not in HISTORY
    }
    assert stream.count("rows_pruned_total", table="day") == len(before["day"]) - len(days)
    assert stream.count("rows_pruned_total", table="signal") == len(before["signal"]) - len(signals)


async def test_old_tickets_and_words_go_and_scores_of_answers_stay(stream: ScoringHarness) -> None:
    for day in (0, 700):
        at = START + day * DAY
        await stream.post(
            event("acme", "ticket.opened", at, user_id="ann", properties=TICKET),
            event("acme", "nps.answered", at + 1, user_id="ann", properties={"score": 9, "comment": "good"}),
        )
    await stream.tick(START + 730 * DAY)
    await stream.score()
    await kept(stream, RetentionRules(pause=0.0, history_days=400))
    query = "SELECT json_agg(words ORDER BY at)::text FROM scoring.kpi_entry WHERE name = '{}'"
    assert json.loads(await stream.scalar(query.format("ticket.opened"))) == ["Export fails"]
    assert json.loads(await stream.scalar(query.format("nps.answered"))) == [None, "good"]
    assert stream.count("rows_pruned_total", table="ticket") == 1
    assert stream.count("rows_pruned_total", table="words") == 1


def _ordinal(moment: float) -> int:
    return int(moment // DAY) + 719_163  # of 1970-01-01


async def test_nothing_goes_for_its_age_if_history_is_kept_for_ever(stream: ScoringHarness) -> None:
    await two_years(stream)
    before = await stream.rows()
    assert await kept(stream, RetentionRules(pause=0.0, history_days=0)) == before


async def test_a_replay_of_long_ago_keeps_what_was_new_then(stream: ScoringHarness) -> None:
    """The machine's clock says that all of it is old."""
    await two_years(stream)
    before = await stream.rows()
    assert await kept(stream, RetentionRules(pause=0.0, history_days=800)) == before


async def test_what_is_scored_after_history_went_is_the_same(stream: ScoringHarness) -> None:
    await two_years(stream)
    await stream.post(event("acme", "contract.cancel_requested", START + 731 * DAY))
    await stream.tick(START + 800 * DAY)
    await stream.score()
    expected, told = await stream.rows(), stream.signals()

    await stream.empty()
    await two_years(stream)
    await kept(stream, RetentionRules(pause=0.0, history_days=1))
    await stream.post(event("acme", "contract.cancel_requested", START + 731 * DAY))
    await stream.tick(START + 800 * DAY)
    await stream.score()
    found = await stream.rows()
    assert {name: rows for name, rows in found.items() if name not in HISTORY} == {
        name: rows for name, rows in expected.items() if name not in HISTORY
    }
    assert stream.signals() == told


async def test_accounts_beyond_the_first_page_are_looked_at_too(stream: ScoringHarness) -> None:
    for n in range(2 * ACCOUNTS + 50):
        await stream.post(event(f"account {n}", "session.started", START, user_id="ann"))
    await stream.tick(START + 730 * DAY)
    await stream.score()
    await kept(stream, RetentionRules(pause=0.0, history_days=400))
    assert await stream.scalar(f"SELECT count(*) FROM scoring.day WHERE day < to_timestamp({START + 330 * DAY})") == 0
