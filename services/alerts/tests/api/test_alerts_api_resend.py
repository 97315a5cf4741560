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


async def test_the_alert_says_who_had_its_messages_sent_again_and_when(api: AlertsApi, red: Signal) -> None:
    await api.rows.message("n-lost", [red], status="failed")
    await api.rows.message("n-sent", [red], status="sent")
    path = f"/v1/alerts/{red.signal_id}/resend"
    assert (await api.http.post(path, json={"by": " dana@example.com "})).status_code == 200
    for shown in (await api.one(red), *(await api.list())):
        messages = {one["id"]: one for one in shown["notifications"]}
        assert (messages["n-lost"]["resent_by"], messages["n-sent"]["resent_by"]) == ("dana@example.com", None)
        assert messages["n-lost"]["resent"] is not None
        assert messages["n-sent"]["resent"] is None
        assert [one["by"] for one in shown["decisions"]] == ["dana@example.com"]

    # It fails again. Who asks now does not say who they are.
    failing = "UPDATE alerts.notification SET status = 'failed', done = 1 WHERE notification_id = 'n-lost'"
    await api.rows.execute(failing)
    assert (await api.http.post(path)).status_code == 200
    shown = await api.one(red)
    assert [one["by"] for one in shown["decisions"]] == ["dana@example.com", None]
    assert [one["resent_by"] for one in shown["notifications"]] == [None, None]
    assert shown["notifications"][0]["resent"] is not None


async def test_a_message_about_many_accounts_says_at_each_who_had_it_sent_again(api: AlertsApi, red: Signal) -> None:
    other = await api.rows.record(Sample(account="birch", to="red").build())
    await api.rows.message("n-many", [red], account_id="", gathering_id="g", status="failed")
    await api.rows.execute(
        "INSERT INTO alerts.gathered (gathering_id, account_id, signal_id, band, severity, open) "
        "VALUES ('g', 'acme', :red, 'red', 'critical', 0), ('g', 'birch', :other, 'red', 'critical', 0)",
        red=red.signal_id,
        other=other.signal_id,
    )
    path = f"/v1/alerts/{other.signal_id}/resend"
    assert (await api.http.post(path, json={"by": "dana@example.com"})).status_code == 200
    for signal in (red, other):
        (message,) = (await api.one(signal))["notifications"]
        assert (message["status"], message["resent_by"]) == ("pending", "dana@example.com")


async def test_who_had_a_message_sent_again_is_in_the_export(api: AlertsApi, red: Signal) -> None:
    await api.rows.message("n-lost", [red], status="failed")
    await api.http.post(f"/v1/alerts/{red.signal_id}/resend", json={"by": "dana@example.com"})
    sections = (await api.export("acme")).json()["sections"]
    assert [one["by"] for one in sections["decision"]] == ["dana@example.com"]


async def test_a_message_that_was_handed_on_is_not_sent_again(api: AlertsApi, red: Signal) -> None:
    await api.rows.message("n-lost", [red], status="failed", fallback={"receiver": "desk", "targets": []})
    answer = await api.http.post(f"/v1/alerts/{red.signal_id}/resend")
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_failed")


async def test_an_alert_that_nobody_knows_is_said_so(api: AlertsApi) -> None:
    answer = await api.http.post("/v1/alerts/nobody/resend")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_alert")
