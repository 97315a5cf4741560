"""Mixpanel's requests."""

import json
from base64 import b64encode
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from common.topics import Topics
from ingest.in_memory import NOW, Ingest
from ingest.receiving.bounds import BOUNDS


def event(key: str, name: str = "Report Exported", **properties: Any) -> dict[str, Any]:
    known = {"token": key, "distinct_id": "u-1", "$insert_id": "e-1", "company_id": "acme", "mp_lib": "python"}
    return {"event": name, "properties": {**known, **properties}}


async def posted(sdk: Ingest, path: str, body: Any) -> dict[str, Any]:
    answer = await sdk.post(body, f"{path}{'&' if '?' in path else '?'}verbose=1")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


VERBOSE = {"code": 200, "status": 1, "error": None}
IMPORTED = {"code": 200, "status": "OK", "num_records_imported": 1}


@pytest.mark.parametrize(
    ("path", "as_form", "expected"),
    [
        # mixpanel-java, and mixpanel-js if it sends no batches.
        ("/track", {}, 1),
        ("/track?ip=1", {}, 1),
        # mixpanel-node says so of everything.
        ("/track?ip=0&verbose=0", {}, 1),
        ("/engage?ip=0&verbose=0", {}, 1),
        ("/groups?ip=0&verbose=0", {}, 1),
        ("/import?ip=0&verbose=0", {}, 1),
        ("/track?ip=0&verbose=1", {}, VERBOSE),
        ("/import?ip=0&verbose=1", {}, VERBOSE),
        # mixpanel-python has it in the form.
        ("/track", {"verbose": 1}, VERBOSE),
        ("/import", {"verbose": 1}, VERBOSE),
        # Imports of mixpanel-java.
        ("/import?strict=1", None, IMPORTED),
    ],
)
async def test_each_client_gets_the_answer_that_it_takes_for_success(
    sdk: Ingest, key: str, path: str, as_form: dict[str, Any] | None, expected: Any
) -> None:
    person = {"$token": key, "$distinct_id": "u-1", "$group_key": "company_id", "$group_id": "acme", "$set": {"a": 1}}
    text = json.dumps([event(key) if path.startswith(("/track", "/import")) else person])
    encoded = b64encode(text.encode()).decode()
    body = text.encode() if as_form is None else urlencode({"data": encoded, **as_form}).encode()
    answer = await sdk.post(body, path)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (answer.text, found) == ("1", 1) if expected == 1 else found.items() >= expected.items()


async def test_what_the_client_for_node_sends_in_an_address_is_taken(sdk: Ingest, key: str) -> None:
    """It sends every message so, but for batches."""

    async def get(path: str, message: dict[str, Any]) -> str:
        data = b64encode(json.dumps(message).encode()).decode()
        return (await sdk.http.get(path, params={"ip": 0, "verbose": 0, "data": data})).text

    group = {"$token": key, "$group_key": "company_id", "$group_id": "acme", "$set": {"name": "Acme"}}
    person = {"$token": key, "$distinct_id": "u-1", "$set": {"$email": "ann@acme.example"}}
    old = int((NOW - timedelta(days=400)).timestamp())
    assert await get("/track", event(key)) == "1"
    assert await get("/engage", person) == "1"
    assert await get("/groups/", group) == "1"
    assert await get("/import", event(key, time=old, **{"$insert_id": "e-2"})) == "1"
    assert [(taken.name, taken.account_id, taken.history) for taken in sdk.events()] == [
        ("report.exported", "acme", False),
        ("user.updated", "acme", False),
        ("account.updated", "acme", False),
        ("report.exported", "acme", True),
    ]


@pytest.mark.parametrize(
    ("query", "status"), [("", 400), ("data=", 400), ("data=e30%3D", 401), ("data=!&verbose=0", 400)]
)
async def test_an_address_with_nothing_to_read_is_refused(sdk: Ingest, query: str, status: int) -> None:
    answer = await sdk.http.get(f"/track?{query}")
    assert (answer.status_code, {"code", "message"} <= answer.json().keys()) == (status, True)


async def test_an_event_is_answered_as_the_client_wants_it(sdk: Ingest, key: str) -> None:
    answer = await posted(sdk, "/track", [event(key, time=int(NOW.timestamp()), format="pdf")])
    assert (answer["status"], answer["error"], answer["num_records_imported"]) == (1, None, 1)
    (taken,) = sdk.events()
    assert (taken.event_id, taken.account_id, taken.user_id, taken.time) == ("e-1", "acme", "u-1", NOW)
    assert taken.properties == {"company_id": "acme", "format": "pdf"}


async def test_an_import_may_have_a_line_for_each_event(sdk: Ingest, key: str) -> None:
    old = int((NOW - timedelta(days=400)).timestamp())
    lines = [event(key, time=old), event(key, time=old, **{"$insert_id": "e-2"})]
    assert (await posted(sdk, "/import", "\n".join(map(json.dumps, lines)).encode()))["events"] == 2
    assert all(taken.history for taken in sdk.events())


