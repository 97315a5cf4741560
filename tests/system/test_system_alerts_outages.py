"""Guarantee 8: whatever was off or asleep, nobody is told what has come and gone meanwhile, or was told before."""

from common.contracts.signals import Signal
from support.alerting import BEFORE_TOLD, WAITS, Alerting, green, mood, red

SCALED_HOUR = 2.0
CROWD = 16


async def test_what_came_and_went_while_scoring_was_off_is_not_told(alerting: Alerting) -> None:
    """Scoring itself is off for two hours, scaled to seconds, and says itself when it has caught up."""
    system, client = alerting.system, alerting.client
    _, worker, _ = await system.up("ingest", "worker", "alerts", ALERTS_LATE_SECONDS="1.5")
    await client.posted(mood("brief", 90), mood("lasting", 90))
    await system.scored()
    worker.kill()
    await client.posted(mood("brief", 10), mood("lasting", 10))
    await system.passes(SCALED_HOUR)
    await client.posted(mood("brief", 90))
    await system.passes(SCALED_HOUR)
    await system.up("worker")

    settled = "SELECT count(*) FROM alerts.alert WHERE NOT waiting"
    await alerting.holds(settled, [(3,)])
    await alerting.holds("SELECT * FROM alerts.notification WHERE status = 'pending'", [])
    assert await alerting.decisions("brief") == [WAITS, WAITS, BEFORE_TOLD, BEFORE_TOLD]
    assert await alerting.decisions("lasting") == [WAITS, "new"]
    assert [len(alerting.office.posts(name)) for name in ("brief", "lasting")] == [0, 1]
    assert alerting.office.messages == 1


def come_and_gone() -> tuple[list[Signal], list[Signal]]:
    """A crowd that falls, and then recovers but for one, in more records than are read at a time."""
    fallen = [red(f"crowd-{n}") for n in range(CROWD)]
    return fallen, [green(one) for one in fallen[1:]]


async def test_what_came_and_went_while_alerts_was_off_is_not_told(alerting: Alerting) -> None:
    (replica,) = await alerting.up()
    await alerting.decided()
    replica.kill()
    fallen, risen = come_and_gone()
    await alerting.tell(*fallen)
    await alerting.tell(*risen)
    await alerting.up(ALERTS_MAX_RECORDS="3")
    await alerting.quiet()
    assert (len(alerting.office.mails("crowd-0")), alerting.office.messages) == (1, 1)
    assert await alerting.decisions("crowd-1") == ["new", BEFORE_TOLD, BEFORE_TOLD]


async def test_a_replica_that_slept_reads_on_to_the_end_before_it_sends(alerting: Alerting) -> None:
    """It kept its partitions, and may send for them when it wakes; what it reads then is old."""
    (sleeper,) = await alerting.up(ALERTS_MAX_RECORDS="3", ALERTS_BEHIND_SECONDS="1.5", ALERTS_SESSION_SECONDS="6")
    await alerting.owns(sleeper, alerting.system.deployment.partitions)
    sleeper.freeze()
    fallen, risen = come_and_gone()
    await alerting.tell(*fallen)
    await alerting.tell(*risen)
    await alerting.system.passes(2)
    sleeper.thaw()
    await alerting.quiet()
    assert (len(alerting.office.mails("crowd-0")), alerting.office.messages) == (1, 1)


async def test_the_whole_topic_read_again_tells_nothing_again(alerting: Alerting) -> None:
    fallen, risen = come_and_gone()
    (replica,) = await alerting.up()
    await alerting.tell(*fallen)
    await alerting.quiet()
    await alerting.tell(*risen)
    await alerting.quiet()
    messages = alerting.office.messages
    assert messages == len(fallen) + len(risen)
    assert await replica.terminate() == 0
    decisions = await alerting.system.rows("SELECT count(*) FROM alerts.decision")

    await alerting.system.execute("DELETE FROM alerts.progress")
    (reader,) = await alerting.up()
    await alerting.quiet()
    known = "churn_alerts_signals_total"
    assert await alerting.client.metric(reader, known, outcome="duplicate") == len(fallen) + len(risen)
    assert await alerting.client.metric(reader, known, outcome="recorded") == 0
    assert await alerting.system.rows("SELECT count(*) FROM alerts.decision") == decisions
    assert alerting.office.messages == messages
