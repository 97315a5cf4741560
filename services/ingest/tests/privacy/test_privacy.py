"""Fields that are hashed or dropped before anything is stored."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.events import Event
from common.keys import Scope
from common.topics import Topics
from ingest.errors import FieldError, FieldErrorReason
from ingest.identity.cache import IdentityCache
from ingest.identity.known import KnownAccount
from ingest.in_memory import MemoryIdentities, in_memory
from ingest.mapping.load import check_mapping, load_mapping
from ingest.mapping.rules import PrivacyRules
from ingest.privacy.adapters import PrivateIdentities
from ingest.privacy.pseudonyms import KeptPseudonyms, PrivacyKeyMissing, Pseudonyms
from ingest.serve import application
from ingest.settings import IngestSettings

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
RULES = PrivacyRules(frozenset({"ip"}), frozenset({"email"}), users_hashed=True)
HIDDEN = Pseudonyms(RULES, b"k" * 32)
MAPPING = """
version: 1
defaults: {account: [properties.account_id]}
privacy: {drop: [ip], hash: [email], users: hashed}
"""


def event(user_id: str | None = "ann", **properties: Any) -> Event:
    return Event("e-1", "acme", "report.opened", NOON, "web", NOON, user_id=user_id, properties=properties)


def test_a_value_has_the_same_hash_wherever_and_whenever_it_comes() -> None:
    first = HIDDEN.event(event(email="ann@acme.example"))
    nested = HIDDEN.event(event(by={"who": [{"email": "ann@acme.example"}]}))
    assert first.properties["email"] == nested.properties["by"]["who"][0]["email"]
    assert len(first.properties["email"]) == 32
    assert first.user_id == HIDDEN.user("ann") != "ann"


def test_another_key_makes_other_hashes() -> None:
    assert Pseudonyms(RULES, b"o" * 32).user("ann") != HIDDEN.user("ann")


def test_what_is_dropped_is_gone_at_any_depth_and_null_stays_null() -> None:
    found = HIDDEN.event(event(ip="10.0.0.1", device={"ip": "10.0.0.1", "os": "linux"}, email=None))
    assert found.properties == {"device": {"os": "linux"}, "email": None}


def test_an_event_without_such_fields_stays_as_it_is() -> None:
    rules = PrivacyRules(dropped=frozenset({"ip"}))
    plain = event(pages=3)
    assert Pseudonyms(rules, b"").event(plain) == plain


def test_a_refused_message_keeps_neither_values_nor_users() -> None:
    raw = {"userId": "ann", "traits": {"email": "ann@acme.example", "plan": "pro"}, "context": {"ip": "10.0.0.1"}}
    stored = HIDDEN.message(msgspec.json.encode(raw))
    assert b"ann" not in stored
    assert b"10.0.0.1" not in stored
    assert msgspec.json.decode(stored)["traits"]["plan"] == "pro"
    for unreadable in (b"{broken", b"[" * 800 + b"]" * 800):
        assert HIDDEN.message(unreadable) == b""


def test_an_error_does_not_quote_what_is_hidden() -> None:
    error = FieldError("properties.email", FieldErrorReason.BAD_VALUE, 'not "ann"')
    other = FieldError("properties.seats", FieldErrorReason.BAD_VALUE, 'not "many"')
    hidden, shown = HIDDEN.errors([error, other])
    assert ("ann" in hidden.detail, shown) == (False, other)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["ip", "email", "a"]), inner),
    max_leaves=10,
)


@given(JSON)
def test_no_dropped_key_is_left_in_any_message(body: Any) -> None:
    assert b'"ip":' not in HIDDEN.message(msgspec.json.encode(body))


async def test_the_log_and_the_dead_topic_hold_hashes() -> None:
    rules = load_mapping(MAPPING, "mapping.yml")
    async with in_memory(rules=rules) as ingest:
        posted = {"account_id": "acme", "user_id": "ann", "name": "report.opened", "event_id": "e-1"}
        answer = await ingest.post({**posted, "properties": {"email": "ann@acme.example", "ip": "10.0.0.1"}})
        assert answer.status_code == 202
        (found,) = ingest.events()
        assert found.user_id == HIDDEN.user("ann")
        assert found.properties == {"email": HIDDEN.of("ann@acme.example")}
        assert not any(b"ann" in (record.value or b"") for record in ingest.records(Topics("").events))


async def test_who_asked_for_a_cancellation_is_hashed_as_a_user_and_a_colleague_is_not() -> None:
    async with in_memory(rules=load_mapping(MAPPING, "mapping.yml")) as ingest:
        posted = {"account_id": "acme", "user_id": "bob", "event_id": "e-1"}
        asked = {**posted, "name": "contract.cancel_requested", "properties": {"requested_by": "ann"}}
        until = {"to": "green", "until": "2026-02-28", "reason": "a good talk", "by": "csm@example.com"}
        override = {**posted, "event_id": "e-2", "name": "health.overridden", "properties": until}
        answer = await ingest.post([asked, override])
        assert [item["status"] for item in answer.json()["items"]] == ["accepted", "accepted"], answer.text
        asked_by, set_by = ingest.events()
        assert asked_by.properties == {"requested_by": HIDDEN.user("ann")}
        assert set_by.properties["by"] == "csm@example.com"


_POSTHOG = {"event": "report opened", "distinct_id": "ann-7f"}
_MIXPANEL = {"distinct_id": "ann-7f", "$device_id": "ann-7f", "$user_id": "ann-7f"}
OF_SDKS = {
    "Segment": ("/v1/track", {"event": "Report Opened", "userId": "ann-7f", "anonymousId": "ann-7f"}),
    "Segment, alias": ("/v1/alias", {"userId": "ann-7f", "previousId": "ann-7f", "timestamp": "never"}),
    "PostHog": ("/capture", {**_POSTHOG, "properties": {"$anon_distinct_id": "ann-7f"}}),
    "PostHog, alias": ("/capture", {**_POSTHOG, "properties": {"alias": "ann-7f"}, "timestamp": "never"}),
    "Mixpanel": ("/track", [{"event": "Report Opened", "properties": _MIXPANEL}]),
    "Mixpanel, identify": (
        "/track",
        [{"event": "$identify", "properties": {"$identified_id": "ann-7f", "$anon_id": "ann-7f", "time": "never"}}],
    ),
    "Amplitude": ("/2/httpapi", {"events": [{"event_type": "x", "user_id": "ann-7f", "device_id": "ann-7f"}]}),
    "CloudEvents": ("/v1/cloudevents", {"id": "1", "source": "app", "type": "report.opened", "userid": "ann-7f"}),
}


@pytest.mark.parametrize("message", OF_SDKS.values(), ids=OF_SDKS)
async def test_a_refused_message_of_any_sdk_names_no_user(message: tuple[str, Any]) -> None:
    url, body = message
    async with in_memory(rules=load_mapping(MAPPING, "mapping.yml")) as ingest:
        kind = "application/cloudevents+json" if url == "/v1/cloudevents" else "application/json"
        assert (await ingest.post(body, url, content_type=kind)).status_code == 200
        (letter,) = ingest.records(Topics("").dead)
        assert b"ann-7f" not in (letter.value or b"")


HOOKS = """
webhooks:
  crm: {sender: json, source: crm, messages: rows, events: [{name: deal.won, user: [who.id, by]}]}
  help: {sender: intercom, source: crm}
