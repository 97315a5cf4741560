"""The table of people: a row for each, written with the state, whatever the cuts; the newest of an account stay."""

from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from scoring.partition.commit import PersonRow
from scoring.partition.people import WrittenDays
from scoring.postgres.people import KEPT
from scoring.worker.context import WorkerLimits
from scoring.worker.housekeeping.rules import RetentionRules
from support.audit import STORED
from support.housekeeping import housekeeping_of
from support.recount import Recount
from support.scoring_harness import DAY, START, TOPICS, ScoringHarness, event

HOUR = 3600.0


async def people(harness: ScoringHarness) -> list[tuple[Any, ...]]:
    """(user, day, day of leaving, name, e-mail, role, champion) in the order of the users."""
    rows = (await harness.rows())["person"]
    return sorted((row[1], row[3].day, row[4] and row[4].day, row[5], row[7], row[9], row[11]) for row in rows)


async def seen(harness: ScoringHarness, name: str, hours: float, user_id: str, /, **said: object) -> None:
    at = START + hours * HOUR
    one = event("acme", name, at, event_id=f"{name}-{user_id}-{hours}-{said}", user_id=user_id, properties=said)
    await harness.post(one)


@pytest.mark.parametrize("max_records", [1, 2, 500])
async def test_whatever_the_cuts_a_person_is_what_all_events_said(stream: ScoringHarness, max_records: int) -> None:
    await seen(stream, "session.started", 1, "ann")
    await seen(stream, "user.updated", 2, "ann", name="Ann", champion=True)
    await seen(stream, "session.started", 3, "bo")
    await seen(stream, "user.updated", 30, "ann", name="Ann Lee", email="ann@acme.example", role="admin")
    await seen(stream, "user.updated", 29, "ann", name="Late", role=None)
    await seen(stream, "user.updated", 31, "bo", name="B\0o")
    await seen(stream, "session.started", 31, "x" * 129)
    await seen(stream, "champion.left", 60, "ann")
    await seen(stream, "session.started", 20, "ann")
    await stream.score(stream.worker(limits=WorkerLimits(run_records=max_records), max_records=max_records))
    assert await people(stream) == [
        ("ann", 4, 4, "Ann Lee", "ann@acme.example", "admin", False),
        ("bo", 3, None, "Bo", None, None, False),
    ]


@pytest.mark.parametrize("seed", range(6))
async def test_the_table_holds_what_a_plain_recount_of_the_log_comes_to(stream: ScoringHarness, seed: int) -> None:
    draw = Random(seed)
    for number in range(60):
        name = draw.choice(["session.started", "session.started", "user.updated", "champion.left"])
        said: dict[str, object] = {"champion": draw.random() < 0.5} if draw.random() < 0.5 else {}
        if draw.random() < 0.7:
            said[draw.choice(["name", "email", "role"])] = draw.choice(["a", "b", None])
        properties = said if name == "user.updated" else {}
        at, account_id = START + draw.randrange(90) * HOUR, draw.choice(["acme", "beta", "gamma"])
        user_id = draw.choice(["ann", "bo", "cem"])
        one = event(account_id, name, at, event_id=f"{number}", user_id=user_id, properties=properties)
        await stream.write(stream.partition_of(account_id), one, at=START + number * HOUR)
    cut = draw.choice([1, 3, 500])
    await stream.score(stream.worker(limits=WorkerLimits(run_records=cut), max_records=cut))
    for partition in range(stream.partitions):
        recount = Recount(stream.scorer, partition=partition, partitions=stream.partitions, remembered=1_000)
        for record in stream.broker.records(TOPICS.events, partition):
            recount.read(record)
        async with stream.engine.connect() as connection:
            query = text(f"SELECT * FROM ({STORED['person']}) AS stored WHERE partition = {partition}")
            stored = [tuple(row) for row in await connection.execute(query)]
        assert sorted(stored, key=repr) == sorted(recount.rows()["person"], key=repr)


async def test_a_day_of_use_writes_a_row_once(stream: ScoringHarness) -> None:
    for minute in range(50):
        await seen(stream, "session.started", minute / 60, "ann")
    # A row that is written again is another version of it.
    await stream.score(stream.worker(max_records=1, limits=WorkerLimits(run_records=1)))
    first = await stream.scalar("SELECT xmin::text FROM scoring.person")
    await seen(stream, "session.started", 1, "ann")
    await stream.score()
    assert await stream.scalar("SELECT xmin::text FROM scoring.person") == first
    await seen(stream, "session.started", 24, "ann")
    await stream.score()
    assert await stream.scalar("SELECT xmin::text FROM scoring.person") != first


def test_too_many_days_of_people_are_forgotten_rather_than_kept() -> None:
    written = WrittenDays(limit=3)
    for number in range(10):
        written.extend([PersonRow("acme", f"user {number}", 7)])
        assert len(written) <= 3
        assert written.has("acme", f"user {number}", 7)
    assert not written.has("acme", "user 0", 7)
    assert not written.has("acme", "user 9", 8)


@pytest.mark.parametrize("batch_rows", [7, 2000])
async def test_of_each_account_the_newest_people_stay(stream: ScoringHarness, batch_rows: int) -> None:
    everybody = [f"user {number:03}" for number in range(KEPT + 20)]
    for number, user_id in enumerate(everybody):
        at = START + (number % 2) * DAY
        await stream.post(event("acme", "session.started", at, event_id=user_id, user_id=user_id))
    await stream.post(event("beta", "session.started", START, user_id="solo"))
    await stream.score()
    for partition in range(stream.partitions):
        rules = RetentionRules(pause=0.0, batch_rows=batch_rows)
        await housekeeping_of(stream, rules, at=START + 2 * DAY, partition=partition).round()
    # The last ones of those who were seen on the first day only.
    gone = [user_id for number, user_id in enumerate(everybody) if number % 2 == 0][-20:]
    kept = {(row[0], row[1]) for row in (await stream.rows())["person"]}
    assert kept == {("acme", user_id) for user_id in everybody if user_id not in gone} | {("beta", "solo")}
    assert stream.count("rows_pruned_total", table="person") == 20
