"""A first look in a running worker: its tick takes it, and until then no tick moves an account that is imported."""

from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from common.contracts.events import Tick
from common.contracts.signals import Kind, Signal
from common.topics import TimeMode
from support.cards import SMALL
from support.scoring_harness import DAY, START, ScoringHarness, event, scoring_harness

WAIT = 900
MINUTE = 60.0


@pytest.fixture
async def wall(database: str) -> AsyncIterator[ScoringHarness]:
    """The log stamps, and the workers tick."""
    async with scoring_harness(database, SMALL, mode=TimeMode.WALL, first_look_seconds=WAIT) as built:
        yield built


async def import_history(wall: ScoringHarness, account_id: str) -> None:
    """A busy account that fell silent forty days ago; the log stamps all of it with the present."""
    facts = {"name": "Acme", "arr": 90_000, "contract_end": "2026-04-04"}
    await wall.post(event(account_id, "account.updated", wall.clock.now, properties=facts))
    for age in range(60, 39, -1):
        for user in ("ann", "bob", "cy"):
            at = START - age * DAY
            await wall.post(
                event(account_id, "session.started", at, user_id=user, event_id=f"{age} {user}", history=True)
            )


def looks(wall: ScoringHarness) -> list[Signal]:
    return [signal for signal in wall.signals() if signal.kind is Kind.FIRST_LOOK]


async def test_an_imported_account_that_stands_badly_is_told_once(wall: ScoringHarness) -> None:
    await import_history(wall, "acme")
    async with wall.running() as worker:
        await wall.until(lambda: wall.level(worker))
        assert await wall.scalar("SELECT count(*) FROM scoring.day WHERE account_id = 'acme'") == 20
        wall.clock.now = START + WAIT
        await wall.until(lambda: bool(looks(wall)))
    (look,) = wall.signals()
    assert (look.to, look.at.timestamp(), look.facts.arr) == ("red", START + WAIT, 90_000)
    assert [each.to for each in look.standing] == ["red", "gone_quiet"]
    assert await wall.scalar("SELECT band FROM scoring.account") == "red"
    assert await wall.scalar("SELECT count(*) FROM scoring.day WHERE account_id = 'acme'") > 20


async def test_a_tick_for_another_account_does_not_move_an_import(wall: ScoringHarness) -> None:
    """Nor does a worker that crashed and read the states again, in batches of one record."""
    await import_history(wall, "acme")
    partition = wall.partition_of("acme")
    await wall.score()
    body = await wall.scalar("SELECT encode(body, 'hex') FROM scoring.state")
    wall.clock.now = START + 10 * MINUTE
    await wall.write(partition, Tick(), at=wall.clock.now)
    await wall.score(wall.worker(max_records=1))
    assert await wall.scalar("SELECT encode(body, 'hex') FROM scoring.state") == body
    assert await wall.scalar("SELECT due FROM scoring.timer") <= START + WAIT
    assert wall.signals() == []


async def test_a_request_of_an_import_that_stays_open_is_closed_and_stored(wall: ScoringHarness) -> None:
    """The tick that closes it moves no clock, and still the state has changed."""
    at = START - 50 * DAY
    await wall.post(event("acme", "session.started", at, user_id="ann", history=True, more=True))
    await wall.score()
    wall.clock.now = START + 2 * MINUTE
    await wall.write(wall.partition_of("acme"), Tick(), at=wall.clock.now)
    await wall.score()
    body = bytes.fromhex(await wall.scalar("SELECT encode(body, 'hex') FROM scoring.state"))
    account = wall.scorer.load("acme", body)
    assert account.request is None
    assert (account.importing, account.clock) == (True, at)


async def test_a_restart_before_the_look_tells_it_once(wall: ScoringHarness) -> None:
    await import_history(wall, "acme")
    await wall.score()
    wall.clock.now = START + WAIT + 5
    for _ in range(3):
        with suppress(TimeoutError):
            async with wall.running():
                await wall.until(lambda: bool(looks(wall)), seconds=5)
    assert [signal.kind for signal in wall.signals()] == [Kind.FIRST_LOOK]
    assert looks(wall)[0].at.timestamp() == START + WAIT


async def test_in_stream_mode_a_look_that_moves_no_clock_is_stored(database: str) -> None:
    """The tick comes after records that are later than the moment of the look."""
    async with scoring_harness(database, SMALL, mode=TimeMode.STREAM, first_look_seconds=WAIT) as stream:
        await stream.post(event("acme", "session.started", START), event("acme", "session.started", START + DAY))
        await stream.score()
        assert stream.signals() == []
        await stream.tick(START + DAY)
        await stream.score()
        assert [signal.kind for signal in stream.signals()] == [Kind.FIRST_LOOK]
        body = bytes.fromhex(await stream.scalar("SELECT encode(body, 'hex') FROM scoring.state"))
        assert stream.scorer.load("acme", body).look is None
