"""A signal on its way through a replica: recorded once, decided, sent once, whoever reads and however often."""

import re

from msgspec.structs import replace
from structlog.testing import capture_logs

from alerts.samples import Sample
from common.bus.partitioner import partition_of
from common.contracts.signals import Kind, encode_signals_record
from common.topics import TimeMode
from support.alerts_decisions import band, flag, outcome
from support.alerts_replicas import PARTITIONS, TOPIC, ReplicasHarness, replicas_harness, titles
from support.deployment import ROOT

HERE = partition_of(b"cust-001", PARTITIONS)
RED = ["🔴 Birch Foods is red: 78 → 30"]


async def test_a_signal_is_recorded_decided_and_sent_once_though_the_relay_sends_it_twice(
    replicas: ReplicasHarness,
) -> None:
    await replicas.start()
    red = band("red")
    await replicas.tell(red, red)
    await replicas.settled()
    await replicas.tell(red)
    await replicas.settled()
    assert titles(replicas.post.arrived) == RED
    assert await replicas.rows('SELECT count(*), min("to") FROM alerts.alert') == [(1, "red")]
    assert await replicas.reasons() == [("red", "new")]
    assert replicas.count("signals_total", outcome="recorded") == 1
    assert replicas.count("signals_total", outcome="duplicate") == 2
    assert replicas.count("decided_total", reason="new") == 1


async def test_the_whole_topic_read_again_tells_nobody_anything(replicas: ReplicasHarness) -> None:
    first = await replicas.start()
    red = band("red")
    await replicas.tell(red, flag("support_storm", hours=1), band("green", hours=2, opens=red))
    await replicas.settled()
    told = list(replicas.post.arrived)
    await first.stop()
    replicas.running.remove(first)
    async with replicas.engine.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM alerts.progress")
    await replicas.start()
    await replicas.settled()
    assert replicas.post.arrived == told
    assert len(await replicas.rows("SELECT 1 FROM alerts.alert")) == 3


async def test_another_log_is_read_from_its_beginning_and_only_what_is_new_is_told(replicas: ReplicasHarness) -> None:
    first = await replicas.start()
    red = band("red")
    await replicas.tell(red, flag("downgrade", hours=1))
    await replicas.settled()
    await first.stop()
    replicas.running.remove(first)
    await replicas.new_log()
    await replicas.tell(red, red, band("green", hours=2, opens=red))
    await replicas.start()
    await replicas.settled()
    assert titles(replicas.post.arrived)[-1] == "🟢 Birch Foods is green again: 78 → 80"
    assert len(await replicas.rows("SELECT 1 FROM alerts.alert")) == 3


async def test_records_that_retention_took_are_passed_over_and_the_rest_is_told(replicas: ReplicasHarness) -> None:
    first = await replicas.start()
    await replicas.tell(band("yellow"))
    await replicas.settled()
    await first.stop()
    replicas.running.remove(first)
    await replicas.tell(flag("downgrade", hours=1), Sample(account="cust-001", to="red").build())
    replicas.broker.truncate(TOPIC, HERE, before=2)
    await replicas.start()
    await replicas.settled()
    assert [row[0] for row in await replicas.rows('SELECT "to" FROM alerts.alert ORDER BY seq')] == ["yellow", "red"]


async def test_a_record_of_another_format_is_counted_and_holds_up_nobody(replicas: ReplicasHarness) -> None:
    await replicas.start()
    await replicas.append(HERE, b'{"type": "signal", "of": "another version"}')
    await replicas.tell(band("red"))
    await replicas.settled()
    assert titles(replicas.post.arrived) == RED
    assert replicas.count("signals_total", outcome="unreadable") == 1


async def test_a_signal_whose_names_no_table_can_hold_holds_up_nobody(replicas: ReplicasHarness) -> None:
    await replicas.start()
    strange = [replace(band("yellow"), signal_id="y\0"), replace(band("yellow"), episode="e" * 3_000)]
    for signal in strange:
        await replicas.append(HERE, encode_signals_record(signal))
    await replicas.tell(band("red"))
    await replicas.settled()
    assert titles(replicas.post.arrived) == RED
    assert replicas.count("signals_total", outcome="unreadable") == len(strange)


async def test_what_was_passed_over_is_read_again_once_the_partition_is_put_back_as_the_runbook_says(
    replicas: ReplicasHarness,
) -> None:
    first = await replicas.start()
    await replicas.tell(band("yellow"), flag("downgrade", hours=1), band("red", hours=2, opens=band("yellow")))
    await replicas.settled()
    await first.stop()
    replicas.running.remove(first)
    (statement,) = re.findall(r"^    (UPDATE alerts\.progress .*)$", (ROOT / "docs/operations.md").read_text(), re.M)
    async with replicas.engine.begin() as connection:
        # As if the second had been of another format.
        await connection.exec_driver_sql("DELETE FROM alerts.alert WHERE kind = 'flag'")
        statement = statement.replace("OFFSET", "1").replace("PARTITION", str(HERE))
        assert (await connection.exec_driver_sql(statement)).rowcount == 1
    before = replicas.count("signals_total", outcome="recorded")
    with capture_logs() as logs:
        await replicas.start()
        await replicas.settled()
    assert replicas.count("signals_total", outcome="recorded") - before == 1
    assert replicas.count("signals_total", outcome="duplicate") == 1, "it did not begin before it"
    assert "log.restarted" not in {line["event"] for line in logs}
    assert await replicas.rows("SELECT count(*) FROM alerts.alert") == [(3,)]