async def test_a_line_that_is_no_json_is_refused_alone(sdk: Ingest, key: str) -> None:
    """Python writes NaN for a number that is none: it becomes null, as in other bodies."""
    unknown = json.dumps(event(key, price=float("nan")))
    torn = json.dumps(event(key, **{"$insert_id": "e-2"})).replace(":", "", 1)
    last = json.dumps(event(key, **{"$insert_id": "e-3"}))
    answer = await posted(sdk, "/import", f"{unknown}\r\n\n {torn}\n{last}\n".encode())
    assert [(one["index"], one["errors"][0]["reason"]) for one in answer["errors"]] == [(1, "malformed")]
    assert [taken.event_id for taken in sdk.events()] == ["e-1", "e-3"]
    # The others have the key.
    answer = await posted(sdk, "/import", f"{torn}\n{last}".encode())
    assert (answer["rejected"], answer["errors"][0]["index"]) == (1, 0)


async def test_many_values_are_too_many_on_several_lines_too(sdk: Ingest) -> None:
    line = b"{" + b"," * (BOUNDS.commas // 2 + 1) + b"}"
    answer = await sdk.post(line + b"\n" + line, "/import")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_items")


async def test_one_event_may_be_written_over_several_lines(sdk: Ingest, key: str) -> None:
    await posted(sdk, "/import", json.dumps(event(key), indent=2).encode())
    assert [taken.event_id for taken in sdk.events()] == ["e-1"]


async def test_live_events_may_come_to_the_address_of_imports(sdk: Ingest, key: str) -> None:
    await posted(sdk, "/import?history=false", [event(key)])
    assert [taken.history for taken in sdk.events()] == [False]


async def test_profiles_are_facts(sdk: Ingest, key: str) -> None:
    await posted(sdk, "/track", event(key))
    person = {"$token": key, "$distinct_id": "u-1", "$set": {"$email": "ann@acme.example", "$name": "Ann"}}
    await posted(sdk, "/engage", [person])
    group = {"$token": key, "$group_key": "company_id", "$group_id": "acme", "$set": {"name": "Acme"}}
    await posted(sdk, "/groups", group)
    found = {taken.name: taken.properties for taken in sdk.events()}
    assert found["user.updated"] == {"email": "ann@acme.example", "name": "Ann"}
    assert found["account.updated"] == {"name": "Acme"}


@pytest.mark.parametrize(
    ("groups", "account"), [(["acme"], "acme"), (["acme", "acme"], "acme"), ([7], "7"), (["acme", "globex"], None)]
)
async def test_the_only_group_of_an_event_is_its_account(
    sdk: Ingest, key: str, groups: list[Any], account: str | None
) -> None:
    """mixpanel-js sends a list on every event after `set_group`."""
    await posted(sdk, "/track", [event(key, company_id=groups)])
    assert [taken.account_id for taken in sdk.events()] == ([] if account is None else [account])


async def test_the_group_of_a_profile_is_the_account_of_the_person(sdk: Ingest, key: str) -> None:
    person = {"$token": key, "$distinct_id": "u-1", "$set": {"$email": "ann@acme.example", "company_id": ["acme"]}}
    await posted(sdk, "/engage", [person])
    await posted(sdk, "/track", [event(key, company_id=None)])
    assert [(taken.name, taken.account_id) for taken in sdk.events()] == [
        ("user.updated", "acme"),
        ("report.exported", "acme"),
    ]


async def test_a_group_that_is_no_account_is_passed_over(sdk: Ingest, key: str) -> None:
    group = {"$token": key, "$group_key": "project", "$group_id": "p-1", "$set": {"name": "Website"}}
    assert (await posted(sdk, "/groups", [group]))["ignored"] == 1


async def test_an_anonymous_person_becomes_known(sdk: Ingest, key: str) -> None:
    known = event(key, "$identify", **{"$identified_id": "u-1", "$anon_id": "anon-1"})
    later = event(key, distinct_id="$device:anon-1", company_id=None, **{"$insert_id": "e-2"})
    await posted(sdk, "/track", [known, later])
    assert {(taken.name, taken.account_id) for taken in sdk.events()} == {
        ("user.updated", "acme"),
        ("report.exported", "acme"),
    }


@pytest.mark.parametrize(("name", "count"), [("$mp_web_page_view", 1), ("$mp_click", 0)])
async def test_of_what_the_client_sends_by_itself_only_page_views_are_events(
    sdk: Ingest, key: str, name: str, count: int
) -> None:
    await posted(sdk, "/track", [event(key, name)])
    assert [taken.name for taken in sdk.events()] == ["page.viewed"] * count


async def test_what_is_set_aside_has_no_key_in_it(sdk: Ingest, key: str) -> None:
    lost = event(key, distinct_id="u-9", company_id=None)
    assert (await posted(sdk, "/track", [{**lost, "token": key}]))["rejected"] == 1
    (letter,) = sdk.records(Topics("").dead)
    assert key.encode() not in (letter.value or b"")
