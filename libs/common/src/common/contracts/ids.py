"""Deterministic ids of signals and events: the same each time the log is read again."""

import json
from datetime import UTC, datetime
from uuid import UUID, uuid5

SIGNALS = UUID("6f0b7c1e-64c3-5b5e-9d4d-0f6d2a1f7c55")
EVENTS = UUID("0d6d2c1b-9a3f-5c51-8a0e-3b9f3f1c4e77")

_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def signal_id(account_id: str, card_id: str, kind: str, to: str, cause: tuple[str, str] | str) -> str:
    """uuid5 of the JSON array [account, card_id, kind, to, cause], without spaces."""
    name = _json([account_id, card_id, kind, to, cause])
    return str(uuid5(SIGNALS, name))


def event_id(source: str, idempotency_key: str, index: int) -> str:
    """The id of item `index` of a request that has an Idempotency-Key and no event ids."""
    name = _json([source, idempotency_key, index])
    return str(uuid5(EVENTS, name))


def silence(due: int) -> str:
    """The cause of a signal that no event caused, but silence; `due` is whole seconds since the epoch."""
    return f"silence@{datetime.fromtimestamp(due, UTC):%Y-%m-%dT%H:%M:%SZ}"
