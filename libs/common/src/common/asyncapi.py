"""The AsyncAPI document of the topics, generated from the contracts that the code encodes and decodes with. Pure."""

from datetime import UTC, datetime
from typing import Any, Final, get_args

import msgspec
from msgspec import Struct

from common.contracts import events, signals
from common.contracts.ids import signal_id
from common.topics import Topics

_REF: Final = "#/components/schemas/{name}"
_NOON: Final = datetime(2026, 1, 31, 12, tzinfo=UTC)
_EVENT: Final = events.Event(
    event_id="e-1",
    account_id="acme",
    name="invoice.payment_failed",
    time=_NOON,
    source="billing",
    received_at=_NOON,
    properties={"invoice": "in_1"},
)
_PSEUDONYM: Final = "5f0b8c7d6e5a4f3b2c1d0e9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b"
_DESCRIPTION: Final = """\
The topics by which the services meet. Every topic has the same number of partitions. An account's events and signals
are in the partition with the same number, in one order. The record time is Kafka's timestamp. A reader of the signals
keeps fields, kinds and types that it does not know; a reader of the events stops at a type that it does not know.
"""
_CHANNELS: Final = {
    "events": (
        Topics().events,
        "What accounts did, as ingest accepted it, erasures of accounts, and ticks. The key is the account's id in "
        "UTF-8; erasures have none. A record about everybody has none and stands in every partition.",
        get_args(events.EventsRecord),
    ),
    "signals": (
        Topics().signals,
        "What is worth telling of accounts. The key is the account's id in UTF-8; other records have none.",
        get_args(signals.SignalsRecord),
    ),
}
_DEAD_LETTER: Final = "DeadLetter"


def document(version: str) -> dict[str, Any]:
    """The whole document; `version` is that of the release."""
    records: dict[str, type[Struct]] = {
        record.__name__: record for _, _, types in _CHANNELS.values() for record in types
    }
    _, schemas = msgspec.json.schema_components(tuple(records.values()), ref_template=_REF)
    messages = {name: _message(record) for name, record in records.items()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Churn signals: topics",
            "version": version,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {**{name: _channel(name) for name in _CHANNELS}, "deadLetters": _dead_letters()},
        "operations": _operations(),
        "components": {"schemas": schemas, "messages": {**messages, _DEAD_LETTER: _dead_letter()}},
    }


def _channel(name: str) -> dict[str, Any]:
    address, text, types = _CHANNELS[name]
    named = [record.__name__ for record in types]
    return {
        "address": address,
        "description": text,
        "messages": {each: {"$ref": f"#/components/messages/{each}"} for each in named},
        "bindings": {"kafka": {"partitions": 12, "bindingVersion": "0.5.0"}},
    }


def _dead_letters() -> dict[str, Any]:
    return {
        "address": Topics().dead,
        "description": "What could not be read, mapped or scored, with its reason. `python -m ingest dead` lists it.",
        "messages": {_DEAD_LETTER: {"$ref": f"#/components/messages/{_DEAD_LETTER}"}},
    }


def _message(record: type[Struct]) -> dict[str, Any]:
    return {
        "name": record.__name__,
        "summary": (record.__doc__ or "").split("\n")[0],
        "payload": {"$ref": _REF.format(name=record.__name__)},
        "examples": [{"payload": msgspec.to_builtins(_EXAMPLES[record])}],
    }


def _signal() -> signals.Signal:
    cause = (_EVENT.source, _EVENT.event_id)
    found = signal_id(_EVENT.account_id, "card-1", signals.Kind.FLAG, "payment_failed", cause)
    level = signals.Level(60.0, 50.0, (signals.Contribution("payment_failed", "cap", 60.0, 0.0, 10.0),))
    change = signals.Change(_NOON, 71.0, 60.0, (signals.Part("payment_failed", signals.Driver.CAP, -11.0),), ())
    return signals.Signal(
        signal_id=found,
        account_id=_EVENT.account_id,
        episode=found,
        card_id="card-1",
        kind=signals.Kind.FLAG,
        severity=signals.Severity.WARNING,
        to="payment_failed",
        cause=cause,
        at=_NOON,
        since=_NOON,
        before=signals.Health(71.0, signals.Band.GREEN, 1.0, "adoption"),
        after=signals.Health(60.0, signals.Band.YELLOW, 1.0, "adoption"),
        receipt=signals.Receipt(level, change),
        facts=signals.Facts(name="Acme", owner="dana@example.com", arr=12_000),
        happened_at=_NOON,
    )


