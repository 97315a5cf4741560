"""A signal's road through a replica: recorded once, decided, sent once, whoever reads and however often."""

import re

from msgspec.structs import replace
from structlog.testing import capture_logs

from alerts.samples import Sample
from common.contracts.signals import Kind, encode_signals_record
from common.topics import TimeMode, partition_of
from support.deciding import band, flag, outcome
from support.deployment import ROOT
from support.voice import PARTITIONS, TOPIC, Voice, titles, voice

HERE = partition_of(b"cust-001", PARTITIONS)
RED = ["🔴 Birch Foods is red: 78 → 30"]


async def test_a_signal_is_recorded_decided_and_sent_once_though_the_relay_sends_it_twice(heard: Voice) -> None:
    await heard.start()
    red = band("red")
    await heard.tell(red, red)
    await heard.settled()
    await heard.tell(red)
    await heard.settled()
    assert titles(heard.post.arrived) == RED
    assert await heard.rows('SELECT count(*), min("to") FROM alerts.alert') == [(1, "red")]
    assert await heard.reasons() == [("red", "new")]
    assert (heard.count("signals_total", outcome="recorded"), heard.count("signals_total", outcome="duplicate")) == (
        1,
        2,
    )
    assert heard.count("decided_total", reason="new") == 1


async def test_the_whole_topic_read_again_tells_nobody_anything(heard: Voice) -> None:
    first = await heard.start()
    red = band("red")
    await heard.tell(red, flag("support_storm", hours=1), band("green", hours=2, opens=red))
    await heard.settled()
    told = list(heard.post.arrived)
    await first.stop()
    heard.running.remove(first)
    async with heard.engine.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM alerts.progress")
    await heard.start()
    await heard.settled()
    assert heard.post.arrived == told
    assert len(await heard.rows("SELECT 1 FROM alerts.alert")) == 3


async def test_another_log_is_read_from_its_beginning_and_only_what_is_new_is_told(heard: Voice) -> None:
    first = await heard.start()
    red = band("red")
    await heard.tell(red, flag("downgrade", hours=1))
    await heard.settled()
    await first.stop()
    heard.running.remove(first)
    await heard.new_log()
    await heard.tell(red, red, band("green", hours=2, opens=red))
    await heard.start()
    await heard.settled()
    assert titles(heard.post.arrived)[-1] == "🟢 Birch Foods is green again: 78 → 80"
    assert len(await heard.rows("SELECT 1 FROM alerts.alert")) == 3


async def test_records_that_retention_took_are_passed_over_and_the_rest_is_told(heard: Voice) -> None:
    first = await heard.start()
    await heard.tell(band("yellow"))
    await heard.settled()
    await first.stop()
    heard.running.remove(first)
    await heard.tell(flag("downgrade", hours=1), Sample(account="cust-001", to="red").build())
    heard.broker.truncate(TOPIC, HERE, before=2)
    await heard.start()
    await heard.settled()
    assert [row[0] for row in await heard.rows('SELECT "to" FROM alerts.alert ORDER BY seq')] == ["yellow", "red"]


async def test_a_record_of_another_format_is_counted_and_holds_up_nobody(heard: Voice) -> None:
    await heard.start()
    await heard.append(HERE, b'{"type": "signal", "of": "another version"}')
    await heard.tell(band("red"))
    await heard.settled()
    assert titles(heard.post.arrived) == RED
    assert heard.count("signals_total", outcome="unreadable") == 1


async def test_a_signal_whose_names_no_table_can_hold_holds_up_nobody(heard: Voice) -> None:
    await heard.start()
    strange = [replace(band("yellow"), signal_id="y\0"), replace(band("yellow"), episode="e" * 3_000)]
    for signal in strange:
        await heard.append(HERE, encode_signals_record(signal))
    await heard.tell(band("red"))
    await heard.settled()
    assert titles(heard.post.arrived) == RED
    assert heard.count("signals_total", outcome="unreadable") == len(strange)


async def test_what_was_passed_over_is_read_again_once_the_partition_is_put_back_as_the_runbook_says(
    heard: Voice,
) -> None:
    first = await heard.start()
    await heard.tell(band("yellow"), flag("downgrade", hours=1), band("red", hours=2, opens=band("yellow")))
    await heard.settled()
    await first.stop()
    heard.running.remove(first)
    (statement,) = re.findall(r"^    (UPDATE alerts\.progress .*)$", (ROOT / "docs/operations.md").read_text(), re.M)
    async with heard.engine.begin() as connection:
        # As if the second had been of another format.
        await connection.exec_driver_sql("DELETE FROM alerts.alert WHERE kind = 'flag'")
        statement = statement.replace("OFFSET", "1").replace("PARTITION", str(HERE))
        assert (await connection.exec_driver_sql(statement)).rowcount == 1
    before = heard.count("signals_total", outcome="recorded")
    with capture_logs() as logs:
        await heard.start()
        await heard.settled()
    assert heard.count("signals_total", outcome="recorded") - before == 1
    assert heard.count("signals_total", outcome="duplicate") == 1, "it did not begin before it"
    assert "log.restarted" not in {line["event"] for line in logs}
    assert await heard.rows("SELECT count(*) FROM alerts.alert") == [(3,)]