async def test_a_reader_that_lost_its_partition_can_decide_nothing(replicas: ReplicasHarness) -> None:
    """Its group has given the partition to another, and it does not know yet."""
    zombie = await replicas.start()
    await replicas.tell(band("yellow"))
    await replicas.settled()
    await replicas.broker.expire_session(zombie.consumer)
    heir = await replicas.start()
    await replicas.tell(band("red", hours=1, opens=band("yellow")))
    await replicas.settled()
    assert titles(replicas.post.arrived) == ["🟡 Birch Foods is yellow: 78 → 60", RED[0]]
    assert await replicas.reasons() == [("yellow", "new"), ("red", "worse than last told")]
    await heir.stop()
    replicas.running.remove(heir)


async def test_two_replicas_share_the_partitions_and_send_each_message_once(replicas: ReplicasHarness) -> None:
    await replicas.start()
    await replicas.start()
    accounts = [f"cust-{number:03d}" for number in range(40)]
    for account in accounts:
        await replicas.tell(Sample(account=account, to="red", after=30.0).build())
    await replicas.settled()
    assert len(replicas.post.arrived) == len(accounts)
    assert await replicas.rows("SELECT count(*), count(DISTINCT notification_id) FROM alerts.attempt") == [(40, 40)]


async def test_a_receiver_without_a_channel_is_recorded_and_tells_nobody(replicas: ReplicasHarness) -> None:
    await replicas.start()
    await replicas.tell(flag("nobody_asks"))
    await replicas.settled()
    assert replicas.post.arrived == []
    found = await replicas.rows("SELECT receiver, address_key, reason FROM alerts.decision")
    assert found == [("nobody", None, "the routes tell nobody")]


async def test_after_a_final_outcome_silence_is_no_news(replicas: ReplicasHarness) -> None:
    await replicas.start()
    await replicas.tell(outcome("churned"), flag("gone_quiet", hours=1))
    await replicas.settled()
    assert [reason for _, reason in await replicas.reasons()] == ["new", "the account has left"]
    await replicas.tell(outcome("renewed", hours=2), flag("gone_quiet", hours=3))
    await replicas.settled()
    assert {reason for _, reason in (await replicas.reasons())[2:]} == {"new"}
    assert len(await replicas.rows("SELECT 1 FROM alerts.alert")) == 4


async def test_an_account_with_characters_that_a_database_cannot_hold_is_told_all_the_same(
    replicas: ReplicasHarness,
) -> None:
    await replicas.start()
    signal = band("red")
    await replicas.tell(replace(signal, facts=replace(signal.facts, tier="lo\0w", owner="da\0na@example.com")))
    await replicas.settled()
    assert titles(replicas.post.arrived) == RED


async def test_in_stream_mode_everything_goes_by_the_simulated_time(database: str) -> None:
    """Months pass in a moment: nothing is late, and the repeat interval is simulated, too."""
    async with replicas_harness(database, mode=TimeMode.STREAM) as replicas:
        await replicas.start()
        for days in (0, 3, 9):
            storm = Sample(kind=Kind.FLAG, to="support_storm", at=flag("x", hours=24 * days).at).build()
            await replicas.tell(storm, stamped=True)
            await replicas.settled()
        assert [reason for _, reason in await replicas.reasons()] == [
            "new",
            "told within the repeat interval",
            "told last longer ago than the repeat interval",
        ]
        assert len(replicas.post.arrived) == 2


async def test_an_import_of_old_outcomes_silences_nobody(replicas: ReplicasHarness) -> None:
    """They renewed yesterday; last year's churn is imported today."""
    await replicas.start()
    await replicas.tell(outcome("renewed"))
    await replicas.settled()
    await replicas.tell(replace(outcome("churned", hours=-9000), history=True), flag("downgrade", hours=1))
    await replicas.settled()
    assert ("downgrade", "new") in await replicas.reasons()


async def test_a_late_signal_that_is_said_twice_around_the_word_is_settled_by_it(replicas: ReplicasHarness) -> None:
    late = band("red", hours=-2)
    await replicas.tell(late)
    await replicas.caught_up(HERE)
    await replicas.tell(late)
    await replicas.start()
    await replicas.settled()
    assert titles(replicas.post.arrived) == RED
