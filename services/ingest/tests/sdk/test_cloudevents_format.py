"""CloudEvents 1.0 in each of its three modes."""

import base64
import json
from typing import Any

import pytest

from ingest.in_memory import NOW, Ingest, in_memory
from ingest.mapping.load import load_mapping
from ingest.sdk.cloudevents import event_id, short_type

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "1",
    "source": "/reports",
    "type": "com.example.report.exported",
    "time": "2026-01-31T12:00:00Z",
    "accountid": "acme",
    "data": {"format": "pdf", "user_id": "u-1"},
}
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


async def posted(sdk: Ingest, key: str, body: Any, content_type: str, **headers: str) -> dict[str, Any]:
    bearer = f"Bearer {key}"
    answer = await sdk.post(body, "/v1/cloudevents", content_type=content_type, authorization=bearer, **headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_three_modes_say_the_same(sdk: Ingest, key: str) -> None:
    attributes = {f"ce_{name}": value for name, value in EVENT.items() if name != "data"}
    await posted(sdk, key, json.dumps(EVENT["data"]).encode(), "application/json", **attributes)
    await posted(sdk, key, EVENT, STRUCTURED)
    await posted(sdk, key, [EVENT], BATCH)
    assert len({(one.event_id, one.name, one.time, str(one.properties)) for one in sdk.events()}) == 1
    taken = sdk.events()[0]
    assert (taken.name, taken.account_id, taken.user_id, taken.time) == ("report.exported", "acme", "u-1", NOW)


async def test_two_producers_may_use_the_same_ids(sdk: Ingest, key: str) -> None:
    await posted(sdk, key, [EVENT, {**EVENT, "source": "/invoices"}, EVENT], BATCH)
    ids = [one.event_id for one in sdk.events()]
    assert (len(ids), len(set(ids))) == (3, 2)
    assert event_id("a", "b,c") != event_id("a,b", "c")


async def test_header_values_are_percent_encoded(sdk: Ingest, key: str) -> None:
    attributes = {f"ce_{name}": value for name, value in EVENT.items() if name not in ("data", "accountid")}
    await posted(sdk, key, b"{}", "application/json", ce_accountid="Gr%C3%B6%C3%9Fe%20100%20%25", **attributes)
    assert sdk.events()[0].account_id == "Größe 100 %"


@pytest.mark.parametrize(
    ("changed", "field", "reason"),
    [
        ({"id": None}, "id", "missing"),
        ({"source": ""}, "source", "missing"),
        ({"type": 5.5}, "type", "missing"),
        ({"specversion": "0.3"}, "specversion", "bad_value"),
        ({"time": "yesterday"}, "time", "bad_time"),
        ({"data_base64": "%%%"}, "data_base64", "bad_value"),
        ({"accountid": None}, "account_id", "no_account"),
    ],
)
async def test_an_event_that_is_none_does_not_fail_its_batch(
    sdk: Ingest, key: str, changed: dict[str, Any], field: str, reason: str
) -> None:
    no_user = {**EVENT, "data": {"format": "pdf"}}
    answer = await posted(sdk, key, [{**no_user, **changed}, EVENT], BATCH)
    assert (answer["events"], answer["rejected"]) == (1, 1)
    error = answer["errors"][0]["errors"][0]
    assert (error["field"], error["reason"]) == (field, reason)


@pytest.mark.parametrize(
    ("data", "properties"),
    [
        ({"data": [1, 2]}, {"data": [1, 2]}),
        ({"data": None}, {}),
        ({"data": None, "data_base64": base64.b64encode(b'{"pages": 3}').decode()}, {"pages": 3}),
    ],
)
async def test_data_that_is_no_object_is_a_property(
    sdk: Ingest, key: str, data: dict[str, Any], properties: dict[str, Any]
) -> None:
    await posted(sdk, key, {**EVENT, **data}, STRUCTURED)
    assert sdk.events()[0].properties == properties


async def test_data_that_is_no_json_is_left_out(sdk: Ingest, key: str) -> None:
    attributes = {f"ce_{name}": value for name, value in EVENT.items() if name != "data"}
    await posted(sdk, key, b"\x89PNG", "image/png", **attributes)
    assert sdk.events()[0].properties == {}


async def test_what_is_no_cloudevent_is_told_so(sdk: Ingest, key: str) -> None:
    answer = await sdk.post({"a": 1}, "/v1/cloudevents", authorization=f"Bearer {key}")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_content_type")


@pytest.mark.parametrize(
    ("type_", "short"),
    [
        ("com.example.report.exported", "report.exported"),
        ("com.example.report.exported.v1", "report.exported"),
        ("report.exported", "report.exported"),
        ("io.acme.ReportExported", "ReportExported"),
        # No domain in front.
        ("billing.invoice.paid", "billing.invoice.paid"),
        # Nothing would be left.
        ("com.example", "com.example"),
    ],
)
def test_the_domain_and_the_version_are_no_part_of_a_name(type_: str, short: str) -> None:
    assert short_type(type_) == short


async def test_the_subject_is_the_account_where_the_mapping_says_so() -> None:
    mapping = "version: 1\nsources:\n  web: {account: [subject], names: {com.example.report.exported: report.created}}"
    async with in_memory(rules=load_mapping(mapping, "mapping.yml")) as built:
        await posted(built, built.keys.create(), {**EVENT, "subject": "zenith"}, STRUCTURED)
        assert [(one.account_id, one.name) for one in built.events()] == [("zenith", "report.created")]
