"""An erased account is deleted from every table, passed over when the log is read again, and dropped until lifted."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.contracts.events import Erased, ErasureLifted, Tick
from common.contracts.signals import Signal
from common.erasures.erasure_key import ErasureKey
from scoring.health import Scorer
from scoring.worker.context import WorkerLimits
from support.commits import Hurt
from support.erasures import traces
from support.examples import examples
from support.scoring_harness import DAY, ERASURE_KEY, START, TOPICS, ScoringHarness, event

HOUR = 3600.0
NAME = "Wonderful Widgets"


def erased(account_id: str, request: str = "request 1", key: ErasureKey = ERASURE_KEY) -> Erased:
    return Erased(request, account_id, key.pseudonym(account_id).hex())


def lifted(account_id: str, request: str = "request 1") -> ErasureLifted:
    return ErasureLifted(request, ERASURE_KEY.pseudonym(account_id).hex())


async def busy(stream: ScoringHarness, account_id: str, *, begin: float, seed: str = "") -> float:
    """An account with a name, people, signals, days and values that no metric can use; when the last event was."""
    told = {"name": NAME, "owner": "csm@example.com"} if seed == "" else {}
    await stream.post(event(account_id, "account.updated", begin, properties=told))
    at = begin
    for n in range(6):
        at = begin + (n + 1) * 9 * HOUR
        user = f"ann of {account_id}"
        await stream.post(event(account_id, "session.started", at, user_id=user, event_id=f"{account_id} {seed}{n}"))
    await stream.post(
        event(
            account_id,
            "nps.answered",
            at + 1,
            user_id=f"bo of {account_id}",
            properties={"score": f"bo of {account_id}"},
        ),
        event(account_id, "contract.cancel_requested", at + 2, user_id=f"bo of {account_id}"),
    )
    return at + 2


async def erase(stream: ScoringHarness, account_id: str, *, at: float, request: str = "request 1") -> None:
    await stream.write(stream.partition_of(account_id), erased(account_id, request), at=at)


async def test_nothing_of_an_erased_account_stays_and_others_keep_all(stream: ScoringHarness) -> None:
    mine, other = neighbours(stream)
    await busy(stream, other, begin=START - 60)
    at = await busy(stream, mine, begin=START)  # the last, so that the samples of events are its own
    await stream.tick(at + 3 * DAY)
    await stream.score()
    words = [mine, f"ann of {mine}", f"bo of {mine}"]
    places = {"account_id", "body", "user_id", "value"}
    assert {place.rpartition(".")[2] for place in await traces(stream.engine, "scoring", words)} >= places
    kept = await others(stream, other)
    names = await stream.scalar("SELECT sum(count) FROM scoring.event_name")

    await erase(stream, mine, at=at + 3 * DAY)
    await stream.score()
    assert await traces(stream.engine, "scoring", words) == {}
    assert await others(stream, other) == kept
    assert await stream.scalar("SELECT sum(count) FROM scoring.event_name") == names
    removed = json.loads(await stream.scalar("SELECT removed::text FROM scoring.erased"))
    assert removed["states"] == removed["accounts"] == 1
    assert removed["people"] == 2
    assert removed["signals"] >= 1
    assert removed["days"] >= 1
    assert stream.told().count(erased(mine)) == 1


def neighbours(stream: ScoringHarness) -> tuple[str, str]:
    """Two accounts of one partition."""
    return stream.name_in(0), next(f"other {n}" for n in range(99) if stream.partition_of(f"other {n}") == 0)


async def others(stream: ScoringHarness, account_id: str) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of this account."""
    rows = await stream.rows()
    return {table: [row for row in found if account_id in row] for table, found in rows.items()}


async def test_later_records_are_dropped_until_the_erasure_is_lifted_then_it_starts_from_nothing(
    stream: ScoringHarness,
) -> None:
    mine = stream.name_in(0)
    at = await busy(stream, mine, begin=START)
    await erase(stream, mine, at=at + 1)
    again = event(mine, "session.started", at + HOUR, user_id="ann", event_id="sent twice")
    await stream.post(again)
    await stream.write(0, b"{", at=at + HOUR, key=mine.encode())
    await stream.score()
    assert await stream.scalar("SELECT count(*) FROM scoring.state") == 0
    assert stream.count("events_erased_total", reason="erased") == 2
    assert stream.broker.records(TOPICS.dead, 0) == []

    await stream.write(0, lifted(mine), at=at + 2 * HOUR)
    await stream.write(0, again, at=at + 2 * HOUR)  # it was never counted, so it is no duplicate
    await stream.score()
    assert stream.count("events_erased_total", reason="erased") == 2
    body = await stream.scalar("SELECT body FROM scoring.state")
    fresh = Scorer(stream.card, stream.origin.card_id, strict=True).create(mine)
    stream.scorer.apply(fresh, again, at + 2 * HOUR)
    assert stream.scorer.load(mine, body).facts == fresh.facts
    assert await stream.scalar("SELECT count(*) FROM scoring.person") == 1
    assert await stream.scalar("SELECT count(*) FROM scoring.signal") == 0
    said = [one for one in stream.told() if isinstance(one, Erased | ErasureLifted)]
    assert said == [erased(mine), lifted(mine)]


