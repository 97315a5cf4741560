"""GET /v1/accounts/{id}/export: all that alerts keeps of an account, and nothing of another."""

from typing import Any

import msgspec
import pytest

from alerts.decisions.reasons import DecisionReason
from alerts.postgres.user_erasure import delete_person
from alerts.samples import NOON, Sample
from common.contracts.signals import Contact, Facts, Signal
from support.alerts_api import ERASURE_KEY, AlertsApi
from support.exports import check_export

KNOWN = """
INSERT INTO alerts.account_facts
VALUES (:account, 0, json_build_object('name', :name ::text, 'merged_into', :merged_into ::text))
"""
MANY = """
INSERT INTO alerts.gathering VALUES ('first_look', 'email:dana@example.com', 'g-1', 0, 60, 1800, '{"way": "owner"}');
INSERT INTO alerts.gathered VALUES
    ('g-1', 'acme', :mine, 'red', 'critical', 1, 9000), ('g-1', 'birch', :other, 'red', 'critical', 1, 77)
"""
ERASED = """
INSERT INTO alerts.erased (partition, pseudonym, erased_at, cluster_id, fingerprint, erasure_id, at, removed)
VALUES (0, :pseudonym, 10, 'cluster', 'key', 'r-1', 0, '{}')
"""


async def told(api: AlertsApi, account: str) -> Signal:
    """A signal with its message, which failed once, and was sent and acknowledged."""
    signal = await api.rows.record(Sample(account=account, facts=Facts(name=f"Firm {account}")).build())
    name = f"m-{account}"
    await api.rows.tell(signal, name)
    await api.rows.attempt(name, 1, "refused", detail=f"{account} is not a channel", started=1.0)
    await api.rows.attempt(name, 2, "sent", started=2.0)
    await api.acknowledge(signal, "dana@example.com", f"called {account}")
    await api.rows.execute("INSERT INTO alerts.timer VALUES ('account', :account, 0, 99)", account=account)
    await api.rows.execute(KNOWN, account=account, name=f"Firm {account}", merged_into=None)
    return signal


async def exported(api: AlertsApi, account: str, **query: str) -> Any:
    answer = await api.export(account, **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
async def two(api: AlertsApi) -> tuple[Signal, Signal]:
    return await told(api, "acme"), await told(api, "birch")


async def test_an_export_has_every_table_and_nothing_of_another_account(
    api: AlertsApi, two: tuple[Signal, Signal]
) -> None:
    answer = await api.export("acme")
    assert "birch" not in answer.text
    found = answer.json()
    check_export(found, (await api.http.get("/openapi.json")).json())
    assert (found["service"], found["merged_into"]) == ("alerts", None)
    sections = found["sections"]
    (alert,) = sections["alert"]
    assert alert["body"] == (await api.one(two[0]))["signal"], "the signal whole, as it was told"
    (decision,) = sections["decision"]
    assert (decision["reason"], decision["notification_id"]) == (DecisionReason.NEW, "m-acme")
    (message,) = sections["notification"]
    assert (message["status"], message["signals"]) == ("sent", [two[0].signal_id])
    assert "lease_token" not in message
    assert [(one["n"], one["outcome"]) for one in sections["attempt"]] == [(1, "refused"), (2, "sent")]
    assert [one["note"] for one in sections["acknowledgement"]] == ["called acme"]
    assert [one["facts"]["name"] for one in sections["account_facts"]] == ["Firm acme"]
    assert [one["due"] for one in sections["timer"]] == [99]


async def test_a_message_about_many_accounts_says_nothing_of_the_others(
    api: AlertsApi, two: tuple[Signal, Signal]
) -> None:
    mine, other = (signal.signal_id for signal in two)
    insert_gathering, insert_gathered = MANY.split(";")
    await api.rows.execute(insert_gathering)
    await api.rows.execute(insert_gathered, mine=mine, other=other)
    summary = {"accounts": 77, "well": 75}
    await api.rows.message("m-many", two, account_id="", gathering_id="g-1", summary=summary)
    await api.rows.attempt("m-many", 1, "sent", started=3.0)
    answer = await api.export("acme")
    assert "birch" not in answer.text
    assert other not in answer.text
    sections = answer.json()["sections"]
    shared = sections["notification"][-1]
    assert (shared["notification_id"], shared["signals"], shared["summary"]) == ("m-many", [mine], None)
    assert [(one["account_id"], one["arr"]) for one in sections["gathered"]] == [("acme", 9000)]
    assert [one["gathering_id"] for one in sections["gathering"]] == ["g-1"]
    assert ("m-many", 1) in {(one["notification_id"], one["n"]) for one in sections["attempt"]}


async def test_of_one_person_only_what_names_them_is_exported(api: AlertsApi, two: tuple[Signal, Signal]) -> None:
    named = two[0]
    contact = """UPDATE alerts.alert SET body = jsonb_set(body::jsonb, '{contacts}', '[{"user_id": "ann"}]')::json
                 WHERE signal_id = :signal"""
    await api.rows.execute(contact, signal=named.signal_id)
    silent = await api.rows.record(Sample(account="acme", kind=named.kind, to="green").build())
    await api.rows.tell(silent, "m-silent")
    sections = (await exported(api, "acme", user="ann"))["sections"]
    assert [one["signal_id"] for one in sections["alert"]] == [named.signal_id]
    assert [one["notification_id"] for one in sections["notification"]] == ["m-acme"]
    assert {one["notification_id"] for one in sections["attempt"]} == {"m-acme"}
    assert {one["signal_id"] for one in sections["decision"]} == {named.signal_id}
    assert len(sections["acknowledgement"]) == 1
    for nobody in ("an", "ann2", "%"):
        unknown = await api.export("acme", user=nobody)
        assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_user"), nobody


async def test_of_an_erased_person_nothing_is_found(api: AlertsApi) -> None:
    ann, bo = Contact("ann", NOON, "Ann Lee"), Contact("bo", NOON)
    named = await api.rows.record(Sample(account="acme", contacts=(ann, bo)).build())
    await api.rows.tell(named, "m-acme")
    await exported(api, "acme", user="ann")
    async with api.rows.engine.begin() as connection:
        await delete_person(connection, "ann", partition=0)
    gone = await api.export("acme", user="ann")
    assert (gone.status_code, gone.json()["code"]) == (404, "unknown_user")
    for whole in (await api.export("acme"), await api.export("acme", user="bo")):
        assert whole.status_code == 200
        assert "Ann Lee" not in whole.text
    assert (await api.one(named))["signal"]["contacts"] == [msgspec.to_builtins(bo)]


async def test_merged_erased_and_unknown_accounts_are_told_apart(api: AlertsApi, two: tuple[Signal, Signal]) -> None:
    await api.rows.execute(KNOWN, account="old", name="Old", merged_into="acme")
    assert (await exported(api, "old"))["merged_into"] == "acme"
    unknown = await api.export("nobody")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_account")
    await api.rows.execute(ERASED, pseudonym=ERASURE_KEY.pseudonym("gone"))
    erased = await api.export("gone")
    assert (erased.status_code, erased.json()["code"]) == (410, "erased")
    await api.rows.execute("UPDATE alerts.erased SET lifted_at = 15")
    assert [one["erasure_id"] for one in (await exported(api, "gone"))["sections"]["erased"]] == ["r-1"]
