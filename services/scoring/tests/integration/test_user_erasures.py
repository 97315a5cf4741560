"""An erased person: nothing of them stays, no score moves, and the log read again gives the same tables."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from common.contracts.events import UserErased, UserErasureLifted
from common.contracts.signals import Signal
from common.erasures.erasure_key import ErasureKey
from common.erasures.substitutes import draw_substitute
from common.errors import StopWorker
from common.topics import TimeMode
from scoring.health import Account, Scorer, Step
from scoring.health.hashing import hash64
from scoring.worker.context import WorkerLimits
from support.cards import SMALL
from support.commits import Hurt
from support.erasures import traces
from support.examples import examples
from support.scoring_harness import DAY, ERASURE_KEY, START, ScoringHarness, event, scoring_harness

HOUR = 3600.0
CARD = SMALL.replace(
    "flags:",
    """  champs:  {dimension: engagement, kind: silence, who: champions, event: session.started, prior_gap: 4d,
            curve: [[0.5, 100], [3, 0]]}
  trend:   {dimension: adoption, kind: trend, share: 0, event: session.started, key: user_id, fast: 2d, slow: 20d,
            curve: [[0.4, 0], [0.95, 100]]}
flags:
  detractor: {event: nps.answered, key: user_id, where: "score <= 6", cap: 40, ttl: 300d}""",
)
ANN, BO = "ann@example.com", "bo"
WORDS = [ANN, "Ann Arbor", "Ann is unhappy", "Ann's number"]
SUBSTITUTES: dict[tuple[str, str], str] = {}
"""By person and request: each request draws once."""


@pytest.fixture
async def stream(database: str) -> AsyncIterator[ScoringHarness]:
    async with scoring_harness(database, CARD, mode=TimeMode.STREAM) as built:
        yield built


def erased(user_id: str = ANN, request: str = "request 1", key: ErasureKey = ERASURE_KEY) -> UserErased:
    if (user_id, request) not in SUBSTITUTES:
        SUBSTITUTES[user_id, request] = draw_substitute(user_id)
    return UserErased(request, user_id, key.user_pseudonym(user_id).hex(), SUBSTITUTES[user_id, request])


def lifted(user_id: str = ANN, request: str = "request 1") -> UserErasureLifted:
    return UserErasureLifted(request, ERASURE_KEY.user_pseudonym(user_id).hex())


async def announce(stream: ScoringHarness, said: UserErased | UserErasureLifted, *, at: float) -> None:
    for partition in range(stream.partitions):
        await stream.write(partition, said, at=at)


async def busy(stream: ScoringHarness, account_id: str, *, begin: float = START) -> float:
    """Ann is a champion, answers, cancels and sets a band; Bo only comes. When the last event was."""
    said: dict[str, Any] = {"name": "Ann Arbor", "email": ANN, "champion": True}
    await stream.post(event(account_id, "user.updated", begin, user_id=ANN, properties=said))
    for n in range(12):
        at = begin + (n + 1) * 9 * HOUR
        for user_id in (ANN, BO):
            own_id = f"{account_id} {user_id[0]} {n}"
            await stream.post(event(account_id, "session.started", at, user_id=user_id, event_id=own_id))
    until = "2026-12-01"
    await stream.post(
        event(account_id, "nps.answered", at + 1, user_id=ANN, properties={"score": "Ann's number"}),
        event(account_id, "nps.answered", at + 2, user_id=ANN, properties={"score": 2, "comment": "Ann is unhappy"}),
        event(account_id, "health.overridden", at + 3, properties={"to": "green", "until": until, "by": ANN}),
        event(account_id, "contract.cancel_requested", at + 4, user_id=ANN, properties={"reason": "Ann is unhappy"}),
        event(account_id, "contract.cancel_requested", at + 5, user_id=BO, properties={"requested_by": ANN}),
    )
    return at + 5


async def scores(stream: ScoringHarness, at: float) -> dict[str, float]:
    """Of every account that is stored, at a moment."""
    rows = await stream.rows()
    found = {}
    for account_id, body in ((row[0], row[2]) for row in rows["state"]):
        account = stream.scorer.load(account_id, bytes.fromhex(body))
        found[account_id] = stream.scorer.view(account, at).health.score
    return found


async def test_nothing_of_an_erased_person_stays_and_no_score_moves(stream: ScoringHarness) -> None:
    accounts = [stream.name_in(partition) for partition in range(2)]
    at = max([await busy(stream, account_id) for account_id in accounts])
    await stream.tick(at + 3 * DAY)
    await stream.score()
    held = {place.rpartition(".")[2] for place in await traces(stream.engine, "scoring", WORDS)}
    assert held >= {"body", "user_id", "name", "email", "value"}
    before = await scores(stream, at + 30 * DAY)
    signals = await stream.scalar("SELECT count(*) FROM scoring.signal")

    await announce(stream, erased(), at=at + 3 * DAY)
    await stream.score()
    assert await traces(stream.engine, "scoring", WORDS) == {}
    assert await scores(stream, at + 30 * DAY) == before
    assert await stream.scalar("SELECT count(*) FROM scoring.signal") == signals
    assert await stream.scalar("SELECT count(*) FROM scoring.person WHERE user_id = 'bo'") == 2
    removed = json.loads(await stream.scalar("SELECT json_agg(removed)::text FROM scoring.erased"))
    assert len(removed) == stream.partitions
    assert sum(one["states_changed"] for one in removed) == sum(one["people"] for one in removed) == 2
    assert sum(one["signals_changed"] for one in removed) > 0
    assert [one for one in stream.told() if isinstance(one, UserErased)] == [erased()] * stream.partitions


async def test_what_the_person_does_later_is_dropped_until_the_erasure_is_lifted(stream: ScoringHarness) -> None:
    mine = stream.name_in(0)
    at = await busy(stream, mine)
    await announce(stream, erased(), at=at)
    again = event(mine, "session.started", at + HOUR, user_id=ANN, event_id="sent twice")
    await stream.post(again, event(mine, "session.started", at + HOUR, user_id=BO, event_id="of bo"))
    await stream.score()
    assert stream.count("events_erased_total", reason="user_erased") == 1
    assert stream.count("events_erased_total", reason="erased") == 0
    assert await stream.scalar("SELECT count(*) FROM scoring.person") == 1

    await announce(stream, lifted(), at=at + 2 * HOUR)
    await stream.write(0, again, at=at + 2 * HOUR)  # it was never counted, so it is no duplicate
    await stream.score()
    assert stream.count("events_erased_total", reason="user_erased") == 1
    assert await stream.scalar("SELECT count(*) FROM scoring.person") == 2
    assert stream.told()[-1] == lifted()


async def test_the_last_event_of_a_request_closes_it_though_it_is_dropped(stream: ScoringHarness) -> None:
    mine = stream.name_in(0)
    await announce(stream, erased(), at=START)
    cancelled = event(mine, "contract.cancel_requested", START + 1, user_id=BO, more=True)
    await stream.post(cancelled, event(mine, "session.started", START + 1, user_id=ANN))
    await stream.score()
    assert [one.to for one in stream.signals(mine)] != []


async def test_a_request_that_cannot_be_closed_for_a_dropped_event_stays_open_and_the_partition_goes_on(
    stream: ScoringHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = stream.name_in(0)
    await announce(stream, erased(), at=START)
    cancelled = event(mine, "contract.cancel_requested", START + 1, user_id=BO, more=True)
    await stream.post(cancelled, event(mine, "session.started", START + 1, user_id=ANN))

    def broken(scorer: Scorer, account: Account) -> Step:
        raise RuntimeError("the core fails")

    with monkeypatch.context() as patched:
        patched.setattr(Scorer, "close_request", broken)
        await stream.score()
    assert stream.signals(mine) == []
    await stream.post(event(mine, "session.started", START + HOUR, user_id=BO))
    await stream.score()
    assert [one.to for one in stream.signals(mine)] != []


async def test_more_accounts_than_one_transaction_takes_lose_the_person(
    stream: ScoringHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scoring.worker.renaming._SEARCHED", 3)
    monkeypatch.setattr("scoring.worker.renaming._WRITTEN", 2)
    accounts = [name for n in range(60) if stream.partition_of(name := f"account {n}") == 0][:5]
    for account_id in accounts:
        at = await busy(stream, account_id)
    await announce(stream, erased(), at=at)
    # The process dies between two of the transactions.
    await stream.score(stream.worker(store=Hurt(stream.store, ["", "", "after", "before"])))
    await stream.score()
    assert await traces(stream.engine, "scoring", WORDS) == {}
    assert await stream.scalar("SELECT count(*) FROM scoring.state") == 5


async def test_a_late_copy_of_a_lifted_request_does_nothing(stream: ScoringHarness) -> None:
    mine = stream.name_in(0)
    at = await busy(stream, mine)
    await announce(stream, erased(), at=at)
    await announce(stream, lifted(), at=at + 1)
    await stream.post(event(mine, "session.started", at + 2, user_id=ANN))
    await announce(stream, erased(), at=at + 3)
    await stream.score()
    assert await stream.scalar(f"SELECT count(*) FROM scoring.person WHERE user_id = '{ANN}'") == 1


async def test_a_worker_with_another_key_stops_the_partition_and_says_why(stream: ScoringHarness) -> None:
    mine = stream.name_in(0)
    await busy(stream, mine)
    await stream.score()
    await stream.write(0, erased(key=ErasureKey("another key of thirty-two characters!!")), at=START + DAY)
    async with stream.running() as worker:
        await stream.until(lambda: stream.count("partition_stopped", partition="0") == 1)
        assert "ERASURE_KEY is another one" in str(worker.ready())
    assert await stream.scalar("SELECT count(*) FROM scoring.person") == 2


@pytest.mark.parametrize("keep_erased", [False, True], ids=["from the log alone", "with the table of the erased"])
async def test_a_rebuild_gives_the_same_tables(stream: ScoringHarness, keep_erased: bool) -> None:
    mine = stream.name_in(0)
    at = await busy(stream, mine)
    await announce(stream, erased(), at=at + 1)
    await stream.post(event(mine, "session.started", at + 2, user_id=ANN))
    await announce(stream, lifted(), at=at + 3)
    at = await busy(stream, mine, begin=at + HOUR)
    await announce(stream, erased(request="request 2"), at=at + 1)
    await stream.tick(at + 20 * DAY)
    await stream.score()
    expected = await stream.rows()

    await stream.empty(keep_log=True, keep_erased=keep_erased)
    await stream.score(stream.worker(max_records=3))
    assert await stream.rows() == expected
    if keep_erased:
        # Nothing of the person is told again, not even for a moment.
        told = [one for one in stream.told() if isinstance(one, Signal)]
        assert told != []
        assert all(ANN not in repr(one) and "unhappy" not in repr(one) for one in told)


async def test_the_flag_of_a_person_stays_up_and_another_answer_after_the_lift_is_somebody_elses(
    stream: ScoringHarness,
) -> None:
    mine = stream.name_in(0)
    at = await busy(stream, mine)
    await announce(stream, erased(), at=at)
    await announce(stream, lifted(), at=at + 1)
    await stream.post(event(mine, "nps.answered", at + 2, user_id=ANN, properties={"score": 10}))
    await stream.score()
    (row,) = (await stream.rows())["state"]
    account = stream.scorer.load(mine, bytes.fromhex(row[2]))
    (flag,) = (one for one in account.flags if one.name == "detractor")
    assert (flag.count, hash64(ANN) in flag.marks) == (1, True)
    assert sorted(mark[1] for mark in flag.marks.values()) == [False, True]


@pytest.mark.parametrize("read_at_once", [True, False])
async def test_a_value_that_no_metric_could_use_is_shown_to_nobody_after_an_erasure(
    stream: ScoringHarness, read_at_once: bool
) -> None:
    """Ann is not among the people known any more, and nobody can tell whose words a sample has."""
    mine = stream.name_in(0)
    await stream.post(event(mine, "nps.answered", START, user_id=ANN, properties={"score": "Ann's number"}))
    for n in range(20):
        await stream.post(event(mine, "session.started", START + (n + 2) * HOUR, user_id=f"user {n}"))
    if not read_at_once:
        await stream.score()
        assert await traces(stream.engine, "scoring", ["Ann's number"]) != {}
    await announce(stream, erased(), at=START + DAY)
    await stream.score()
    assert await traces(stream.engine, "scoring", ["Ann's number"]) == {}
    await stream.empty(keep_log=True, keep_erased=True)
    await stream.score()
    assert await traces(stream.engine, "scoring", ["Ann's number"]) == {}


async def test_what_cannot_be_read_stops_the_worker_and_says_what(stream: ScoringHarness) -> None:
    mine = stream.name_in(0)
    at = await busy(stream, mine)
    await stream.score()
    async with stream.engine.begin() as connection:
        await connection.execute(text(f"UPDATE scoring.signal SET body = json_build_object('what', '{ANN}')"))
    await announce(stream, erased(), at=at)
    with pytest.raises(StopWorker, match="the stored signal"):
        await stream.score()


people = st.sampled_from([f"user {n}" for n in range(14)])
happenings = st.lists(
    st.tuples(
        st.sampled_from(
            ["session.started"] * 6
            + ["nps.answered", "contract.cancel_requested", "health.overridden"]
            + ["champion", "user.updated", "champion.left"]
            + ["erase", "erase", "lift", "tick"]
        ),
        st.sampled_from(["acme", "beta"]),
        people,
        st.sampled_from([0, 0, 0, 1, 9, 30, 70]),  # hours since the one before
        st.integers(0, 8),
    ),
    min_size=5,
    max_size=80,
)
fates = st.lists(st.sampled_from(["", "before", "after", "before", "after"]), max_size=6)


def happening(name: str, account_id: str, user_id: str, now: float, n: int, *, event_id: str) -> Any:
    properties: dict[str, Any] = {}
    match name:
        case "nps.answered":
            properties = {"score": n, "comment": f"says {user_id}"}
        case "contract.cancel_requested":
            properties = {"reason": f"says {user_id}", "requested_by": f"user {n}"}
        case "health.overridden":
            properties = {"to": ["red", "green"][n % 2], "until": "2027-01-01", **({"by": f"user {n}"} if n else {})}
        case "champion" | "user.updated":
            properties = {"name": f"name of {user_id}"} if n % 3 else {"email": f"{user_id}@example.com"}
            if name == "champion":
                properties["champion"] = n != 8
            name = "user.updated"
    return event(account_id, name, now, user_id=user_id, event_id=event_id, properties=properties, more=n == 7)


@settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sequence=happenings, deaths=fates, cut=st.integers(1, 9), keep_erased=st.booleans())
async def test_with_erased_people_the_outcome_is_a_function_of_the_log(
    stream: ScoringHarness,
    sequence: list[tuple[str, str, str, int, int]],
    deaths: list[str],
    cut: int,
    keep_erased: bool,
) -> None:
    """Other batches, crashes around any commit, and a table of the erased that knows the whole log in advance."""
    await stream.empty()
    now = START
    for i, (name, account_id, user_id, hours, n) in enumerate(sequence):
        now += hours * HOUR
        match name:
            case "erase":
                await announce(stream, erased(user_id, f"{user_id} {n % 2}"), at=now)
            case "lift":
                await announce(stream, lifted(user_id, f"{user_id} {n % 2}"), at=now)
            case "tick":
                await stream.tick(now)
            case _:
                one = happening(name, account_id, user_id, now, n, event_id=f"{i}")
                await stream.write(stream.partition_of(account_id), one, at=now)
    await stream.tick(now + 45 * DAY)
    await stream.score()
    expected = await stream.rows()

    await stream.empty(keep_log=True, keep_erased=keep_erased)
    limits = WorkerLimits(cached=50_000.0, chunk=2)
    await stream.score(stream.worker(store=Hurt(stream.store, [one for one in deaths if one]), max_records=cut))
    await stream.score(stream.worker(limits=limits))
    assert await stream.rows() == expected