def _dead_letter() -> dict[str, Any]:
    text = {"type": "string"}
    headers = {
        "reason": {**text, "description": "why it is here"},
        "origin": {"enum": ["ingest", "scoring"], "description": "which service put it here; absent: scoring"},
        "truncated": {"const": "true", "description": "the value was too large for the topic and is left out"},
        "attempt": {**text, "description": "how often the record was on the events topic; absent: once"},
        "resent": {**text, "description": "this is a marker: its value names the offsets that were sent again"},
        "format": {**text, "description": "of ingest: how the client wrote it, such as segment"},
        "source": {**text, "description": "of ingest: the source of the key that sent it"},
        "key_id": {**text, "description": "of ingest: the key that sent it"},
        "received_at": {**text, "description": "of ingest: RFC 3339"},
        "history": {"enum": ["true", "false"], "description": "of ingest: whether the request was an import"},
        "message_id": {**text, "description": "of ingest: the id that the client gave it; may be empty"},
        "errors": {**text, "description": "of ingest: a JSON array of field, reason and detail"},
    }
    return {
        "name": _DEAD_LETTER,
        "summary": "A record or message that could not be taken; the value is its bytes as they came.",
        "contentType": "application/octet-stream",
        "headers": {"type": "object", "required": ["reason"], "properties": headers},
        "payload": {"type": "string", "description": "the bytes as they came, of any kind"},
    }


def _operations() -> dict[str, Any]:
    who = (
        ("ingestSendsEvents", "send", "events", "ingest"),
        ("scoringSendsTicks", "send", "events", "scoring, one for each partition whose earliest timer is due"),
        ("scoringSendsAnnouncements", "send", "events", "scoring, one for each partition that has not read one yet"),
        ("scoringReceivesEvents", "receive", "events", "scoring"),
        ("scoringSendsSignals", "send", "signals", "scoring"),
        ("alertsReceivesSignals", "receive", "signals", "alerts"),
        ("ingestAndScoringSendDeadLetters", "send", "deadLetters", "ingest and scoring"),
    )
    return {
        name: {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": f"By {by}."}
        for name, action, channel, by in who
    }


_FACTS: Final = signals.Facts(name="Acme", owner="dana@example.com", arr=12_000)
_EXAMPLES: Final[dict[type[Struct], Struct]] = {
    events.Event: _EVENT,
    events.Tick: events.Tick(),
    events.CardActivated: events.CardActivated("card-2", "version: 1\n..."),
    events.FeedPaused: events.FeedPaused("web-2026-11-29", "web", _NOON),
    events.FeedResumed: events.FeedResumed("web-2026-11-29-over", "web"),
    events.Erased: events.Erased("0b6f6d0e-54b3-4a0e-9b8c-3f0a5d2f7c11", "acme", _PSEUDONYM),
    events.ErasureLifted: events.ErasureLifted("0b6f6d0e-54b3-4a0e-9b8c-3f0a5d2f7c11", _PSEUDONYM),
    events.UserErased: events.UserErased("5f3c9d7e-4d1b-4a6f-8a55-7c2f1e0b9d33", "ann", _PSEUDONYM, "kV3x0aQ9cJt2Lw8e"),
    events.UserErasureLifted: events.UserErasureLifted("5f3c9d7e-4d1b-4a6f-8a55-7c2f1e0b9d33", _PSEUDONYM),
    events.MentionsErased: events.MentionsErased("0b6f6d0e-54b3-4a0e-9b8c-3f0a5d2f7c11", "acme"),
    signals.Signal: _signal(),
    signals.FactsChanged: signals.FactsChanged("acme", _FACTS),
    signals.CaughtUp: signals.CaughtUp(3),
}
"""One for each record, as the services write it."""
