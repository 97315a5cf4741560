"""Ids of accounts, signals and events. Those that are made are the same each time the log is read again."""

import json
from datetime import UTC, datetime
from uuid import UUID, uuid5

SIGNALS = UUID("6f0b7c1e-64c3-5b5e-9d4d-0f6d2a1f7c55")
EVENTS = UUID("0d6d2c1b-9a3f-5c51-8a0e-3b9f3f1c4e77")

_LONGEST_ACCOUNT_ID = 2_000
"""Bytes: an index entry of PostgreSQL's holds 2,704, and other columns take some of them."""
_LONGEST_CHARACTER = 4  # bytes of UTF-8

_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def is_storable_account(account_id: str) -> bool:
    """PostgreSQL takes no NUL in a text, and no long text in an index. Ingest refuses both; other producers may not."""
    if not account_id or "\0" in account_id:
        return False
    return (
        len(account_id) * _LONGEST_CHARACTER <= _LONGEST_ACCOUNT_ID or len(account_id.encode()) <= _LONGEST_ACCOUNT_ID
    )


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
