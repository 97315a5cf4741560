"""GET /v1/accounts/{id}/export: all that scoring keeps of an account, and nothing of another."""

from typing import Any

import pytest

from support.exports import check_export
from support.scoring_api import ERASURE_KEY, Api
from support.scoring_harness import DAY, START, event

HOUR = 3600.0
ERASED = """
INSERT INTO scoring.erased
    (partition, pseudonym, erased_at, lifted_at, cluster_id, fingerprint, erasure_id, at, removed)
VALUES (0, :pseudonym, 10, :lifted_at, 'cluster', 'key', 'r-1', 1769860800, '{"states": 1}')
"""


async def busy(api: Api, account: str, *, days: int = 3) -> None:
    """It has facts, two people, closed days, a bad value, and what it says has its id as a word."""
    harness = api.harness
    said = {"name": f"Ann of {account}", "email": f"ann@{account}.example", "role": "admin"}
    await harness.post(event(account, "account.updated", START, properties={"name": f"Firm {account}", "arr": 9000}))
    await harness.post(event(account, "user.updated", START + HOUR, user_id="ann", properties=said))
    for n in range(days):
        await harness.post(event(account, "session.started", START + n * DAY + HOUR, user_id="bo"))
    await harness.tick(START + days * DAY)
    await harness.score()


async def exported(api: Api, account: str, **query: str) -> Any:
    answer = await api.export(account, **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_export_has_every_table_and_nothing_of_another_account(stream_api: Api) -> None:
    for account in ("acme", "birch"):
        await busy(stream_api, account)
    answer = await stream_api.export("acme")
    assert "birch" not in answer.text
    check_export(answer.json(), (await stream_api.http.get("/openapi.json")).json())
    assert answer.headers["cache-control"] == "no-store"
    found = answer.json()
    head = {name: found[name] for name in ("service", "account_id", "user_id", "merged_into")}
    assert head == {"service": "scoring", "account_id": "acme", "user_id": None, "merged_into": None}
    sections = found["sections"]
    (state,) = sections["state"]
    assert state["health"]["facts"]["name"] == "Firm acme"
    assert state["health"] == await stream_api.get("/v1/accounts/acme", exact=True), "as the read API says it"
    assert state["facts_learned"]["arr"] == "2026-03-02T00:00:00Z"
    assert state["level"]["contributions"]
    assert [(one["user_id"], one["email"]) for one in sections["person"]] == [("ann", "ann@acme.example"), ("bo", None)]
    assert sections["person"][0]["email_at"] == START + HOUR, "when it was learned"
    assert sections["account"][0]["arr"] == 9000
    history = await stream_api.get("/v1/accounts/acme/history", exact=True)
    closed = [one["day"] for one in history["days"]][::-1]
    assert [one["day"] for one in sections["day"]] == closed[: len(sections["day"])]
    assert sections["day"][0]["body"]["account_id"] == "acme", "JSON, not a text of it"
    assert {one["signal_id"] for one in sections["signal"]} == {one["signal_id"] for one in history["signals"]}


async def test_years_of_history_come_page_by_page_each_row_once(stream_api: Api) -> None:
    await busy(stream_api, "acme")
    await stream_api.execute("DELETE FROM scoring.day")
    await stream_api.execute("""
        INSERT INTO scoring.day SELECT account, date '2020-01-01' + n, 0, json_build_object('said', account)
        FROM generate_series(0, 1234) AS n, unnest(ARRAY['acme', 'birch']) AS account""")
    await stream_api.execute("""
        INSERT INTO scoring.signal
        SELECT 's-' || n, 'acme', 0, 'flag', n / 7, '{}' FROM generate_series(1, 999) AS n""")
    sections = (await exported(stream_api, "acme"))["sections"]
    days = [one["day"] for one in sections["day"]]
    assert (len(days), len(set(days)), days) == (1235, 1235, sorted(days))
    assert {one["body"]["said"] for one in sections["day"]} == {"acme"}
    flags = [one["signal_id"] for one in sections["signal"] if one["kind"] == "flag"]
    assert sorted(flags) == sorted(f"s-{n}" for n in range(1, 1000))


async def test_one_person_is_exported_without_the_others(stream_api: Api) -> None:
    await busy(stream_api, "acme")
    answer = await stream_api.export("acme", user="ann")
    found = answer.json()
    assert found["user_id"] == "ann"
    assert [one["user_id"] for one in found["sections"]["person"]] == ["ann"]
    assert [one["email"] for one in found["sections"]["state"]] == ["ann@acme.example"]
    assert found["sections"].keys() == {"state", "person", "signal", "kpi_entry"}
    assert '"bo"' not in answer.text
    unknown = await stream_api.export("acme", user="cy")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_user")


async def test_who_is_not_known_is_a_404_and_who_was_erased_a_410_with_the_request(stream_api: Api) -> None:
    await busy(stream_api, "acme")
    unknown = await stream_api.export("nobody")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_account")
    pseudonym = ERASURE_KEY.pseudonym("gone")
    await stream_api.execute(ERASED, pseudonym=pseudonym, lifted_at=None)
    erased = await stream_api.export("gone")
    assert (erased.status_code, erased.json()["code"], erased.json()["erasure_id"]) == (410, "erased", "r-1")
    await stream_api.execute("UPDATE scoring.erased SET lifted_at = 15")
    lifted = await exported(stream_api, "gone")
    (row,) = lifted["sections"]["erased"]
    assert (row["erasure_id"], row["removed"]) == ("r-1", {"states": 1}), "that it was erased is known of it"


async def test_a_merged_account_answers_its_own_data_and_names_the_other(stream_api: Api) -> None:
    await busy(stream_api, "acme")
    await stream_api.harness.post(event("acme", "account.merged", START + 3 * DAY, properties={"into": "birch"}))
    await stream_api.harness.score()
    found = await exported(stream_api, "acme")
    assert found["merged_into"] == "birch"
    assert found["sections"]["account"][0]["name"] == "Firm acme"


async def test_a_state_that_cannot_be_read_hides_nothing_else(stream_api: Api) -> None:
    await busy(stream_api, "acme")
    await stream_api.execute(r"UPDATE scoring.state SET body = '\xff'")
    sections = (await exported(stream_api, "acme"))["sections"]
    assert sections["state"][0].keys() == {"error"}
    assert len(sections["person"]) == 2


@pytest.mark.parametrize(("path", "account"), [("eu%2Facme", "eu/acme"), ("a%0Ab%0A", "a\nb\n")])
async def test_an_id_is_taken_from_the_path_as_it_was_sent(stream_api: Api, path: str, account: str) -> None:
    await busy(stream_api, account)
    assert (await exported(stream_api, path))["account_id"] == account
