"""Amplitude's requests."""

from datetime import timedelta
from typing import Any

import pytest

from ingest.in_memory import NOW, Ingest

EVENT: dict[str, Any] = {
    "event_type": "Report Exported",
    "insert_id": "e-1",
    "user_id": "u-1",
    "device_id": "d-1",
    "groups": {"company": "acme"},
    "event_properties": {"format": "pdf"},
    "time": int(NOW.timestamp() * 1000),
}


async def posted(sdk: Ingest, key: str, *events: dict[str, Any], **body: Any) -> dict[str, Any]:
    answer = await sdk.post({"api_key": key, "events": list(events), **body}, "/2/httpapi")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_an_event_counts_for_its_group(sdk: Ingest, key: str) -> None:
    answer = await posted(sdk, key, EVENT)
    assert (answer["code"], answer["events_ingested"]) == (200, 1)
    (taken,) = sdk.events()
    assert (taken.event_id, taken.account_id, taken.user_id) == ("e-1", "acme", "u-1")
    assert (taken.time, taken.properties) == (NOW, {"format": "pdf"})


@pytest.mark.parametrize(
    ("groups", "account"),
    [
        ({"company": ["acme"]}, "acme"),
        # Whose it is nobody can tell; the person may.
        ({"company": ["acme", "zenith"]}, None),
        # No account, by mapping.yml.
        ({"project": "p-1"}, None),
        (None, None),
    ],
)
async def test_a_person_in_several_groups_has_no_account_by_them(
    sdk: Ingest, key: str, groups: Any, account: str | None
) -> None:
    await posted(sdk, key, {**EVENT, "groups": groups})
    assert [event.account_id for event in sdk.events()] == ([] if account is None else [account])


async def test_identify_and_group_identify_are_facts(sdk: Ingest, key: str) -> None:
    person = {**EVENT, "event_type": "$identify", "user_properties": {"$set": {"email": "ann@acme.example"}}}
    facts = {"$setOnce": {"name": "Acme", "tier": "low"}, "$set": {"tier": "high"}}
    account = {"event_type": "$groupidentify", "groups": {"company": "acme"}, "group_properties": facts}
    project = {"event_type": "$groupidentify", "groups": {"project": "p-1"}, "group_properties": facts}
    assert (await posted(sdk, key, person, account, project))["ignored"] == 1
    found = {event.name: event.properties for event in sdk.events()}
    assert found == {
        "user.updated": {"email": "ann@acme.example"},
        "account.updated": {"name": "Acme", "tier": "high"},
    }


async def test_a_clock_that_is_wrong_is_put_right_by_the_moment_of_the_upload(sdk: Ingest, key: str) -> None:
    day = timedelta(days=1)
    ahead = int((NOW + day - timedelta(minutes=5)).timestamp() * 1000)
    await posted(sdk, key, {**EVENT, "time": ahead}, client_upload_time=(NOW + day).isoformat())
    assert sdk.events()[0].time == NOW - timedelta(minutes=5)


async def test_a_client_with_a_bad_key_does_not_repeat_for_ever(sdk: Ingest) -> None:
    """Its Python client gives up by the beginning of `error`."""
    answer = await sdk.post({"api_key": "nobody", "events": [EVENT]}, "/2/httpapi")
    assert answer.json()["code"] == answer.status_code == 401
    assert answer.json()["error"].startswith("Invalid API key:")
