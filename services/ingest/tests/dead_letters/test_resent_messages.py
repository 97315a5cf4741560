"""Messages that ingest set aside, taken once more by what is known today."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from common.bus.ports import Outgoing
from common.contracts.events import Event, decode_events_record, encode_events_record
from common.database import engine
from common.erasures.erasure_key import ErasureKey
from common.keys import Scope
from common.topics import TimeMode, Topics
from ingest.aliases.cache import AliasCache
from ingest.dead_letter_api.resenders import ErasuresUnknown, load_resenders, message_resender
from ingest.dead_letters.letter import DeadLetter, read_letter
from ingest.dead_letters.messages import MessageResender
from ingest.dead_letters.resending import CannotResend, ResendRefusal
from ingest.erasures.erasure import AskedErasure
from ingest.erasures.store import ErasureStore
from ingest.events.erased import NOBODY, ErasedLookup
from ingest.identity.cache import IdentityCache
from ingest.in_memory import PARTITIONS, Ingest, in_memory
from ingest.mapping.load import load_mapping
from ingest.mapping.rules import MappingRules
from ingest.privacy.pseudonyms import KeptPseudonyms, PrivacyKeyMissing, Pseudonyms
from ingest.publishing.publisher import event_record
from ingest.settings import IngestSettings
from support.erased_subjects import erased_subjects

MAPPING = (Path(__file__).parents[4] / "deploy" / "mapping.yml").read_text(encoding="utf-8")
WEBHOOKS = """
webhooks:
  crm: {sender: json, source: crm, account: [company], events: [{name: account.updated, properties: {name: [title]}}]}
  billing: {sender: stripe, source: billing, currency: EUR}