async def test_late_copies_of_its_records_neither_erase_nor_lift(stream: ScoringHarness) -> None:
    """Two processes of ingest may announce one request, and one of them is slow."""
    mine = stream.name_in(0)
    at = await busy(stream, mine, begin=START)
    await erase(stream, mine, at=at)
    await stream.write(0, lifted(mine), at=at)
    await stream.post(event(mine, "session.started", at + 60, user_id="ann"))
    await erase(stream, mine, at=at + 61)  # of the request that is over
    await stream.score()
    assert await stream.scalar("SELECT count(*) FROM scoring.state") == 1
    await erase(stream, mine, at=at + 62, request="request 2")
    await stream.write(0, lifted(mine), at=at + 63)
    await stream.post(event(mine, "session.started", at + 64, user_id="ann"))
    await stream.score()
    assert await stream.scalar("SELECT count(*) FROM scoring.state") == 0
    assert len([one for one in stream.told() if isinstance(one, Erased)]) == 2


async def test_after_the_lift_its_people_are_stored_again(stream: ScoringHarness) -> None:
    """Somebody who was seen on that very day before the erasure, by the worker that reads all of it."""
    mine = stream.name_in(0)
    at = await busy(stream, mine, begin=START)
    await erase(stream, mine, at=at)
    await stream.write(0, lifted(mine), at=at)
    await stream.post(event(mine, "session.started", at + 60, user_id=f"ann of {mine}"))
    await stream.score()
    assert await stream.scalar("SELECT count(*) FROM scoring.person") == 1


async def test_signals_that_were_not_sent_yet_are_not_sent_after_the_erasure(stream: ScoringHarness) -> None:
    """The relay is behind: the outbox loses the account's rows, and readers get the erasure after what was sent."""
    mine = stream.name_in(0)
    at = await busy(stream, mine, begin=START)
    await stream.tick(at + 30 * DAY)
    await erase(stream, mine, at=at + 30 * DAY)
    await stream.score()
    told = [one.account_id for one in stream.told() if isinstance(one, Signal | Erased)]
    assert mine not in told[told.index(mine, len(told) - 1) + 1 :]
    assert await stream.scalar("SELECT count(*) FROM scoring.outbox") == 0


@pytest.mark.parametrize("keep_erased", [False, True], ids=["from the log alone", "with the table of the erased"])
async def test_a_rebuild_gives_the_same_tables(stream: ScoringHarness, keep_erased: bool) -> None:
    """The erased account's records are still in the log, and so are those that came after the lift."""
    mine, other = neighbours(stream)
    at = await busy(stream, mine, begin=START)
    await busy(stream, other, begin=START)
    await erase(stream, mine, at=at + 1)
    await stream.post(event(mine, "session.started", at + 2, user_id="ann"))
    await stream.write(0, lifted(mine), at=at + 3)
    at = await busy(stream, mine, begin=at + HOUR, seed="again ")
    await erase(stream, mine, at=at + 1, request="request 2")
    await stream.write(0, lifted(mine, "request 2"), at=at + 2)
    await stream.post(event(mine, "session.started", at + 3, user_id="ann"))
    await stream.tick(at + 20 * DAY)
    await stream.score()
    expected = await stream.rows()
    seen = await seen_ids_by_hour(stream)
    counted = stream.count("events_erased_total", reason="before_erasure")
    assert counted == 0

    await stream.empty(keep_log=True, keep_erased=keep_erased)
    await stream.score(stream.worker(max_records=3))
    assert await stream.rows() == expected
    assert await seen_ids_by_hour(stream) == seen
    assert (stream.count("events_erased_total", reason="before_erasure") > 0) is keep_erased
    # With the table nothing of the account is told again, not even for a moment.
    told_before = [one for one in stream.signals(mine) if one.at.timestamp() <= at]
    assert bool(told_before) is not keep_erased


