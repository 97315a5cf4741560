"""Guarantee 8: replays and outages do not flood. Scoring was away, or alerts itself, and came back."""

from alerts.samples import Sample
from common.bus.partitioner import partition_of
from support.alerts_decisions import band, flag
from support.alerts_replicas import PARTITIONS, ReplicasHarness, titles

HERE = partition_of(b"cust-001", PARTITIONS)
NEIGHBOURS = [name for n in range(2, 60) if partition_of((name := f"cust-{n:03d}").encode(), PARTITIONS) == HERE]


async def test_scoring_was_away_for_two_hours_and_what_came_and_went_is_not_told(replicas: ReplicasHarness) -> None:
    await replicas.start()
    red = band("red", hours=-2)
    await replicas.tell(red, band("green", hours=-1, opens=red))
    await replicas.caught_up(HERE)
    await replicas.settled()
    assert replicas.post.arrived == []
    assert (await replicas.reasons())[-2:] == [("red", "recovered before told"), ("green", "recovered before told")]


async def test_scoring_was_away_for_two_hours_and_what_still_stands_is_told_once_with_its_age(
    replicas: ReplicasHarness,
) -> None:
    await replicas.start()
    await replicas.tell(band("red", hours=-2))
    await replicas.settled()
    assert replicas.post.arrived == []  # until scoring says that it has told everything
    await replicas.caught_up(HERE)
    await replicas.settled()
    assert titles(replicas.post.arrived) == ["🔴 Birch Foods is red: 78 → 30"]
    (posting,) = replicas.post.tried
    assert "2 hours ago" in str(posting)
    assert await replicas.reasons() == [
        ("red", "late, waits for word that scoring has caught up"),
        ("red", "new"),
    ]


async def test_word_that_scoring_has_caught_up_elsewhere_settles_nothing_here(replicas: ReplicasHarness) -> None:
    await replicas.start()
    await replicas.tell(band("red", hours=-2))
    await replicas.settled()
    await replicas.caught_up(1 - HERE)
    await replicas.settled()
    assert replicas.post.arrived == []


async def test_what_is_late_after_the_word_waits_for_the_next(replicas: ReplicasHarness) -> None:
    await replicas.tell(band("red", hours=-2))
    await replicas.caught_up(HERE)
    await replicas.tell(flag("champion_left", hours=-1))
    await replicas.start()
    await replicas.settled()
    assert titles(replicas.post.arrived) == ["🔴 Birch Foods is red: 78 → 30"]
    await replicas.caught_up(HERE)
    await replicas.settled()
    assert len(replicas.post.arrived) == 2


async def test_fresh_word_of_an_account_settles_what_waited_of_it(replicas: ReplicasHarness) -> None:
    """A partition that is never quite level must not keep anybody waiting."""
    await replicas.start()
    red = band("red", hours=-2)
    await replicas.tell(red)
    await replicas.settled()
    await replicas.tell(band("yellow", opens=red))
    await replicas.settled()
    assert titles(replicas.post.arrived) == ["🟡 Birch Foods is yellow: 78 → 60"]


async def test_what_waits_survives_a_restart(replicas: ReplicasHarness) -> None:
    first = await replicas.start()
    await replicas.tell(band("red", hours=-2))
    await replicas.settled()
    await first.kill()
    replicas.running.remove(first)
    await replicas.start()
    await replicas.caught_up(HERE)
    await replicas.settled()
    assert titles(replicas.post.arrived) == ["🔴 Birch Foods is red: 78 → 30"]


async def test_alerts_was_away_and_reads_to_the_end_before_it_sends(replicas: ReplicasHarness) -> None:
    """Told in time by scoring, one record a poll: only the end of the log says what stands."""
    replicas.clock.now -= 2 * 3600
    red = band("red", hours=-2)
    await replicas.tell(red)
    replicas.clock.now += 3600
    await replicas.tell(band("green", hours=-1, opens=red))
    replicas.clock.now += 3600
    await replicas.start(max_records=1)
    await replicas.settled()
    assert replicas.post.arrived == []
    assert ("green", "recovered before told") in await replicas.reasons()


async def test_however_short_alerts_was_away_it_reads_to_the_end_before_it_sends(replicas: ReplicasHarness) -> None:
    """Half a minute: nothing is late by anybody's clock, and red has come and gone."""
    red = band("red", hours=-0.01)
    others = [Sample(account=name, to="red").build() for name in NEIGHBOURS]
    await replicas.tell(red, *others, band("green", opens=red))
    await replicas.start(max_records=1)
    await replicas.settled()
    assert len(replicas.post.arrived) == len(others)
    assert ("red", "recovered before told") in await replicas.reasons()


async def test_alerts_fell_behind_and_reads_to_the_end_before_it_goes_on(replicas: ReplicasHarness) -> None:
    running = await replicas.start(max_records=1)
    await replicas.caught_up(HERE)
    await replicas.settled()
    replicas.broker.go_offline()  # the log cannot be reached; scoring goes on beyond it
    red = band("red")
    replicas.tell_unreached(red, band("green", hours=0.1, opens=red), each=120)
    replicas.broker.go_online()
    await replicas.settled()
    await replicas.opens(running)
    await replicas.settled()
    assert replicas.post.arrived == []


async def test_what_comes_minutes_late_is_read_to_its_end_before_anything_is_sent(replicas: ReplicasHarness) -> None:
    """The log was held up and not we: what it brings now has happened five minutes ago."""
    await replicas.start(max_records=1)
    await replicas.caught_up(HERE)
    await replicas.settled()
    red = band("red")
    others = [Sample(account=name, to="red").build() for name in NEIGHBOURS]
    replicas.clock.now -= 300
    replicas.tell_unreached(red, *others, band("green", hours=0.01, opens=red), each=0)
    replicas.clock.now += 300
    await replicas.settled()
    assert len(replicas.post.arrived) == len(others)
    assert ("red", "recovered before told") in await replicas.reasons()


async def test_an_import_is_stored_as_history_and_told_to_nobody(replicas: ReplicasHarness) -> None:
    await replicas.start()
    await replicas.tell(Sample(to="red", history=True).build())
    await replicas.caught_up(HERE)
    await replicas.settled()
    assert replicas.post.arrived == []
    assert await replicas.reasons() == [("red", "history")]
