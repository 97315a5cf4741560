"""As of when an answer speaks, and that a score is never older than that."""

from datetime import UTC, datetime, timedelta
from math import inf

from common.topics import TimeMode
from scoring.api.delay import Delay, DelayReason, as_of, find_delay
from scoring.worker.heartbeat import PartitionStatus
from support.scoring_api import FRESH, Api, live
from support.scoring_harness import DAY, START


def test_now_is_spoken_of_only_while_the_owner_says_that_it_keeps_up() -> None:
    now, clock = 1000.0, 400.0
    told = [
        # status, wall, as of, why
        (PartitionStatus(clock, heartbeat_at=now - 1, caught_up=True), True, now, None),
        (
            PartitionStatus(clock, heartbeat_at=now - FRESH, caught_up=True),
            True,
            clock,
            Delay(DelayReason.NO_WORKER),
        ),  # it may be dead
        (
            PartitionStatus(clock, heartbeat_at=now - 1, caught_up=False, lag=7.5),
            True,
            clock,
            Delay(DelayReason.CATCHING_UP, 7.5),
        ),
        # Its owner has just opened a log of which nothing was ever read.
        (
            PartitionStatus(clock, heartbeat_at=now - 1, caught_up=False, lag=inf),
            True,
            clock,
            Delay(DelayReason.CATCHING_UP),
        ),
        (PartitionStatus(clock), True, clock, Delay(DelayReason.NO_WORKER)),  # nobody ever owned it
        (
            PartitionStatus(clock, heartbeat_at=now - 1, caught_up=True),
            False,
            clock,
            Delay(DelayReason.STREAM),
        ),  # its time is not ours
        # Ahead of ours: dead since who knows.
        (PartitionStatus(clock, heartbeat_at=now + FRESH, caught_up=True), True, clock, Delay(DelayReason.NO_WORKER)),
        (
            PartitionStatus(clock, heartbeat_at=now + 1, caught_up=True),
            True,
            now,
            None,
        ),  # its clock is a little ahead of ours
    ]
    for status, wall, expected, why in told:
        assert as_of(status, now=now, wall=wall, fresh=FRESH) == expected, status
        assert find_delay(status, now=now, wall=wall, fresh=FRESH) == why, status


async def test_a_silent_account_sinks_between_two_looks_though_nothing_is_written(wall_api: Api) -> None:
    harness = wall_api.harness
    await live(harness, "acme", days=1)
    await harness.score()
    written = await harness.rows()

    scores = []
    for hour in (1, 2, 3):
        harness.clock.now = START + hour * 3600
        await wall_api.heartbeat(at=harness.clock.now)
        account = await wall_api.get("/v1/accounts/acme")
        assert moment(account["as_of"]) == harness.clock.now
        (listed,) = (await wall_api.get("/v1/accounts"))["accounts"]
        assert (listed["score"], listed["as_of"]) == (account["score"], account["as_of"])
        scores.append(account["score"])
    assert scores[0] > scores[1] > scores[2]
    assert await harness.rows() == written


async def test_with_a_stale_heartbeat_an_answer_speaks_of_the_partitions_clock(wall_api: Api) -> None:
    harness = wall_api.harness
    await live(harness, "acme", days=1)
    await harness.score()
    harness.clock.now = START + DAY
    await harness.tick(harness.clock.now)
    await harness.score()

    harness.clock.now = START + 2 * DAY
    await wall_api.heartbeat(at=harness.clock.now - FRESH - 1)
    answer = await wall_api.get("/v1/accounts/acme")
    listed = await wall_api.get("/v1/accounts")
    assert moment(answer["as_of"]) == moment(listed["as_of"]) == START + DAY
    assert answer["held"] == listed["held"] == {"reason": "no worker reports", "lag_seconds": None}

    await wall_api.heartbeat(at=harness.clock.now)
    fresh = await wall_api.get("/v1/accounts/acme")
    assert moment(fresh["as_of"]) == START + 2 * DAY
    assert fresh["held"] is None
    assert fresh["score"] < answer["score"]
    assert fresh["clock"] == answer["clock"], "looking changes nothing"


async def test_no_account_is_looked_at_before_its_own_clock(stream_api: Api) -> None:
    harness = stream_api.harness
    assert harness.mode is TimeMode.STREAM
    await live(harness, "acme", days=3)  # no tick: the partition's clock has not moved
    await harness.score()
    answer = await stream_api.get("/v1/accounts/acme")
    assert moment(answer["as_of"]) == moment(answer["clock"]) == START + 2 * DAY


async def test_the_one_who_went_silent_is_sorted_to_the_unhealthy_end(stream_api: Api) -> None:
    harness = stream_api.harness
    await live(harness, "gone", days=10)
    await live(harness, "here", days=20)
    await live(harness, "late", days=16)
    # Each is as healthy as the others when it is last heard of.
    await harness.tick(START + 20 * DAY)
    await harness.score()
    await stream_api.rank()
    assert await stream_api.ids() == ["gone", "late", "here"]
    assert await stream_api.ids(sort="-score") == ["here", "late", "gone"]
    rows = (await stream_api.get("/v1/accounts"))["accounts"]
    assert {moment(row["as_of"]) for row in rows} == {START + 20 * DAY}


async def test_looking_ahead_shows_what_silence_will_do(stream_api: Api) -> None:
    harness = stream_api.harness
    await live(harness, "acme", days=20, time_zone="Europe/Berlin")
    await harness.tick(START + 20 * DAY)
    await harness.score()
    now = await stream_api.get("/v1/accounts/acme")
    assert now["band"] == "green"
    forecast = now["forecast"]
    assert forecast["band"] in ("yellow", "red")
    assert forecast["time_zone"] == "Europe/Berlin"
    assert forecast["words"].startswith(f"{forecast['band']} on ")

    then = await stream_api.get("/v1/accounts/acme", as_of=forecast["at"])
    assert (then["band"], then["as_of"]) == (forecast["band"], forecast["at"])
    assert then["clock"] == now["clock"], "nothing happened"
    just_before = datetime.fromisoformat(forecast["at"]) - timedelta(seconds=1)
    before = await stream_api.get("/v1/accounts/acme", as_of=just_before.isoformat())
    assert before["band"] == "green"

    for wrong in (START, START + 500 * DAY):
        asked = datetime.fromtimestamp(wrong, UTC).isoformat()
        problem = await stream_api.problem("/v1/accounts/acme", as_of=asked)
        assert (problem["status"], problem["code"]) == (422, "bad_parameter")
        assert problem["errors"][0]["field"] == "query.as_of"


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
