"""Guarantee 8: replays and outages do not flood. Scoring was away, or alerts itself, and came back."""

from alerts.samples import Sample
from common.topics import partition_of
from support.deciding import band, flag
from support.voice import PARTITIONS, Voice, titles

HERE = partition_of(b"cust-001", PARTITIONS)
NEIGHBOURS = [name for n in range(2, 60) if partition_of((name := f"cust-{n:03d}").encode(), PARTITIONS) == HERE]


async def test_scoring_was_away_for_two_hours_and_what_came_and_went_is_not_told(heard: Voice) -> None:
    await heard.start()
    red = band("red", hours=-2)
    await heard.tell(red, band("green", hours=-1, opens=red))
    await heard.caught_up(HERE)
    await heard.settled()
    assert heard.post.arrived == []
    assert (await heard.reasons())[-2:] == [("red", "recovered before told"), ("green", "recovered before told")]


async def test_scoring_was_away_for_two_hours_and_what_still_stands_is_told_once_with_its_age(heard: Voice) -> None:
    await heard.start()
    await heard.tell(band("red", hours=-2))
    await heard.settled()
    assert heard.post.arrived == []  # until scoring says that it has told everything
    await heard.caught_up(HERE)
    await heard.settled()
    assert titles(heard.post.arrived) == ["🔴 Birch Foods is red: 78 → 30"]
    (posting,) = heard.post.tried
    assert "2 hours ago" in str(posting)
    assert await heard.reasons() == [
        ("red", "late, waits for word that scoring has caught up"),
        ("red", "new"),
    ]


async def test_word_that_scoring_has_caught_up_elsewhere_settles_nothing_here(heard: Voice) -> None:
    await heard.start()
    await heard.tell(band("red", hours=-2))
    await heard.settled()
    await heard.caught_up(1 - HERE)
    await heard.settled()
    assert heard.post.arrived == []


async def test_what_is_late_after_the_word_waits_for_the_next(heard: Voice) -> None:
    await heard.tell(band("red", hours=-2))
    await heard.caught_up(HERE)
    await heard.tell(flag("champion_left", hours=-1))
    await heard.start()
    await heard.settled()
    assert titles(heard.post.arrived) == ["🔴 Birch Foods is red: 78 → 30"]
    await heard.caught_up(HERE)
    await heard.settled()
    assert len(heard.post.arrived) == 2


async def test_fresh_word_of_an_account_settles_what_waited_of_it(heard: Voice) -> None:
    """A partition that is never quite level must not keep anybody waiting."""
    await heard.start()
    red = band("red", hours=-2)
    await heard.tell(red)
    await heard.settled()
    await heard.tell(band("yellow", opens=red))
    await heard.settled()
    assert titles(heard.post.arrived) == ["🟡 Birch Foods is yellow: 78 → 60"]


async def test_what_waits_survives_a_restart(heard: Voice) -> None:
    first = await heard.start()
    await heard.tell(band("red", hours=-2))
    await heard.settled()
    await first.kill()
    heard.running.remove(first)
    await heard.start()
    await heard.caught_up(HERE)
    await heard.settled()
    assert titles(heard.post.arrived) == ["🔴 Birch Foods is red: 78 → 30"]


async def test_alerts_was_away_and_reads_to_the_end_before_it_sends(heard: Voice) -> None:
    """Told in time by scoring, one record a poll: only the end of the log says what stands."""
    heard.clock.now -= 2 * 3600
    red = band("red", hours=-2)
    await heard.tell(red)
    heard.clock.now += 3600
    await heard.tell(band("green", hours=-1, opens=red))
    heard.clock.now += 3600
    await heard.start(max_records=1)
    await heard.settled()
    assert heard.post.arrived == []
    assert ("green", "recovered before told") in await heard.reasons()


async def test_however_short_alerts_was_away_it_reads_to_the_end_before_it_sends(heard: Voice) -> None:
    """Half a minute: nothing is late by anybody's clock, and red has come and gone."""
    red = band("red", hours=-0.01)
    others = [Sample(account=name, to="red").build() for name in NEIGHBOURS]
    await heard.tell(red, *others, band("green", opens=red))
    await heard.start(max_records=1)
    await heard.settled()
    assert len(heard.post.arrived) == len(others)
    assert ("red", "recovered before told") in await heard.reasons()


async def test_alerts_fell_behind_and_reads_to_the_end_before_it_goes_on(heard: Voice) -> None:
    running = await heard.start(max_records=1)
    await heard.caught_up(HERE)
    await heard.settled()
    heard.broker.go_offline()  # the log cannot be reached; scoring goes on beyond it
    red = band("red")
    heard.tell_unreached(red, band("green", hours=0.1, opens=red), each=120)
    heard.broker.go_online()
    await heard.settled()
    await heard.opens(running)
    await heard.settled()
    assert heard.post.arrived == []


async def test_what_comes_minutes_late_is_read_to_its_end_before_anything_is_sent(heard: Voice) -> None:
    """The log was held up and not we: what it brings now has happened five minutes ago."""
    await heard.start(max_records=1)
    await heard.caught_up(HERE)
    await heard.settled()
    red = band("red")
    others = [Sample(account=name, to="red").build() for name in NEIGHBOURS]
    heard.clock.now -= 300
    heard.tell_unreached(red, *others, band("green", hours=0.01, opens=red), each=0)
    heard.clock.now += 300
    await heard.settled()
    assert len(heard.post.arrived) == len(others)
    assert ("red", "recovered before told") in await heard.reasons()


async def test_an_import_is_stored_as_history_and_told_to_nobody(heard: Voice) -> None:
    await heard.start()
    await heard.tell(Sample(to="red", history=True).build())
    await heard.caught_up(HERE)
    await heard.settled()
    assert heard.post.arrived == []
    assert await heard.reasons() == [("red", "history")]
