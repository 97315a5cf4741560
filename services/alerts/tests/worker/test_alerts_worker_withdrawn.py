"""An event was reported by mistake: what its readers hear, through the tables and the sender."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace

from alerts.errors import Failure
from alerts.samples import Sample
from common.contracts.signals import Kind, MovingEvent, Severity, Signal
from support.alerts_decisions import at, band
from support.alerts_replicas import ReplicasHarness, replicas_harness, titles
from support.alerts_sending import failure

ROUTES = """
route: {receiver: desk, resolve_after: at once}
receivers:
  - {name: desk, slack: {channel: "#desk"}}
final_outcomes: [churned]
"""
DESK = "slack:#desk"
CAUSE = MovingEvent("crm", "e-7", "contract.cancel_requested", at(0), -60.0)


@pytest.fixture
async def desk(database: str) -> AsyncIterator[ReplicasHarness]:
    async with replicas_harness(database, routes=ROUTES) as built:
        yield built


def caused(kind: Kind, to: str, *, hours: float = 0.0, **more: Any) -> Signal:
    return Sample(kind=kind, to=to, at=at(hours), event=CAUSE, **more).build()


FLAG = caused(Kind.FLAG, "cancel_intent", severity=Severity.CRITICAL)
WITHDRAWN = caused(Kind.RETRACTED, "cancel_intent", hours=0.01, severity=Severity.INFO)
TITLE = "⚪ Birch Foods: withdrawn: asked to cancel (reported by mistake)"


async def messages(replicas: ReplicasHarness) -> list[tuple[str, str, str]]:
    query = "SELECT episode, reason, status FROM alerts.notification ORDER BY seq"
    return [(row[0], row[1], row[2]) for row in await replicas.rows(query)]


async def test_what_was_told_is_amended_once_in_its_thread(desk: ReplicasHarness) -> None:
    await desk.start()
    await desk.tell(FLAG)
    await desk.settled()
    await desk.tell(WITHDRAWN)
    await desk.tell(WITHDRAWN)
    await desk.settled()
    assert titles(desk.post.arrived) == ["🔴 Birch Foods: asked to cancel", TITLE]
    assert await messages(desk) == [
        (FLAG.episode, "new", "sent"),
        (FLAG.episode, "reported by mistake, and told before", "sent"),
    ]


async def test_what_waits_is_not_sent_any_more(desk: ReplicasHarness) -> None:
    await desk.start()
    desk.post.plan[DESK] = [failure(Failure.UNAUTHORIZED, retry_after=3.0)] * 9
    await desk.tell(FLAG)
    await desk.tried(1)
    await desk.tell(WITHDRAWN)
    await desk.settled()
    assert desk.post.arrived == []
    assert [status for _, _, status in await messages(desk)] == ["dropped"]
    assert await desk.reasons() == [
        ("cancel_intent", "new"),
        ("cancel_intent", "withdrawn before told"),
        ("cancel_intent", "withdrawn before told"),
    ]


async def test_of_what_nobody_was_told_nothing_is_told(desk: ReplicasHarness) -> None:
    await desk.start()
    await desk.tell(replace(FLAG, history=True))
    await desk.tell(WITHDRAWN)
    await desk.settled()
    assert desk.post.arrived == []
    assert await desk.reasons() == [
        ("cancel_intent", "history"),
        ("cancel_intent", "nothing was told of what is withdrawn"),
    ]


async def test_an_account_that_did_not_leave_is_told_of_again(desk: ReplicasHarness) -> None:
    """The outcome was final: until it is withdrawn, nothing more of the account is told."""
    await desk.start()
    churned = caused(Kind.OUTCOME, "churned")
    await desk.tell(churned)
    await desk.settled()
    await desk.tell(band("yellow", hours=0.005))
    await desk.settled()
    assert ("yellow", "the account has left") in await desk.reasons()
    await desk.tell(caused(Kind.RETRACTED, "churned", hours=0.01, severity=Severity.INFO))
    await desk.settled()
    await desk.tell(band("red", hours=0.02))
    await desk.settled()
    assert (await desk.reasons())[-2:] == [("churned", "reported by mistake, and told before"), ("red", "new")]
    assert len(desk.post.arrived) == 3
    again = MovingEvent("crm", "e-8", "contract.ended", at(0.03), -1.0)
    await desk.tell(Sample(kind=Kind.OUTCOME, to="churned", at=at(0.03), event=again).build())
    await desk.settled()
    await desk.tell(band("yellow", hours=0.04))
    await desk.settled()
    assert (await desk.reasons())[-2:] == [("churned", "new"), ("yellow", "the account has left")]
