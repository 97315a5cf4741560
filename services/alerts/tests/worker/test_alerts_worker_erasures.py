"""An erased account: nothing of it stays or is sent, old signals are not told anew, and a lift ends that."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import text

from alerts.errors import Failure
from alerts.samples import Sample
from common.contracts.events import Erased, ErasureLifted, MentionsErased
from common.contracts.signals import Facts, Kind, Signal, encode_signals_record
from support.alerts_decisions import at
from support.alerts_first_looks import account_in, first_look, later, nothing_gathered
from support.alerts_replicas import ReplicasHarness, replicas_harness, titles
from support.alerts_sending import failure
from support.erasures import traces

NAME = "Wonderful Widgets"
FACTS = Facts(name=NAME, tier="high")
DESK = "slack:#desk"
OWNED = """
route: {receiver: owner, resolve_after: at once}
receivers:
  - {name: owner, owner: true, else: desk}
  - {name: desk, slack: {channel: "#desk"}}
people:
  dana@example.com: {name: Dana, slack: UDANA, notify: [slack]}
"""


@pytest.fixture
async def owned(database: str) -> AsyncIterator[ReplicasHarness]:
    async with replicas_harness(database, routes=OWNED) as built:
        yield built


def band(account_id: str, to: str = "red", *, hours: float = 0.0, facts: Facts = FACTS) -> Signal:
    return Sample(account=account_id, to=to, at=at(hours), after=30.0, facts=facts).build()


async def counts(replicas: ReplicasHarness) -> dict[str, int]:
    """Of the tables that hold accounts."""
    tables = ("alert", "decision", "notification", "attempt", "acknowledgement", "timer", "account_facts", "gathered")
    return {name: (await replicas.rows(f"SELECT count(*) FROM alerts.{name}"))[0][0] for name in tables}


async def test_nothing_of_an_erased_account_stays_and_others_keep_all(replicas: ReplicasHarness) -> None:
    mine, other = account_in(0, 0), account_in(0, 1)
    await replicas.start()
    await replicas.facts(other, FACTS)
    await replicas.tell(band(other, facts=Facts(name="Other")))
    await replicas.settled()
    before = await counts(replicas)
    signals = [band(mine), Sample(account=mine, kind=Kind.FLAG, to="support_storm", at=at(1), facts=FACTS).build()]
    await replicas.facts(mine, FACTS)
    await replicas.tell(*signals)
    await replicas.settled()
    async with replicas.engine.begin() as connection:
        await connection.execute(
            text("INSERT INTO alerts.acknowledgement VALUES (:account, 'e', 's', 'critical', 'dana', NULL, 0)"),
            {"account": mine},
        )
        by_dana = "UPDATE alerts.decision SET by = 'dana' WHERE signal_id = :signal"
        await connection.execute(text(by_dana), {"signal": signals[0].signal_id})
    places = {place.rpartition(".")[2] for place in await traces(replicas.engine, "alerts", [mine, NAME])}
    assert places >= {"account_id", "body", "facts"}

    await replicas.erase(mine)
    await replicas.settled()
    assert await traces(replicas.engine, "alerts", [mine, "dana"]) == {}
    assert await counts(replicas) == before
    ids = {row[0] for row in await replicas.rows("SELECT signal_id FROM alerts.erased_signal")}
    assert ids == {one.signal_id for one in signals}
    removed = (await replicas.rows("SELECT removed FROM alerts.erased"))[0][0]
    assert removed == {
        "alerts": 2, "messages": 1, "messages_shortened": 0, "attempts": 1, "decisions": 2, "gathered": 0, "facts": 1,
        "timers": 0, "acknowledgements": 1,
    }  # fmt: skip


async def test_what_waits_to_be_sent_is_not_sent(replicas: ReplicasHarness) -> None:
    mine, other = account_in(0, 0), account_in(0, 1)
    replicas.post.plan[DESK] = [failure(Failure.RATE_LIMITED, retry_after=0.3)]
    await replicas.start()
    await replicas.tell(band(mine))
    await replicas.tried(1)
    await replicas.erase(mine)
    await replicas.tell(band(other, facts=Facts(name="Other")))
    await replicas.post.until(arrived=1)
    await replicas.settled()
    assert [NAME in title for title in titles(replicas.post.arrived)] == [False]
    assert await traces(replicas.engine, "alerts", [mine, NAME]) == {}


async def test_later_records_are_left_out_and_after_the_lift_old_signals_are_not_told_anew(
    replicas: ReplicasHarness,
) -> None:
    mine = account_in(0, 0)
    await replicas.start()
    first = band(mine)
    await replicas.tell(first)
    await replicas.settled()
    await replicas.erase(mine)
    await replicas.tell(first, band(mine, "yellow", hours=1))
    await replicas.facts(mine, FACTS)
    await replicas.settled()
    assert await traces(replicas.engine, "alerts", [mine, NAME]) == {}
    assert replicas.count("signals_total", outcome="erased") == 3
    await replicas.erase(mine, lift=True)
    fresh = band(mine, hours=2)
    await replicas.tell(first, fresh)
    await replicas.settled()
    assert await replicas.rows("SELECT signal_id FROM alerts.alert") == [(fresh.signal_id,)]
    assert len(replicas.post.arrived) == 2


async def test_late_copies_of_its_records_neither_erase_nor_lift(replicas: ReplicasHarness) -> None:
    mine = account_in(0, 0)
    await replicas.start()
    await replicas.erase(mine)
    await replicas.erase(mine, lift=True)
    await replicas.tell(band(mine))
    await replicas.erase(mine)
    await replicas.settled()
    assert (await counts(replicas))["alert"] == 1
    await replicas.erase(mine, "request 2")
    await replicas.erase(mine, lift=True)
    await replicas.tell(band(mine, "yellow", hours=1))
    await replicas.settled()
    assert (await counts(replicas))["alert"] == 0


async def test_the_topic_read_again_passes_the_erased_account_over(replicas: ReplicasHarness) -> None:
    """A new owner, and one whose position was lost."""
    mine, other = account_in(0, 0), account_in(0, 1)
    await replicas.tell(band(mine), band(other, facts=Facts(name="Other")))
    await replicas.erase(mine)
    await replicas.tell(band(mine, "yellow", hours=1))
    running = await replicas.start()
    await replicas.settled()
    await running.stop()
    async with replicas.engine.begin() as connection:
        await connection.execute(text("DELETE FROM alerts.progress"))
    await replicas.start()
    await replicas.settled()
    assert await traces(replicas.engine, "alerts", [mine, NAME]) == {}
    assert replicas.count("signals_total", outcome="erased") == 1 + 2
    assert await replicas.rows("SELECT account_id FROM alerts.alert") == [(other,)]


async def test_a_message_about_many_accounts_loses_one_and_is_sent_all_the_same(owned: ReplicasHarness) -> None:
    names = [account_in(n % 2, n) for n in range(5)]
    await owned.start()
    await owned.tell(*(first_look(name, owner="dana@example.com") for name in names))
    await owned.settled()
    await owned.erase(names[0])
    await owned.settled()
    later(owned, 31)
    await nothing_gathered(owned)
    await owned.post.until(arrived=1)
    assert titles(owned.post.arrived) == ["🔴 First look at 4 accounts: 4 red"]
    await owned.settled()
    await owned.erase(names[1])
    await owned.settled()
    assert await traces(owned.engine, "alerts", names[:2]) == {}
    assert await owned.rows("SELECT cardinality(signals) FROM alerts.notification") == [(3,)]
    for name in names[2:]:
        await owned.erase(name)
    await owned.settled()
    assert set((await counts(owned)).values()) == {0}


async def test_what_no_table_can_hold_is_counted_as_unreadable(replicas: ReplicasHarness) -> None:
    """Scoring writes none of these; another program may."""
    await replicas.start()
    for record in (Erased("r", "nul\0", "aa"), Erased("nul\0", "acme", "aa"), ErasureLifted("nul\0", "aa")):
        await replicas.append(0, encode_signals_record(record))
    await replicas.settled()
    assert replicas.count("signals_total", outcome="unreadable") == 3


async def test_without_the_key_the_partition_stops_and_nothing_is_deleted(replicas: ReplicasHarness) -> None:
    mine = account_in(0, 0)
    replicas.erasure_key = None
    running = await replicas.start()
    await replicas.tell(band(mine))
    await replicas.settled()
    await replicas.erase(mine)
    async with asyncio.timeout(60):
        while "ERASURE_KEY is not set" not in str(running.replica.worker.ready()):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
    assert (await counts(replicas))["alert"] == 1


async def test_signals_of_one_batch_are_recorded_in_the_order_of_the_log(replicas: ReplicasHarness) -> None:
    """Also when PostgreSQL leaves out, by a join, what was erased."""
    await replicas.start()
    told = [band(account_in(0, number)) for number in range(40)]
    await replicas.tell(*told)
    await replicas.settled()
    recorded = await replicas.rows("SELECT signal_id FROM alerts.alert ORDER BY seq")
    assert [name for (name,) in recorded] == [signal.signal_id for signal in told]


async def test_each_partition_renames_the_facts_of_its_own_accounts(replicas: ReplicasHarness) -> None:
    """Another one may have read facts that come after its own record."""
    mine = account_in(0, 0)
    of_first, of_second = account_in(0, 1), account_in(1, 1)
    await replicas.start()
    for account in (of_first, of_second):
        await replicas.facts(account, replace(FACTS, parent=mine))
    await replicas.settled()
    await replicas.append(1, encode_signals_record(MentionsErased("request 1", mine)))
    await replicas.settled()
    parents = dict(await replicas.rows("SELECT account_id, facts ->> 'parent' FROM alerts.account_facts"))
    assert parents == {of_first: mine, of_second: "erased-request 1"}


async def test_other_accounts_lose_the_id_of_an_erased_one_in_every_partition(replicas: ReplicasHarness) -> None:
    """Those that were merged into it, and its children, in their facts and in their signals."""
    mine = account_in(0, 0)
    merged, child, other = account_in(0, 1), account_in(1, 1), account_in(1, 2)
    of_merged, of_child = replace(FACTS, merged_into=mine), replace(FACTS, parent=mine, owner="dana@example.com")
    await replicas.start()
    await replicas.tell(band(child, facts=of_child), band(other))
    for account, facts in ((merged, of_merged), (child, of_child), (other, FACTS)):
        await replicas.facts(account, facts)
    await replicas.settled()
    before = await counts(replicas)
    assert len(await traces(replicas.engine, "alerts", [mine])) == 2

    await replicas.erase_mentions(mine)
    await replicas.settled()
    assert await traces(replicas.engine, "alerts", [mine]) == {}
    assert await counts(replicas) == before
    stored = dict(await replicas.rows("SELECT account_id, facts FROM alerts.account_facts"))
    known = {account: msgspec.convert(facts, Facts) for account, facts in stored.items()}
    assert known[merged] == replace(FACTS, merged_into="erased-request 1")
    assert known[child] == replace(of_child, parent="erased-request 1")
    assert known[other] == FACTS
    told = {
        account: facts for account, facts in await replicas.rows("SELECT account_id, body -> 'facts' FROM alerts.alert")
    }
    assert (told[child]["parent"], told[child]["name"], told[other]["name"]) == ("erased-request 1", NAME, NAME)