async def test_a_reader_that_lost_its_partition_can_decide_nothing(heard: Voice) -> None:
    """Its group has given the partition to another, and it does not know yet."""
    zombie = await heard.start()
    await heard.tell(band("yellow"))
    await heard.settled()
    await heard.broker.expire_session(zombie.consumer)
    heir = await heard.start()
    await heard.tell(band("red", hours=1, opens=band("yellow")))
    await heard.settled()
    assert titles(heard.post.arrived) == ["🟡 Birch Foods is yellow: 78 → 60", RED[0]]
    assert await heard.reasons() == [("yellow", "new"), ("red", "worse than last told")]
    await heir.stop()
    heard.running.remove(heir)


async def test_two_replicas_share_the_partitions_and_send_each_message_once(heard: Voice) -> None:
    await heard.start()
    await heard.start()
    accounts = [f"cust-{number:03d}" for number in range(40)]
    for account in accounts:
        await heard.tell(Sample(account=account, to="red", after=30.0).build())
    await heard.settled()
    assert len(heard.post.arrived) == len(accounts)
    assert await heard.rows("SELECT count(*), count(DISTINCT notification_id) FROM alerts.attempt") == [(40, 40)]


async def test_a_receiver_without_a_channel_is_recorded_and_tells_nobody(heard: Voice) -> None:
    await heard.start()
    await heard.tell(flag("nobody_asks"))
    await heard.settled()
    assert heard.post.arrived == []
    found = await heard.rows("SELECT receiver, lane, reason FROM alerts.decision")
    assert found == [("nobody", None, "the routes tell nobody")]


async def test_after_a_final_outcome_silence_is_no_news(heard: Voice) -> None:
    await heard.start()
    await heard.tell(outcome("churned"), flag("gone_quiet", hours=1))
    await heard.settled()
    assert [reason for _, reason in await heard.reasons()] == ["new", "the account has left"]
    await heard.tell(outcome("renewed", hours=2), flag("gone_quiet", hours=3))
    await heard.settled()
    assert {reason for _, reason in (await heard.reasons())[2:]} == {"new"}
    assert len(await heard.rows("SELECT 1 FROM alerts.alert")) == 4


async def test_an_account_with_characters_that_a_database_cannot_hold_is_told_all_the_same(heard: Voice) -> None:
    await heard.start()
    signal = band("red")
    await heard.tell(replace(signal, facts=replace(signal.facts, tier="lo\0w", owner="da\0na@example.com")))
    await heard.settled()
    assert titles(heard.post.arrived) == RED


async def test_in_stream_mode_everything_goes_by_the_simulated_time(database: str) -> None:
    """Months pass in a moment: nothing is late, and the repeat interval is simulated, too."""
    async with voice(database, mode=TimeMode.STREAM) as heard:
        await heard.start()
        for days in (0, 3, 9):
            storm = Sample(kind=Kind.FLAG, to="support_storm", at=flag("x", hours=24 * days).at).build()
            await heard.tell(storm, stamped=True)
            await heard.settled()
        assert [reason for _, reason in await heard.reasons()] == [
            "new",
            "told within the repeat interval",
            "told last longer ago than the repeat interval",
        ]
        assert len(heard.post.arrived) == 2


async def test_an_import_of_old_outcomes_silences_nobody(heard: Voice) -> None:
    """They renewed yesterday; last year's churn is imported today."""
    await heard.start()
    await heard.tell(outcome("renewed"))
    await heard.settled()
    await heard.tell(replace(outcome("churned", hours=-9000), history=True), flag("downgrade", hours=1))
    await heard.settled()
    assert ("downgrade", "new") in await heard.reasons()


async def test_a_late_signal_that_is_said_twice_around_the_word_is_settled_by_it(heard: Voice) -> None:
    late = band("red", hours=-2)
    await heard.tell(late)
    await heard.caught_up(HERE)
    await heard.tell(late)
    await heard.start()
    await heard.settled()
    assert titles(heard.post.arrived) == RED
