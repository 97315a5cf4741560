"""The answers of the key routes, and their part of an OpenAPI document."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from common.keys import Key
from common.problems import openapi_response


class KeyAnswer(Struct, frozen=True, kw_only=True):
    """One key, without its secret. `last_used_at` is right to a minute or two.

    `events_per_second` is a limit of the key's own, 0 for no limit; null: the service's setting holds.
    """

    id: str
    source: str
    scopes: Sequence[str]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    events_per_second: float | None
    burst_events: int | None


class KeysAnswer(Struct, frozen=True, kw_only=True):
    """All keys of a service, the oldest first, revoked ones included.

    `asking` is the id of the key that asks, `may_grant` are the scopes that it may give to others: its own.
    """

    service: str
    asking: str
    may_grant: Sequence[str]
    keys: Sequence[KeyAnswer]


class NewKeyAnswer(Struct, frozen=True, kw_only=True):
    """A key that was just made. `token` is in this answer alone: only a digest of it is stored.

    It ends at `expires_at`; null: not by itself. `replaces` is the id of the key that ends at `replaced_until`; both
    are null if it replaces none.
    """

    id: str
    token: str
    expires_at: datetime | None = None
    replaces: str | None = None
    replaced_until: datetime | None = None


def key_answer(key: Key) -> KeyAnswer:
    return KeyAnswer(
        id=key.id,
        source=key.source,
        scopes=sorted(key.scopes),
        created_at=key.created_at,
        last_used_at=key.last_used_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        events_per_second=None if key.limit is None else key.limit.per_second,
        burst_events=None if key.limit is None or key.limit.per_second == 0 else key.limit.burst,
    )


_REFUSALS = {
    401: "No key, or none that is active.",
    403: "The key has not the scope `admin`.",
    503: "The database does not answer: ask again.",
}
OF_ONE: Mapping[int, str] = {
    404: "No active key has this id.",
    409: "It is the key that asks: it would end itself.",
    422: "The id or the body cannot be used: `errors` tells which field and why.",
}
OF_MAKING: Mapping[int, str] = {
    400: "The body ended before its end.",
    403: "The key has not the scope `admin`, or not one of the scopes that it is to give (`may_not_grant`).",
    408: "The body did not come in time.",
    413: "The body is too large.",
    422: "The body cannot be used: `errors` tells which field and why.",
}


def responses(
    status: int, answer: type[Struct], refusals: Mapping[int, str] | None = None
) -> dict[int | str, dict[str, Any]]:
    """For one route. The schema stands in it, so that every service's document can have it."""
    _, components = msgspec.json.schema_components((answer,), ref_template="{name}")
    schema = components[answer.__name__]
    if answer is KeysAnswer:
        schema["properties"]["keys"]["items"] = components[KeyAnswer.__name__]
    text = (answer.__doc__ or "").strip().partition("\n")[0]
    return {
        status: {"description": text, "content": {"application/json": {"schema": schema}}},
        **{code: openapi_response(code, said) for code, said in sorted({**_REFUSALS, **(refusals or {})}.items())},
    }