"""


@pytest.fixture
def rules() -> MappingRules:
    return load_mapping(MAPPING + WEBHOOKS, "mapping.yml")


@pytest.fixture
async def ingest(rules: MappingRules) -> AsyncIterator[Ingest]:
    async with in_memory(rules=rules, webhook_secrets={"billing": ["whsec_1"]}) as built:
        yield built


def resender(
    ingest: Ingest, rules: MappingRules, erased: ErasedLookup = NOBODY, hidden: Pseudonyms | None = None
) -> MessageResender:
    return message_resender(
        rules,
        hidden,
        identities=IdentityCache(ingest.identities),
        aliases=AliasCache(ingest.aliases),
        record=lambda event: event_record(event, partitions=PARTITIONS, mode=TimeMode.WALL),
        erased=erased,
    )


async def segment(ingest: Ingest, *messages: dict[str, Any]) -> None:
    answer = await ingest.post({"batch": list(messages)}, "/v1/batch")
    assert answer.status_code == 200, answer.text


def track(message_id: str, user_id: str = "ann", **more: Any) -> dict[str, Any]:
    return {"type": "track", "messageId": message_id, "event": "Report Opened", "userId": user_id, **more}


def letters(ingest: Ingest) -> list[DeadLetter]:
    return [read_letter(record) for record in ingest.records(Topics("").dead)]


def events(records: Sequence[Outgoing]) -> list[Event]:
    found = [decode_events_record(record.value) for record in records]
    return [event for event in found if isinstance(event, Event)]


async def test_an_event_without_an_account_has_one_once_its_user_is_known(ingest: Ingest, rules: MappingRules) -> None:
    await segment(ingest, track("m-1", timestamp="2026-01-30T08:00:00Z", properties={"pages": 3}))
    (letter,) = letters(ingest)
    with pytest.raises(CannotResend, match="send a group message") as refusal:
        await resender(ingest, rules).records(letter)
    assert refusal.value.reason is ResendRefusal.STILL_REFUSED
    await segment(ingest, {"type": "group", "messageId": "g-1", "userId": "ann", "groupId": "acme"})
    (event,) = events(await resender(ingest, rules).records(letter))
    assert (event.event_id, event.account_id, event.name) == ("m-1", "acme", "report.opened")
    assert (event.source, event.properties) == ("web", {"pages": 3})
    assert event.time.isoformat() == "2026-01-30T08:00:00+00:00"
    assert event.received_at == letter.at, "how old it was counts from when it came"


async def test_a_name_is_mapped_by_the_mapping_of_today(ingest: Ingest, rules: MappingRules) -> None:
    await segment(ingest, {**track("m-1", properties={"account_id": "acme"}), "event": "ログイン"})
    (letter,) = letters(ingest)
    mended = MAPPING.replace("    Login: session.started", "    Login: session.started\n    ログイン: session.started")
    (event,) = events(await resender(ingest, load_mapping(mended, "mapping.yml")).records(letter))
    assert (event.name, event.account_id) == ("session.started", "acme")


async def test_the_event_of_a_merged_account_is_filed_under_the_other_one(ingest: Ingest, rules: MappingRules) -> None:
    await segment(ingest, track("m-1"))
    (letter,) = letters(ingest)
    await segment(ingest, {"type": "group", "messageId": "g-1", "userId": "ann", "groupId": "acme"})
    merged = {"account_id": "acme", "name": "account.merged", "event_id": "x", "properties": {"into": "birch"}}
    assert (await ingest.post(merged)).status_code == 202
    (event,) = events(await resender(ingest, rules).records(letter))
    assert event.account_id == "birch"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/capture", {"event": "Report Opened", "distinct_id": "ann", "uuid": "m-1"}),
        ("/2/httpapi", {"events": [{"event_type": "Report Opened", "user_id": "ann", "insert_id": "m-1"}]}),
        ("/track", [{"event": "Report Opened", "properties": {"distinct_id": "ann", "$insert_id": "m-1"}}]),
        (
            "/v1/cloudevents",
            {"specversion": "1.0", "id": "m-1", "source": "app", "type": "report.opened", "userid": "ann"},
        ),
    ],
)
async def test_a_message_of_any_sdk_is_taken_again(ingest: Ingest, rules: MappingRules, path: str, body: Any) -> None:
    kind = "application/cloudevents+json" if "cloud" in path else "application/json"
    answer = await ingest.post(body, path, content_type=kind)
    assert answer.status_code == 200, answer.text
    (letter,) = letters(ingest)
    assert letter.reason == "no_account"
    await segment(ingest, {"type": "group", "messageId": "g-1", "userId": "ann", "groupId": "acme"})
    (event,) = events(await resender(ingest, rules).records(letter))
    assert (event.account_id, event.name) == ("acme", "report.opened")


async def test_a_message_of_a_webhook_is_taken_again(ingest: Ingest, rules: MappingRules) -> None:
    answer = await ingest.post({"title": "Acme"}, "/v1/webhooks/crm")
    assert answer.status_code == 200, answer.text
    (letter,) = letters(ingest)
    mended = MAPPING + WEBHOOKS.replace("account: [company]", "account: [title]")
    (event,) = events(await resender(ingest, load_mapping(mended, "mapping.yml")).records(letter))
    assert (event.account_id, event.properties) == ("Acme", {"name": "Acme"})


def kept(format_name: str, body: bytes) -> DeadLetter:
    """A letter as ingest writes it."""
    headers = [("reason", b"bad_value"), ("origin", b"ingest"), ("format", format_name.encode()), ("source", b"web")]
    record = Outgoing(0, None, body, tuple(headers))
    return read_letter(_AsRead(record))


class _AsRead:
    def __init__(self, record: Outgoing) -> None:
        self.partition, self.offset, self.timestamp = 0, 0, 1_769_860_800_000
        self.key, self.value, self.headers = record.key, record.value, record.headers


@pytest.mark.parametrize(
    ("letter", "reason"),
    [
        # Its amount depends on the customer's other subscriptions.
        (
            kept(
                "webhook:billing",
                b'{"id": "evt_1", "type": "invoice.paid", "created": 1, "data": {"object": {"id": "in_1"}}}',
            ),
            ResendRefusal.BY_ITS_SENDER,
        ),
        # The webhook was taken out of the mapping.
        (kept("webhook:gone", b"{}"), ResendRefusal.UNKNOWN_ORIGIN),
        # It was too large for the topic.
        (kept("segment", b""), ResendRefusal.TRUNCATED),
        (kept("segment", b"{broken"), ResendRefusal.UNREADABLE),
        # Only at the door is a merge stored.
        (
            kept(
                "segment",
                b'{"type": "track", "event": "account.merged", "properties": {"account_id": "a", "into": "b"}}',
            ),
            ResendRefusal.NOT_AN_EVENT,
        ),
        # Today's mapping passes it over.
        (
            kept("posthog", b'{"event": "$autocapture", "distinct_id": "ann"}'),
            ResendRefusal.NOT_AN_EVENT,
        ),
    ],
)
async def test_what_cannot_be_sent_again_says_why(
    ingest: Ingest, rules: MappingRules, letter: DeadLetter, reason: ResendRefusal
) -> None:
    with pytest.raises(CannotResend) as refusal:
        await resender(ingest, rules).records(letter)
    assert refusal.value.reason is reason


@pytest.mark.parametrize(("accounts", "people"), [(["acme"], []), ([], ["ann"])], ids=["account", "person"])
async def test_what_names_somebody_erased_is_not_taken_again(
    ingest: Ingest, rules: MappingRules, accounts: list[str], people: list[str]
) -> None:
    properties = {"account_id": "acme"}
    await segment(ingest, track("m-1", timestamp="never", properties=properties))
    await segment(ingest, track("m-2", "bob", timestamp="never", properties={"account_id": "beta"}))
    erased = erased_subjects(accounts=accounts, users=people)
    of_ann, of_bob = letters(ingest)
    with pytest.raises(CannotResend, match="was erased") as refusal:
        await resender(ingest, rules, erased).records(of_ann)
    assert refusal.value.reason is ResendRefusal.ERASED
    with pytest.raises(CannotResend) as refusal:
        await resender(ingest, rules, erased).records(of_bob)
    assert refusal.value.reason is ResendRefusal.STILL_REFUSED


HIDING = """
version: 1
privacy: {hash: [comment], users: hashed}
webhooks:
  crm:
    sender: json
    source: crm
    account: [account]
    events: [{name: deal.won, user: [by], properties: {comment: [said]}}]
