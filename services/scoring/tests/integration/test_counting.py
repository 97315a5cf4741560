"""Guarantees 2 and 11: every event counts once, and what cannot be read is set aside with its reason."""

from datetime import timedelta
from random import Random
from string import ascii_letters, digits
from typing import cast

import msgspec
import pytest
from structlog.testing import capture_logs

from common.bus.ports import Record
from common.contracts.events import CardActivated, Event, decode_events_record
from common.errors import StopWorker
from scoring.health.account import Account
from scoring.health.scorer import Scorer
from scoring.health.view import Step
from scoring.worker.context import WorkerLimits
from support.scoring_harness import DAY, START, TOPICS, ScoringHarness, event


def dead(stream: ScoringHarness) -> list[Record]:
    return [record for n in range(stream.partitions) for record in stream.broker.records(TOPICS.dead, n)]


def reasons(stream: ScoringHarness) -> list[str]:
    return [dict(record.headers)["reason"].decode() for record in dead(stream)]


async def body(stream: ScoringHarness, account_id: str) -> str | None:
    rows = (await stream.rows())["state"]
    return next((row[2] for row in rows if row[0] == account_id), None)


async def test_the_same_event_counts_once_in_one_batch_and_in_the_next(stream: ScoringHarness) -> None:
    one = event("acme", "session.started", START, user_id="ann")
    await stream.post(one)
    await stream.score()
    once = await body(stream, "acme")
    await stream.post(one, one)
    await stream.score()
    assert await body(stream, "acme") == once
    assert stream.count("events_total", outcome="counted") == 1
    assert stream.count("events_total", outcome="duplicate") == 2


async def test_the_first_content_of_an_id_wins(stream: ScoringHarness) -> None:
    first = event("acme", "nps.answered", START, event_id="n1", user_id="ann", properties={"score": 9})
    await stream.post(first, msgspec.structs.replace(first, properties={"score": 0}))
    await stream.score()
    assert stream.count("events_total", outcome="duplicate") == 1


@pytest.mark.parametrize("run_records", [1, 100])
async def test_an_id_that_comes_again_with_other_content_is_counted_and_named(
    stream: ScoringHarness, run_records: int
) -> None:
    """In the same batch as the first one or in a later one."""
    first = event("acme", "nps.answered", START, event_id="n1", user_id="ann", properties={"score": 9, "by": "mail"})
    first = msgspec.structs.replace(first, received_at=first.time + timedelta(seconds=1))
    others = [
        msgspec.structs.replace(first, properties={"score": 0, "by": "mail"}),
        msgspec.structs.replace(first, name="csat.answered"),
        msgspec.structs.replace(first, user_id="bob"),
        msgspec.structs.replace(first, time=first.time - timedelta(days=1)),
    ]
    same = msgspec.structs.replace(first, properties={"by": "mail", "score": 9}, history=True)
    await stream.post(first, same, *others, same)
    with capture_logs() as lines:
        await stream.score(stream.worker(limits=WorkerLimits(run_records=run_records)))
    assert stream.count("event_ids_reused_total") == 4
    assert stream.count("events_total", outcome="duplicate") == 6
    named = [line for line in lines if line["event"] == "event_id.reused"]
    assert sum(line["events"] for line in named) == 4
    assert {(line["source"], line["account_id"], line["event_id"]) for line in named} == {(first.source, "acme", "n1")}


async def test_an_event_without_a_time_says_the_same_whenever_it_is_sent_again(stream: ScoringHarness) -> None:
    first = event("acme", "session.started", START, event_id="s1")
    first = msgspec.structs.replace(first, received_at=first.time)
    later = first.time + timedelta(seconds=3)
    await stream.post(first, msgspec.structs.replace(first, time=later, received_at=later))
    await stream.score()
    assert stream.count("events_total", outcome="duplicate") == 1
    assert stream.count("event_ids_reused_total") == 0


async def test_two_sources_may_use_the_same_id(stream: ScoringHarness) -> None:
    one = event("acme", "session.started", START, user_id="ann")
    await stream.post(one, msgspec.structs.replace(one, source="other"))
    await stream.score()
    assert stream.count("events_total", outcome="counted") == 2