"""


async def test_a_refused_message_of_a_webhook_names_no_user_where_the_mapping_has_users() -> None:
    async with in_memory(
        rules=load_mapping(MAPPING + HOOKS, "mapping.yml"), webhook_secrets={"help": ["secret"]}
    ) as ingest:
        key = ingest.keys.create(source="crm", scopes=frozenset({Scope.WEBHOOKS}))
        row = {"id": "7", "who": {"id": "ann-7f"}, "by": "ann-7f", "deal": {"id": "d-1"}}
        answer = await ingest.post({"rows": [row]}, "/v1/webhooks/crm", authorization=f"Bearer {key}")
        assert answer.status_code == 200, answer.text
        (letter,) = ingest.records(Topics("").dead)
        ann = HIDDEN.user("ann-7f")
        hidden = {"id": "7", "who": {"id": ann}, "by": ann, "deal": {"id": "d-1"}}
        assert msgspec.json.decode(letter.value or b"") == {"rows": [hidden]}


def test_users_of_intercom_are_those_that_your_product_has_named() -> None:
    paths = load_mapping(MAPPING + HOOKS, "mapping.yml").webhooks["help"].user_paths()
    raw = {"data": {"item": {"contacts": {"contacts": [{"id": "i-1", "external_id": "ann"}]}}}}
    stored = msgspec.json.decode(HIDDEN.message(msgspec.json.encode(raw), users_at=paths))
    assert stored["data"]["item"]["contacts"]["contacts"] == [{"id": "i-1", "external_id": HIDDEN.user("ann")}]


def test_what_was_hidden_before_it_was_kept_stays_as_it_is() -> None:
    kept = KeptPseudonyms(RULES, b"k" * 32)
    once = HIDDEN.event(event(email="ann@acme.example"))
    assert kept.event(once) == once
    assert kept.event(event(email="ann@acme.example")) == once
    assert kept.event(event(ip="10.0.0.1")).properties == {}


def test_a_mapping_that_is_misspelled_says_where() -> None:
    (problem,) = check_mapping("version: 1\nprivacy: {users: hash}").problems
    assert str(problem) == "2:11: privacy.users: must be one of hashed, as sent, not 'hash', did you mean 'hashed'?"


def test_the_account_that_a_merged_one_goes_on_as_cannot_be_hidden() -> None:
    (problem,) = check_mapping("version: 1\nprivacy: {hash: [email, into]}").problems
    assert str(problem).startswith("2:25: privacy.hash[1]: 'into' names an account")


async def test_without_its_key_ingest_does_not_start_to_hash(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(MAPPING)
    monkeypatch.setenv("INGEST_MAPPING", str(mapping))
    monkeypatch.setenv("INGEST_PRIVACY_KEY", "short")
    with pytest.raises(PrivacyKeyMissing, match="32 characters"):
        async with application(IngestSettings()):
            pass


async def test_identities_are_stored_under_hashes_and_found_by_their_users() -> None:
    stored = MemoryIdentities()
    identities = PrivateIdentities(IdentityCache(stored), HIDDEN)
    known = KnownAccount("acme", NOON)
    await identities.learn("web", {"ann": known})
    assert await identities.accounts("web", {"ann", "bob"}) == {"ann": known}
    assert await stored.read("web", ["ann", HIDDEN.user("ann")]) == {HIDDEN.user("ann"): known}
