"""An account that was merged into another one: its open alert ends, and nothing that waits is sent."""

from msgspec.structs import replace

from alerts.errors import Failure
from alerts.samples import Sample
from common.contracts.signals import Facts, Kind, Signal
from support.alerts_decisions import at
from support.alerts_replicas import ROUTES, ReplicasHarness, replicas_harness
from support.alerts_sending import failure

KNOWN = Facts(name="Birch Foods", tier="high", owner="dana@example.com")
MERGED = replace(KNOWN, merged_into="birch-group")


def band(to: str, *, hours: float = 0.0, opens: Signal | None = None) -> Signal:
    episode = None if opens is None else opens.episode
    return Sample(to=to, at=at(hours), after={"green": 80.0}.get(to, 30.0), episode=episode, facts=KNOWN).build()


async def messages(replicas: ReplicasHarness) -> list[str]:
    return [row[0] for row in await replicas.rows("SELECT status FROM alerts.notification ORDER BY seq")]


async def test_an_open_alert_ends_and_nobody_is_told_of_it(replicas: ReplicasHarness) -> None:
    await replicas.start()
    await replicas.facts("cust-001", KNOWN)
    await replicas.tell(band("red"))
    await replicas.settled()
    told = await messages(replicas)
    await replicas.facts("cust-001", MERGED)
    await replicas.facts("cust-001", replace(MERGED, owner="eli@example.com"))
    await replicas.settled()
    assert await messages(replicas) == told
    reasons = await replicas.reasons()
    assert reasons.count(("red", "merged")) == 1
    assert reasons[-1] == ("red", "merged"), "another owner hears nothing of it either"


async def test_what_waits_to_be_sent_is_dropped(replicas: ReplicasHarness) -> None:
    await replicas.start()
    await replicas.facts("cust-001", KNOWN)
    replicas.post.plan["slack:#desk"] = [failure(Failure.UNAUTHORIZED, retry_after=3.0)] * 9
    await replicas.tell(Sample(kind=Kind.FLAG, to="support_storm", at=at(0), facts=KNOWN).build())
    await replicas.tried(1)
    await replicas.facts("cust-001", MERGED)
    await replicas.settled()
    assert set(await messages(replicas)) == {"dropped"}
    assert (await replicas.reasons())[-1] == ("support_storm", "merged")


async def test_a_recovery_that_has_to_hold_waits_no_more_and_its_timer_goes(database: str) -> None:
    async with replicas_harness(database, routes=ROUTES.replace("at once", "1h")) as replicas:
        await replicas.start()
        red = band("red")
        await replicas.tell(red)
        await replicas.post.until(arrived=1)
        await replicas.tell(band("green", hours=0.01, opens=red))
        await replicas.settled()
        assert await replicas.rows("SELECT count(*) FROM alerts.timer") == [(1,)]
        await replicas.facts("cust-001", MERGED)
        await replicas.settled()
        assert await messages(replicas) == ["sent", "dropped"]
        assert await replicas.rows("SELECT count(*) FROM alerts.timer") == [(0,)]


async def test_what_was_late_is_not_told(replicas: ReplicasHarness) -> None:
    await replicas.start()
    await replicas.tell(band("yellow", hours=-2))
    await replicas.settled()
    await replicas.facts("cust-001", MERGED)
    await replicas.settled()
    assert (await replicas.reasons())[-1] == ("yellow", "merged")
    assert await replicas.rows("SELECT count(*) FROM alerts.alert WHERE waiting") == [(0,)]
    assert await messages(replicas) == []


async def test_what_comes_after_the_merge_is_kept_and_after_it_was_taken_back_it_is_told(
    replicas: ReplicasHarness,
) -> None:
    await replicas.start()
    await replicas.facts("cust-001", MERGED)
    await replicas.tell(band("yellow"))
    await replicas.settled()
    assert await replicas.reasons() == [("yellow", "merged")]
    await replicas.facts("cust-001", KNOWN)
    await replicas.tell(band("red", hours=1))
    await replicas.settled()
    assert (await replicas.reasons())[-1] == ("red", "new")
