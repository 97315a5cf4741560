"""A failed message is sent again on request."""

import pytest

from alerts.samples import Sample
from common.contracts.signals import Signal
from support.alerts_api import AlertsApi


@pytest.fixture
async def red(api: AlertsApi) -> Signal:
    return await api.rows.record(Sample(account="acme", to="red").build())


async def test_the_failed_messages_of_an_alert_are_held_until_they_are_decided_again(
    api: AlertsApi, red: Signal
) -> None:
    await api.rows.message("n-lost", [red], status="failed")
    await api.rows.message("n-sent", [red], status="sent")
    answer = await api.http.post(f"/v1/alerts/{red.signal_id}/resend")
    assert answer.json() == {"alert_id": red.signal_id, "notification_ids": ["n-lost"]}
    shown = await api.one(red)
    assert {one["id"]: one["status"] for one in shown["notifications"]} == {"n-lost": "held", "n-sent": "sent"}
    assert [one["reason"] for one in shown["decisions"]] == ["sent again on request, after it had failed"]
    assert await api.rows.scalar("SELECT due FROM alerts.timer WHERE subject = 'acme'") == 0.0


async def test_a_message_that_was_handed_on_is_not_sent_again(api: AlertsApi, red: Signal) -> None:
    await api.rows.message("n-lost", [red], status="failed", fallback={"receiver": "desk", "targets": []})
    answer = await api.http.post(f"/v1/alerts/{red.signal_id}/resend")
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_failed")


async def test_an_alert_that_nobody_knows_is_said_so(api: AlertsApi) -> None:
    answer = await api.http.post("/v1/alerts/nobody/resend")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_alert")
