"""Which of alerts' messages it is that has come."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from alerts.api.answers import AlertSummary
from alerts.decisions.reasons import DecisionReason
from alerts.samples import NOON
from common.contracts.signals import Kind, Severity
from local.demo.message_tracing import DeliveredMessage, MessageTracer, report
from local.fakes.arrivals import Arrivals
from local.fakes.messages import ReceivedMessage
from local.replay.playback import run_beside
from local.stack.processes import ServerError
from support.notices import DANA, DESK, listed, message, notification

ACCOUNTS = {"Birch Foods": "cust-001", "Cedar Labs": "cust-002"}
LATER = NOON + timedelta(days=2)


class Alerts:
    def __init__(self, *alerts: AlertSummary) -> None:
        self._alerts = alerts

    async def of(self, account_id: str) -> Sequence[AlertSummary]:
        return [alert for alert in self._alerts if alert.account_id == account_id]

    async def first_looks(self) -> Sequence[AlertSummary]:
        return [alert for alert in self._alerts if alert.kind == Kind.FIRST_LOOK]


async def test_an_e_mail_says_which_message_it_is() -> None:
    alerts = Alerts(listed(notification("n1", DESK), notification("n2", DESK, decided=LATER)))

    found = await MessageTracer(alerts, ACCOUNTS).trace(message(lane=DESK, name="n2"))

    assert (found.notification_id, found.account_id, found.at, found.repeated) == ("n2", "cust-001", LATER, False)


async def test_slack_messages_come_in_the_order_in_which_they_were_decided() -> None:
    """The newest alert is listed first; what went elsewhere, or has not been begun, is not what has come."""
    alerts = Alerts(
        listed(notification("n4", decided=LATER + timedelta(days=1), attempts=0), to="churned"),
        listed(notification("n3", decided=LATER, reason=DecisionReason.RECOVERED), to="green"),
        listed(notification("n1"), notification("n2", DESK)),
    )
    tracer = MessageTracer(alerts, ACCOUNTS)

    first, second = [await tracer.trace(message()) for _ in range(2)]

    assert (first.notification_id, first.at, first.reason) == ("n1", NOON, DecisionReason.NEW)
    assert (second.notification_id, second.at, second.reason) == ("n3", LATER, DecisionReason.RECOVERED)


@pytest.mark.parametrize(("lane", "name"), [(DANA, None), (DESK, "n1")])
async def test_what_comes_a_second_time_is_repeated(lane: str, name: str | None) -> None:
    tracer = MessageTracer(Alerts(listed(notification("n1", lane))), ACCOUNTS)

    come = [await tracer.trace(message(lane=lane, name=name)) for _ in range(2)]

    assert [one.notification_id for one in come] == ["n1", "n1"]
    assert [one.repeated for one in come] == [False, True]


async def test_of_several_alerts_in_a_message_the_gravest_says_why_and_a_band_before_a_flag() -> None:
    one = notification("n1")
    alerts = Alerts(
        listed(one, to="late", kind=Kind.FLAG, severity=Severity.WARNING, why="late"),
        listed(one, to="cancel", kind=Kind.FLAG, why="asked"),
        listed(one, to="red", why="capped by cancel -40"),
    )

    found = await MessageTracer(alerts, ACCOUNTS).trace(message())

    assert [alert.to for alert in found.alerts] == ["red", "cancel", "late"]
    assert found.why == "capped by cancel -40"


async def test_a_message_about_many_accounts_is_that_of_the_gravest() -> None:
    one = notification("n1")
    alerts = Alerts(
        listed(one, to="yellow", kind=Kind.FIRST_LOOK, severity=Severity.WARNING, account="cust-002"),
        listed(one, to="red", kind=Kind.FIRST_LOOK),
    )

    found = await MessageTracer(alerts, ACCOUNTS).trace(message("🔴 First look at 2 accounts: 1 red, 1 yellow"))

    assert (found.notification_id, found.account_id) == ("n1", "cust-001")
    assert [alert.to for alert in found.alerts] == ["red", "yellow"]


@pytest.mark.parametrize("title", ["🔴 Elm Bank is red", "🔴 Cedar Labs is red"])
async def test_a_message_that_alerts_knows_nothing_of_is_an_error(title: str) -> None:
    """Of nobody in this world, and of an account that nothing was told about."""
    with pytest.raises(ServerError, match=title):
        await MessageTracer(Alerts(listed(notification("n1"))), ACCOUNTS).trace(message(title))


async def test_every_message_is_told_as_it_comes() -> None:
    messages: Arrivals[ReceivedMessage] = Arrivals()
    come: Arrivals[DeliveredMessage] = Arrivals()
    printed: list[str] = []
    await messages.add(message())
    await messages.add(message("🟢 Cedar Labs is green again: 65 → 93"))
    alerts = Alerts(listed(notification("n1")), listed(notification("n2"), account="cust-002"))

    await run_beside(
        come.nth(2),
        report(
            messages, MessageTracer(alerts, ACCOUNTS), delivered=come, tell=lambda one: printed.append(one.account_id)
        ),
    )

    assert printed == ["cust-001", "cust-002"]