@pytest.mark.parametrize(
    "value",
    [
        b"not json",
        b"{}",
        b'{"type":"event","event_id":1}',
        b"\xff",
        b'{"type":7}',
        b"",
        b'{"type":"event","event_id":"\xff"}',  # not UTF-8 where a text is
        # a moment without a zone would mean another one on another machine
        b'{"type":"event","event_id":"1","account_id":"a","name":"session.started","source":"test",'
        b'"time":"2026-03-02T00:00:00","received_at":"2026-03-02T00:00:00Z"}',
        b'{"type":"tick","more":' + b"[" * 5000 + b"]" * 5000 + b"}",  # nested beyond any reader
    ],
)
async def test_what_cannot_be_read_is_set_aside_as_it_came(stream: ScoringHarness, value: bytes) -> None:
    await stream.write(0, value, at=START)
    await stream.post(event("acme", "session.started", START))
    await stream.score()
    assert reasons(stream) == ["unreadable"]
    assert dead(stream)[0].value == value
    assert stream.count("events_total", outcome="counted") == 1
    assert stream.count("dead_letters_total", reason="unreadable") == 1


async def test_an_account_of_another_partition_is_set_aside(stream: ScoringHarness) -> None:
    one = event("acme", "session.started", START)
    await stream.write(1 - stream.partition_of("acme"), one, at=START)
    await stream.score()
    assert reasons(stream) == ["wrong_partition"]
    assert await body(stream, "acme") is None


async def test_an_account_name_that_the_database_cannot_hold_is_set_aside(stream: ScoringHarness) -> None:
    one = event("ac\0me", "session.started", START)
    await stream.post(one)
    await stream.score()
    assert reasons(stream) == ["unreadable"]


async def test_an_account_name_that_no_index_can_hold_is_set_aside(stream: ScoringHarness) -> None:
    await stream.post(event(random_text(3000), "session.started", START))
    await stream.score()
    assert reasons(stream) == ["unreadable"]


async def test_an_owner_that_no_index_can_hold_does_not_stop_the_partition(stream: ScoringHarness) -> None:
    owner = random_text(8192)  # ingest takes texts of this length
    await stream.post(event("acme", "account.updated", START, properties={"owner": owner}))
    await stream.score()
    assert owner.startswith(await stream.scalar("SELECT owner FROM scoring.account"))


def random_text(length: int) -> str:
    """Text that does not compress: PostgreSQL would, and then hold it after all."""
    return "".join(Random(7).choices(ascii_letters + digits, k=length))


async def test_facts_that_the_database_cannot_hold_do_not_stop_the_partition(stream: ScoringHarness) -> None:
    await stream.post(event("acme", "account.updated", START, properties={"name": "A\0cme", "owner": "x\0"}))
    await stream.score()
    assert await stream.scalar("SELECT name FROM scoring.account") == "Acme"


async def test_a_card_change_is_set_aside_while_this_version_cannot_follow_it(stream: ScoringHarness) -> None:
    await stream.write(0, CardActivated(card_id="x", card="version: 1"), at=START)
    await stream.score()
    assert reasons(stream) == ["card_change_not_supported"]


async def test_steps_that_customers_name_make_no_label_each(stream: ScoringHarness) -> None:
    for n in range(3):
        planned = {"step": f"step {n}", "due": START + DAY}
        await stream.post(event("acme", "milestone.planned", START + n, properties=planned))
    await stream.tick(START + 2 * DAY)
    await stream.score()
    assert stream.count("signals_total", kind="milestone_missed", to="step") == 3


class Allergic(Scorer):
    """A core that cannot stand one event name, and has already changed the account when it says so."""

    def apply(self, account: Account, event: Event, at: float) -> Step:
        step = super().apply(account, event, at)
        if event.name == "peanut.eaten":
            raise ZeroDivisionError("peanut")
        return step


def allergic(stream: ScoringHarness, limits: WorkerLimits | None = None) -> None:
    stream.scorer = Allergic(stream.card, stream.origin.card_id)
    if limits is not None:
        stream.rules = msgspec.structs.replace(stream.rules, limits=limits)


async def test_an_event_that_the_core_cannot_stand_leaves_its_account_as_it_was(stream: ScoringHarness) -> None:
    good = [event("acme", "session.started", START + hour * 3600, user_id="ann") for hour in range(4)]
    await stream.post(*good)
    await stream.score()
    untouched = await stream.rows()

    bad = event("acme", "peanut.eaten", START + 5400)
    allergic(stream)
    await stream.empty()  # the same events again, with the bad one among them
    await stream.post(good[0], good[1], bad, good[2], good[3])
    await stream.score(stream.worker(max_records=2))  # when the bad one comes, memory holds the account already
    assert reasons(stream) == ["core_failed"]
    rows = await stream.rows()
    assert rows["state"] == untouched["state"]
    assert rows["day"] == untouched["day"]
    assert stream.count("dead_letters_total", reason="core_failed") == 1