async def test_a_worker_without_the_key_stops_the_partition_and_says_why(stream: ScoringHarness) -> None:
    mine = stream.name_in(0)
    await busy(stream, mine, begin=START)
    await stream.score()
    await stream.write(0, erased(mine, key=ErasureKey("another key of thirty-two characters!!")), at=START + DAY)
    async with stream.running() as worker:
        await stream.until(lambda: stream.count("partition_stopped", partition="0") == 1)
        assert "ERASURE_KEY is another one" in str(worker.ready())
    assert await stream.scalar("SELECT count(*) FROM scoring.state") == 1
    assert await stream.scalar("SELECT count(*) FROM scoring.erased") == 0


async def test_an_erasure_in_the_wrong_partition_is_a_dead_letter(stream: ScoringHarness) -> None:
    mine = stream.name_in(0)
    await stream.post(event(mine, "session.started", START))
    await stream.write(1, erased(mine), at=START + 1)
    await stream.score()
    assert await stream.scalar("SELECT count(*) FROM scoring.state") == 1
    assert stream.count("dead_letters_total", reason="wrong_partition") == 1


@pytest.mark.parametrize(
    "record",
    [
        erased("nul\0"),
        erased("x" * 3_000),
        Erased("nul\0", "account 0", ERASURE_KEY.pseudonym("account 0").hex()),
        ErasureLifted("nul\0", "aa"),
    ],
    ids=["an account with U+0000", "a long account", "a request with U+0000", "a lift with U+0000"],
)
async def test_what_no_table_can_hold_is_a_dead_letter(stream: ScoringHarness, record: Erased | ErasureLifted) -> None:
    """Ingest writes none of these; another program may."""
    await stream.write(0, record, at=START)
    await stream.score()
    assert stream.count("dead_letters_total", reason="unreadable") == 1
    assert await stream.scalar("SELECT count(*) FROM scoring.erased") == 0


accounts = st.sampled_from(["acme", "beta"])
happenings = st.lists(
    st.tuples(
        st.sampled_from(["session.started"] * 4 + ["contract.cancel_requested", "erase", "erase", "lift", "tick"]),
        accounts,
        st.integers(0, 40),
        st.integers(0, 6),
    ),
    min_size=4,
    max_size=40,
)
fates = st.lists(st.sampled_from(["", "before", "after", "before", "after"]), max_size=12)


@settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sequence=happenings, deaths=fates, cut=st.integers(1, 9), keep_erased=st.booleans())
async def test_with_erasures_the_outcome_is_a_function_of_the_log(
    stream: ScoringHarness, sequence: list[tuple[str, str, int, int]], deaths: list[str], cut: int, keep_erased: bool
) -> None:
    """Other batches, crashes around any commit, and a table of the erased that knows the whole log in advance."""
    await stream.empty()
    now = START
    for name, account_id, hours, n in sequence:
        now += hours * HOUR
        partition = stream.partition_of(account_id)
        match name:
            case "erase":
                await stream.write(partition, erased(account_id, f"{account_id} {n % 3}"), at=now)
            case "lift":
                await stream.write(partition, lifted(account_id, f"{account_id} {n % 3}"), at=now)
            case "tick":
                await stream.write(partition, Tick(), at=now)
            case _:
                one = event(account_id, name, now, user_id=f"user {n}", event_id=f"{n}")
                await stream.write(partition, one, at=now)
    await stream.tick(now + 45 * DAY)
    await stream.score()
    expected, seen = await stream.rows(), await seen_ids_by_hour(stream)

    await stream.empty(keep_log=True, keep_erased=keep_erased)
    limits = WorkerLimits(cached=50_000.0, chunk=2)
    await stream.score(stream.worker(store=Hurt(stream.store, [one for one in deaths if one]), max_records=cut))
    await stream.score(stream.worker(limits=limits))
    assert await stream.rows() == expected
    assert await seen_ids_by_hour(stream) == seen


async def seen_ids_by_hour(stream: ScoringHarness) -> str:
    query = """SELECT string_agg(line, ';' ORDER BY line) FROM (
        SELECT partition || '/' || hour || '/' || string_agg(encode(ids, 'hex'), '' ORDER BY seq) AS line
        FROM scoring.seen GROUP BY partition, hour) AS lines"""
    return str(await stream.scalar(query))