"""
ERASURE_KEY_TEXT = "a key of thirty-two characters, at least"
KEPT = KeptPseudonyms(load_mapping(HIDING, "mapping.yml").privacy, b"k" * 32)
DEAL = {"id": "m-1", "by": "ann", "said": "a word"}


@pytest.fixture
async def hidden_letter() -> AsyncIterator[tuple[Ingest, DeadLetter]]:
    """A deal of Ann without an account."""
    async with in_memory(rules=load_mapping(HIDING, "mapping.yml")) as ingest:
        key = ingest.keys.create(source="crm", scopes=frozenset({Scope.WEBHOOKS}))
        await ingest.post(DEAL, "/v1/webhooks/crm", authorization=f"Bearer {key}")
        (letter,) = letters(ingest)
        yield ingest, letter


MENDED = load_mapping(HIDING.replace("[account]", "[id]"), "mapping.yml")


@pytest.mark.parametrize("before", [False, True], ids=["hidden", "kept before users were hashed"])
async def test_where_users_are_hashed_a_message_is_sent_again_as_the_way_in_would(
    hidden_letter: tuple[Ingest, DeadLetter], before: bool
) -> None:
    ingest, letter = hidden_letter
    assert b"ann" not in (letter.record.value or b"")
    if before:
        letter = kept("webhook:crm", msgspec.json.encode(DEAL))
    (event,) = events(await resender(ingest, MENDED, hidden=KEPT).records(letter))
    assert (event.account_id, event.user_id) == ("m-1", KEPT.user("ann"))
    assert event.properties == {"comment": KEPT.of("a word")}


@pytest.mark.parametrize("before", [False, True], ids=["hidden", "kept before users were hashed"])
async def test_where_users_are_hashed_an_erased_person_is_not_sent_again(
    hidden_letter: tuple[Ingest, DeadLetter], before: bool, tmp_path: Path, database: str
) -> None:
    """By the resender of the command itself: the request has the id as it is stored."""
    _, letter = hidden_letter
    if before:
        letter = kept("webhook:crm", msgspec.json.encode(DEAL))
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(HIDING.replace("[account]", "[id]"), encoding="utf-8")
    settings = IngestSettings(
        database_url=database,
        ingest_mapping=mapping,
        ingest_privacy_key=SecretStr("k" * 32),
        erasure_key=SecretStr(ERASURE_KEY_TEXT),
    )
    connected = engine(database)
    async with connected.begin() as connection:
        await connection.execute(text("TRUNCATE ingest.erasure, ingest.identity, ingest.alias"))
    key, stored = ErasureKey(ERASURE_KEY_TEXT), KEPT.user("ann")
    asked = AskedErasure(
        erasure_id="r-1",
        pseudonym=key.user_pseudonym(stored),
        fingerprint=key.fingerprint,
        filed_by="key-1",
        user_id=stored,
        substitute="instead",
    )
    (event,) = events(await (await load_resenders(settings, connected, partitions=4))["ingest"].records(letter))
    assert event.user_id == stored
    await ErasureStore(connected).file(asked)
    resenders = await load_resenders(settings, connected, partitions=4)
    of_scoring = kept("", encode_events_record(event))
    for origin, one in (("ingest", letter), ("scoring", of_scoring)):
        with pytest.raises(CannotResend) as refusal:
            await resenders[origin].records(one)
        assert refusal.value.reason is ResendRefusal.ERASED
    another = settings.model_copy(update={"erasure_key": SecretStr("another key of thirty-two characters")})
    with pytest.raises(ErasuresUnknown):
        await load_resenders(another, connected, partitions=4)
    keyless = settings.model_copy(update={"ingest_privacy_key": None})
    with pytest.raises(PrivacyKeyMissing):
        await load_resenders(keyless, connected, partitions=4)
    await connected.dispose()