class Unwritable(Scorer):
    """A core that takes an event and only then cannot say what it made of the account."""

    def apply(self, account: Account, event: Event, at: float) -> Step:
        step = super().apply(account, event, at)
        if event.name == "peanut.eaten":
            account.state.missed["peanut"] = cast(float, object())
        return step


async def test_an_event_after_which_the_account_cannot_be_stored_is_set_aside(stream: ScoringHarness) -> None:
    good = [event("acme", "session.started", START + hour * 3600, user_id="ann") for hour in range(4)]
    await stream.post(*good)
    await stream.score()
    untouched = await stream.rows()

    stream.scorer = Unwritable(stream.card, stream.origin.card_id)
    await stream.empty()
    await stream.post(*good[:3], event("acme", "peanut.eaten", START + 3 * 3600), good[3])
    await stream.score(stream.worker(max_records=4))
    assert reasons(stream) == ["core_failed"]
    assert (await stream.rows())["state"] == untouched["state"]


async def test_a_core_that_fails_too_often_stops_the_worker(stream: ScoringHarness) -> None:
    allergic(stream, WorkerLimits(poisoned=2))
    await stream.post(*(event("acme", "peanut.eaten", START + n) for n in range(3)))
    with pytest.raises(StopWorker, match="the core failed 3 times") as stopped:
        await stream.score()
    assert "python -m ingest dead resend --reason core_failed" in str(stopped.value), "it says how to go on"


async def test_a_worker_without_that_bound_sets_everything_aside_and_goes_on(stream: ScoringHarness) -> None:
    allergic(stream, WorkerLimits(poisoned=0))
    await stream.post(*(event("acme", "peanut.eaten", START + n) for n in range(3)))
    await stream.score()
    assert reasons(stream) == ["core_failed"] * 3


async def test_what_was_set_aside_counts_once_when_it_is_sent_again_after_the_core_was_mended(
    stream: ScoringHarness,
) -> None:
    healthy = stream.scorer
    allergic(stream, WorkerLimits())
    eaten, opened = event("acme", "peanut.eaten", START), event("acme", "session.started", START + 60, user_id="ann")
    await stream.post(eaten, opened)
    await stream.score()
    (letter,) = dead(stream)
    assert stream.count("events_total", outcome="counted") == 1

    await stream.send_again(letter)
    await stream.score()
    again = dead(stream)[-1]
    assert dict(again.headers) == {"reason": b"core_failed", "attempt": b"2"}, "it is still what the core cannot stand"
    assert (again.key, again.value) == (letter.key, letter.value)

    stream.scorer = healthy
    for _ in range(2):
        await stream.send_again(again)
    await stream.score()
    assert stream.count("events_total", outcome="counted") == 2
    assert stream.count("events_total", outcome="duplicate") == 1


class Worn(Scorer):
    """A core that takes everything, and after one event cannot say any more when to look at the account again."""

    def find_due(self, account: Account) -> int | None:
        if account.facts.tier == "peanut":
            raise ZeroDivisionError("peanut")
        return super().find_due(account)

    def choose_timer(self, account: Account, stored: int | None, now: float) -> int | None:
        self.find_due(account)
        return super().choose_timer(account, stored, now)


@pytest.mark.parametrize("max_records", [1, 3, 500])
async def test_only_the_event_that_spoilt_its_account_is_set_aside(stream: ScoringHarness, max_records: int) -> None:
    stream.scorer = Worn(stream.card, stream.origin.card_id)
    records = [event("acme", "session.started", START + hour * 3600, user_id="ann") for hour in range(6)]
    records.insert(2, event("acme", "account.updated", START + 5400, properties={"tier": "peanut"}))
    await stream.post(*records)
    await stream.score(stream.worker(max_records=max_records))
    assert [decode_events_record(record.value or b"") for record in dead(stream)] == [records[2]]
    assert stream.count("events_total", outcome="counted") == 6


class Sleepless(Scorer):
    """A core that fails when a timer fires."""

    def advance(self, account: Account, to: float) -> Step:
        due = self.find_due(account)
        if due is not None and due <= to:
            raise ZeroDivisionError("timer")
        return super().advance(account, to)


async def test_a_timer_that_the_core_cannot_stand_is_set_aside_and_the_partition_goes_on(
    stream: ScoringHarness,
) -> None:
    await stream.post(event("acme", "session.started", START, user_id="ann"))
    await stream.score()
    stream.scorer = Sleepless(stream.card, stream.origin.card_id)
    await stream.tick(START + 30 * DAY)
    await stream.score()
    assert reasons(stream) == ["core_failed"]
    assert dead(stream)[0].key == b"acme"
    assert await stream.scalar("SELECT count(*) FROM scoring.timer") == 0
