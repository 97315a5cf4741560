"""An erased person: no signal names them any more, all else of each signal stays, and a lift ends that."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs
from sqlalchemy import text

from alerts.errors import DeliveryFailed, Failure
from alerts.postgres.user_erasure import ALERTS_AT_ONCE, ANSWER_DELETED
from alerts.samples import NOON, Sample
from common.contracts.events import UserErased, UserErasureLifted
from common.contracts.signals import Band, Contact, Facts, Override, Quote, Signal, encode_signals_record
from common.erasures.receipts import ErasureReceipt, ErasureReceipts
from common.topics import TimeMode
from support.alerts_decisions import at
from support.alerts_first_looks import ROUTES as OWNED
from support.alerts_first_looks import account_in, first_look, later, nothing_gathered
from support.alerts_replicas import ERASURE_KEY, ReplicasHarness, Running, replicas_harness, titles
from support.alerts_sending import failure
from support.erasures import traces

DESK = "slack:#desk"
ANN, BO = "ann-7731", "bo-4480"
NAME, ADDRESS, WORDS = "Ann Featherstone", "ann.f@customer.example", "the new prices are a scandal"
THEIRS = (ANN, NAME, ADDRESS, WORDS)
CONTACTS = (Contact(ANN, NOON, NAME, ADDRESS, "CFO", champion=True), Contact(BO, NOON, "Bo Marsh", "bo@other.example"))
SAID = (Quote("reason", WORDS), Quote("user_id", ANN))
LOST = DeliveryFailed(Failure.REFUSED, f"550 refused: <{ADDRESS}> {NAME}", retryable=False)
MOST_RECORDS = (1, 2, 500)  # of a batch
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def naming(account_id: str, to: str = "red", *, hours: float = 0.0, **fields: Any) -> Signal:
    """Ann said it, and she and Bo can be called."""
    facts = Facts(name=f"Firm {account_id}")
    sample = Sample(account=account_id, to=to, at=at(hours), after=30.0, facts=facts, contacts=CONTACTS, said=SAID)
    return replace(sample, **fields).build()


async def bodies(replicas: ReplicasHarness) -> list[tuple[str, str]]:
    return [
        (row[0], row[1]) for row in await replicas.rows("SELECT signal_id, body::text FROM alerts.alert ORDER BY seq")
    ]


async def naming_ann(replicas: ReplicasHarness) -> list[str]:
    """The accounts whose signals do, in the order in which those were recorded."""
    found = await replicas.rows(f"SELECT account_id FROM alerts.alert WHERE body::text LIKE '%{ANN}%' ORDER BY seq")
    return [row[0] for row in found]


async def decided(replicas: ReplicasHarness) -> list[tuple[Any, ...]]:
    return [
        *await replicas.rows("SELECT * FROM alerts.decision ORDER BY seq"),
        *await replicas.rows("SELECT notification_id, status, signals FROM alerts.notification ORDER BY seq"),
    ]


async def receipt(replicas: ReplicasHarness, request: str = "request 1") -> ErasureReceipt:
    receipts = ErasureReceipts(replicas.engine, schema="alerts", retention_days=35, mode=TimeMode.WALL)
    return await receipts.receipt(request)


async def crash(replicas: ReplicasHarness, running: Running) -> None:
    replicas.running.remove(running)
    await running.kill()
    await replicas.broker.expire_session(running.consumer)


async def test_nothing_of_an_erased_person_stays_and_all_else_does(replicas: ReplicasHarness) -> None:
    replicas.post.plan[DESK] = [LOST] * 2
    await replicas.start()
    by_ann = Override(Band.RED, NOON + timedelta(days=9), "merger", ANN)
    await replicas.tell(naming(account_in(0, 0)), naming(account_in(1, 0), override=by_ann, was_override=by_ann))
    await replicas.settled()
    before = await decided(replicas)
    places = {place.rpartition(".")[2] for place in await traces(replicas.engine, "alerts", THEIRS)}
    assert places == {"body", "detail"}

    await replicas.erase_user(ANN)
    await replicas.settled()
    assert await traces(replicas.engine, "alerts", THEIRS) == {}
    assert set(await traces(replicas.engine, "alerts", [BO, "Bo Marsh"])) == {"alerts.alert.body"}
    assert await decided(replicas) == before
    assert await replicas.rows("SELECT detail FROM alerts.attempt") == [(ANSWER_DELETED,)] * 2
    found = await receipt(replicas)
    assert found.removed == {"alerts_shortened": 2, "alerts_emptied": 0, "answers": 2}
    assert (found.partitions, found.lifted) == (2, False)
    assert replicas.count("signals_total", outcome="erased") == 0


async def test_a_message_that_waits_says_nothing_of_them_when_it_is_sent(replicas: ReplicasHarness) -> None:
    replicas.post.plan[DESK] = [failure()] * 10_000
    running = await replicas.start()
    await replicas.tell(naming(account_in(0, 0)))
    await replicas.tried(1)
    await running.stop()
    assert NAME in str(replicas.post.tried[0])
    replicas.post.plan.clear()
    await replicas.erase_user(ANN)
    await replicas.start()
    await replicas.post.until(arrived=1)
    message = str(replicas.post.tried[-1])
    assert "Bo Marsh" in message
    assert [word for word in THEIRS if word in message] == []
    await replicas.settled()


async def test_an_answer_that_comes_after_the_erasure_is_not_stored(replicas: ReplicasHarness) -> None:
    """The channel had been given the message, and quotes it."""
    replicas.post.gate.clear()
    replicas.post.plan[DESK] = [LOST]
    await replicas.start()
    await replicas.tell(naming(account_in(0, 0)))
    await replicas.post.until(tried=1)
    await replicas.erase_user(ANN)
    async with asyncio.timeout(60):
        while await replicas.rows("SELECT count(*) FROM alerts.erased") != [(2,)]:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
    replicas.post.gate.set()
    await replicas.settled()
    assert await traces(replicas.engine, "alerts", THEIRS) == {}
    assert await replicas.rows("SELECT outcome, detail FROM alerts.attempt") == [("refused", ANSWER_DELETED)]


async def test_an_attempt_that_begins_at_the_moment_of_the_erasure_keeps_no_answer(replicas: ReplicasHarness) -> None:
    """A sender has taken the message and has not committed that."""
    await replicas.start()
    await replicas.tell(naming(account_in(0, 0)))
    await replicas.settled()
    async with replicas.engine.connect() as sender, sender.begin() as taking:
        await sender.execute(text("UPDATE alerts.notification SET attempts = 2"))
        await sender.execute(text("INSERT INTO alerts.attempt SELECT notification_id, 2, 1 FROM alerts.notification"))
        await replicas.erase_user(ANN)
        async with asyncio.timeout(60):
            while await replicas.rows(WAITING) == [(0,)]:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
        await taking.commit()
    await replicas.settled()
    assert await replicas.rows("SELECT detail FROM alerts.attempt WHERE n = 2") == [(ANSWER_DELETED,)]


async def test_of_a_message_about_many_accounts_the_channels_answer_goes_too(database: str) -> None:
    """Two partitions delete it at once."""
    async with replicas_harness(database, routes=OWNED) as owned:
        await owned.start()
        for number in range(4):
            told = first_look(account_in(number % 2, number), owner="dana@example.com")
            await owned.tell(structs.replace(told, contacts=CONTACTS))
        await owned.settled()
        owned.post.plan["slack:UDANA"] = [LOST]
        later(owned, 31)
        await nothing_gathered(owned)
        await owned.settled()
        assert "alerts.attempt.detail" in await traces(owned.engine, "alerts", THEIRS)
        before = await decided(owned)
        await owned.erase_user(ANN)
        await owned.settled()
        assert await traces(owned.engine, "alerts", THEIRS) == {}
        assert await decided(owned) == before
        assert (await receipt(owned)).removed == {"alerts_shortened": 4, "alerts_emptied": 0, "answers": 1}


async def test_each_partition_does_its_part_and_the_receipt_adds_them_up(replicas: ReplicasHarness) -> None:
    here, there = account_in(0, 0), account_in(1, 0)
    await replicas.start()
    await replicas.tell(naming(here), naming(there))
    pseudonym = ERASURE_KEY.user_pseudonym(ANN).hex()
    record = encode_signals_record(UserErased("request 1", ANN, pseudonym, "drawn"))
    await replicas.append(0, record)
    await replicas.settled()
    assert await naming_ann(replicas) == [there]
    assert (await receipt(replicas)).partitions == 1
    await replicas.append(1, record)
    await replicas.settled()
    assert await naming_ann(replicas) == []
    found = await receipt(replicas)
    assert (found.partitions, found.removed["alerts_shortened"]) == (2, 2)


async def test_more_signals_than_are_read_at_once_are_all_shortened(replicas: ReplicasHarness) -> None:
    await replicas.start()
    many = ALERTS_AT_ONCE + 1
    await replicas.tell(*(naming(account_in(0, 0), hours=number, history=True) for number in range(many)))
    await replicas.erase_user(ANN)
    await replicas.settled()
    assert (await receipt(replicas)).removed["alerts_shortened"] == many
    assert await naming_ann(replicas) == []


async def test_a_crash_before_the_commit_leaves_all_as_it_was_and_the_next_owner_does_it(
    replicas: ReplicasHarness,
) -> None:
    first, last = account_in(0, 0), account_in(0, 1)
    running = await replicas.start()
    await replicas.tell(naming(first), naming(last))
    await replicas.settled()
    async with replicas.engine.connect() as blocking:
        await blocking.execute(text("SELECT 1 FROM alerts.alert WHERE account_id = :last FOR UPDATE"), {"last": last})
        await replicas.erase_user(ANN)
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%shortened%'"
        async with asyncio.timeout(60):
            while await replicas.rows(waits) != [(1,)]:  # noqa: ASYNC110 - PostgreSQL tells nobody
                await asyncio.sleep(0.01)
        await crash(replicas, running)
    assert await naming_ann(replicas) == [first, last]
    await replicas.start()
    await replicas.settled()
    assert await naming_ann(replicas) == []
    assert (await receipt(replicas)).removed["alerts_shortened"] == 2


async def test_a_copy_of_the_record_changes_nothing(replicas: ReplicasHarness) -> None:
    await replicas.start()
    await replicas.tell(naming(account_in(0, 0)))
    await replicas.erase_user(ANN)
    await replicas.settled()
    before, said = await bodies(replicas), await receipt(replicas)
    await replicas.erase_user(ANN)
    await replicas.settled()
    assert await bodies(replicas) == before
    assert await receipt(replicas) == said


async def test_signals_after_it_are_told_without_them_until_the_lift(replicas: ReplicasHarness) -> None:
    accounts = [account_in(0, number) for number in range(3)]
    await replicas.start()
    await replicas.erase_user(ANN)
    await replicas.tell(naming(accounts[0]))
    await replicas.settled()
    assert await naming_ann(replicas) == []
    assert titles(replicas.post.arrived) == [f"🔴 Firm {accounts[0]} is red: 78 → 30"]
    await replicas.erase_user(ANN, lift=True)
    await replicas.tell(naming(accounts[0]), naming(accounts[1]))
    await replicas.settled()
    assert await naming_ann(replicas) == [accounts[1]], "a second copy of the first is not recorded"
    await replicas.erase_user(ANN)
    await replicas.tell(naming(accounts[2]))
    await replicas.settled()
    assert await naming_ann(replicas) == accounts[1:], "a late copy of a request that was lifted"
    assert (await receipt(replicas)).lifted
    await replicas.erase_user(ANN, "request 2")
    await replicas.settled()
    assert await naming_ann(replicas) == []


@pytest.mark.parametrize("most", MOST_RECORDS)
async def test_tables_made_anew_from_the_log_say_the_same(replicas: ReplicasHarness, most: int) -> None:
    """What the first reading stored and the erasure rewrote, the second reading stores at once."""
    accounts = [account_in(number % 2, number) for number in range(6)]
    running = await replicas.start(max_records=most)
    await replicas.tell(naming(accounts[0], hours=1), naming(accounts[1], hours=1))
    await replicas.settled()
    await replicas.erase_user(ANN)
    await replicas.tell(naming(accounts[2]), naming(accounts[0], "yellow", hours=2))
    await replicas.erase_user(ANN, lift=True)
    await replicas.tell(naming(accounts[3]), naming(accounts[4]))
    await replicas.settled()
    assert set(await naming_ann(replicas)) == {accounts[3], accounts[4]}
    await replicas.erase_user(BO, "request 2")
    await replicas.tell(naming(accounts[5]))
    await replicas.settled()
    first = dict(await bodies(replicas))
    await running.stop()
    replicas.running.remove(running)
    async with replicas.engine.begin() as connection:
        await connection.execute(text("TRUNCATE alerts.progress, alerts.alert, alerts.decision, alerts.notification"))
    await replicas.start(max_records=most)
    await replicas.settled()
    assert dict(await bodies(replicas)) == first
    assert set(await naming_ann(replicas)) == set(accounts[3:])


async def test_a_stored_signal_that_cannot_be_read_is_emptied_if_it_names_them(replicas: ReplicasHarness) -> None:
    await replicas.start()
    await replicas.tell(naming(account_in(0, 0)), naming(account_in(0, 1)))
    await replicas.settled()
    damage = text("UPDATE alerts.alert SET body = json_build_object('by', :ann ::text) WHERE account_id = :account")
    async with replicas.engine.begin() as connection:
        await connection.execute(damage, {"ann": ANN, "account": account_in(0, 1)})
    await replicas.erase_user(ANN)
    await replicas.settled()
    assert await traces(replicas.engine, "alerts", THEIRS) == {}
    assert (await bodies(replicas))[1][1] == "{}"
    assert (await receipt(replicas)).removed["alerts_emptied"] == 1


async def test_what_no_table_can_hold_is_counted_as_unreadable(replicas: ReplicasHarness) -> None:
    await replicas.start()
    for record in (
        UserErased("r", "nul\0", "aa", "drawn"),
        UserErased("nul\0", ANN, "aa", "drawn"),
        UserErased("r", ANN, "aa", "nul\0"),
        UserErasureLifted("nul\0", "aa"),
    ):
        await replicas.append(0, encode_signals_record(record))
    await replicas.settled()
    assert replicas.count("signals_total", outcome="unreadable") == 4


async def test_with_another_key_the_partition_stops_and_nothing_is_deleted(replicas: ReplicasHarness) -> None:
    running = await replicas.start()
    await replicas.tell(naming(account_in(0, 0)))
    await replicas.settled()
    await replicas.append(0, encode_signals_record(UserErased("request 1", ANN, "aa", "drawn")))
    async with asyncio.timeout(60):
        while "ERASURE_KEY is another one" not in str(running.replica.worker.ready()):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
    assert len(await naming_ann(replicas)) == 1
    assert await replicas.rows("SELECT 1 FROM alerts.erased") == []
