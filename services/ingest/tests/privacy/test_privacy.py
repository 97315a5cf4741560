"""Fields that are hashed or dropped before anything is stored."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.events import Event
from common.topics import Topics
from ingest.errors import FieldError, FieldErrorReason
from ingest.identity.cache import IdentityCache
from ingest.identity.known import KnownAccount
from ingest.in_memory import MemoryIdentities, in_memory
from ingest.mapping.load import check_mapping, load_mapping
from ingest.mapping.rules import PrivacyRules
from ingest.privacy.adapters import PrivateIdentities
from ingest.privacy.pseudonyms import PrivacyKeyMissing, Pseudonyms
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
    assert HIDDEN.message(b"{broken") == b""


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
