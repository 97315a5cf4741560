"""`/v1/keys`, the same at every service: lists, makes, rotates and revokes API keys, for keys with the scope `admin`.

A key gives only scopes that it has itself. It cannot end itself, so that nobody locks themselves out.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from math import inf
from typing import Annotated, Any, Final, Protocol

import msgspec
import structlog
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from common import json_body
from common.auth import KeyVerifier, authorize
from common.database_errors import DATABASE_ERRORS, DatabaseFailure, classify, error_text
from common.http_app import json_response
from common.key_answers import OF_MAKING, OF_ONE, KeysAnswer, NewKeyAnswer, key_answer, responses
from common.key_tokens import IssuedKey, split_token
from common.keys import MOST_BURST, SOURCE_NAME, AskingKeyEnded, Key, Scope
from common.problems import Problem, database_unavailable
from common.token_bucket import RateLimit

PATH: Final = "/v1/keys"
_SECONDS: Final = 10.0
_MOST_BYTES: Final = 4_000
_MOST_DAYS: Final = 3_660
_NO_STORE: Final = {"cache-control": "no-store"}
_log = structlog.get_logger()

KeyId = Annotated[str, Path(pattern="^[0-9a-f]{12}$")]
Days = Annotated[int, Field(ge=1, le=_MOST_DAYS)]


class KeyTable(Protocol):
    """As `KeyStore`. Methods raise what the database raises, and `AskingKeyEnded`."""

    async def make(
        self,
        *,
        source: str,
        scopes: frozenset[Scope],
        lifetime: timedelta | None = None,
        limit: RateLimit | None = None,
        by: str | None = None,
    ) -> IssuedKey: ...

    async def rotate(
        self, key_id: str, *, overlap: timedelta, lifetime: timedelta | None = None, by: str | None = None
    ) -> IssuedKey | None: ...

    async def list(self) -> Sequence[Key]: ...

    async def find(self, key_id: str) -> Key | None: ...

    async def revoke(self, key_id: str, *, by: str | None = None) -> bool: ...


class CreateKey(BaseModel):
    """A new key. A limit above 0 needs `burst_events`; one of 0 is no limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = Field(pattern=f"^{SOURCE_NAME.pattern}$")
    scopes: frozenset[Scope] = Field(min_length=1)
    expires_days: Days | None = None
    events_per_second: float | None = Field(default=None, ge=0, lt=inf)
    burst_events: int | None = Field(default=None, ge=1, le=MOST_BURST)

    @model_validator(mode="after")
    def _whole_limit(self) -> "CreateKey":
        if (self.burst_events is None) != (not self.events_per_second):
            raise ValueError("events_per_second above 0 and burst_events go together")
        return self

    @property
    def limit(self) -> RateLimit | None:
        rate = self.events_per_second
        return None if rate is None else RateLimit(rate, self.burst_events or 0)


class RotateKey(BaseModel):
    """The old key stays valid for `overlap_hours`. `expires_days` is of the new one; null: as the old one's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    overlap_hours: int = Field(default=24, ge=0, le=_MOST_DAYS * 24)
    expires_days: Days | None = None


def key_routes(table: KeyTable, keys: KeyVerifier, *, service: str) -> APIRouter:
    router = APIRouter(prefix=PATH)

    async def asking(request: Request) -> Key:
        return await authorize(request.headers.get("authorization"), keys, Scope.ADMIN)

    @router.get("", responses=responses(200, KeysAnswer))
    async def list_keys(request: Request) -> Response:
        """All keys of this service, never their secrets."""
        by = await asking(request)
        async with _answering():
            found = await table.list()
        grants = [scope.value for scope in Scope if by.may(scope)]
        return json_response(
            KeysAnswer(service=service, asking=by.id, may_grant=grants, keys=[key_answer(key) for key in found])
        )

    @router.post("", status_code=201, responses=responses(201, NewKeyAnswer, OF_MAKING), openapi_extra=_body(CreateKey))
    async def create_key(request: Request) -> Response:
        """Make a key. Its token is in this answer alone."""
        by = await asking(request)
        asked = await json_body.read(request, CreateKey, most=_MOST_BYTES, seconds=_SECONDS)
        _require_grantable(by, asked.scopes)
        async with _answering():
            key = await table.make(
                source=asked.source,
                scopes=asked.scopes,
                lifetime=_days(asked.expires_days),
                limit=asked.limit,
                by=by.id,
            )
        made = _new_key(key)
        _log.info("key.created", key=made.id, source=asked.source, scopes=sorted(asked.scopes), by=by.id)
        return _made(made)

    @router.post(
        "/{key_id}/rotate",
        status_code=201,
        responses=responses(201, NewKeyAnswer, {**OF_MAKING, **OF_ONE}),
        openapi_extra=_body(RotateKey),
    )
    async def rotate_key(request: Request, key_id: KeyId) -> Response:
        """Make a key like this one, which then ends after an overlap. The new token is in this answer alone."""
        by = await asking(request)
        asked = await json_body.read(request, RotateKey, most=_MOST_BYTES, seconds=_SECONDS)
        if key_id == by.id and asked.overlap_hours == 0:
            raise _own_key()
        async with _answering():
            old = await table.find(key_id)
            if old is None:
                raise _no_such_key()
            # Scopes never change, so those of the row that is rotated are these.
            _require_grantable(by, old.scopes)
            overlap = timedelta(hours=asked.overlap_hours)
            key = await table.rotate(key_id, overlap=overlap, lifetime=_days(asked.expires_days), by=by.id)
            if key is None:
                raise _no_such_key()
        made = _new_key(key, replaces=key_id)
        _log.info("key.rotated", key=key_id, new=made.id, by=by.id)
        return _made(made)

    @router.delete("/{key_id}", status_code=204, response_class=Response, responses=_OF_REVOKING)
    async def revoke_key(request: Request, key_id: KeyId) -> Response:
        """End a key at once; processes that have it in memory take it for `KEY_TTL_SECONDS` more at most."""
        by = await asking(request)
        if key_id == by.id:
            raise _own_key()
        async with _answering():
            if not await table.revoke(key_id, by=by.id):
                raise _no_such_key()
        _log.info("key.revoked", key=key_id, by=by.id)
        return Response(status_code=204)

    return router


def _require_grantable(by: Key, scopes: frozenset[Scope]) -> None:
    missing = sorted(scope for scope in scopes if not by.may(scope))
    if missing:
        detail = f"key {by.id} gives only scopes that it has itself, which {', '.join(missing)} is not"
        raise Problem(403, "may_not_grant", detail)


@asynccontextmanager
async def _answering() -> AsyncIterator[None]:
    """Raises a `Problem`: 503 if the database does not answer in time, 401 if the key that asks has ended meanwhile."""
    try:
        async with asyncio.timeout(_SECONDS):
            yield
    except AskingKeyEnded as error:
        # It is still in memory.
        raise Problem(401, "bad_key", "the key has ended", headers={"www-authenticate": "Bearer"}) from error
    except DATABASE_ERRORS as error:
        if classify(error, connected=True) is DatabaseFailure.STATEMENT:
            raise
        raise database_unavailable(Exception(error_text(error))) from error


def _own_key() -> Problem:
    return Problem(409, "own_key", "this is the key that asks: it would end itself. Use another one, or the command")


def _no_such_key() -> Problem:
    return Problem(404, "key_not_found", "no active key has this id")


def _made(answer: NewKeyAnswer) -> Response:
    return Response(msgspec.json.encode(answer), 201, _NO_STORE, media_type="application/json")


def _days(days: int | None) -> timedelta | None:
    return None if days is None else timedelta(days=days)


def _new_key(made: IssuedKey, *, replaces: str | None = None) -> NewKeyAnswer:
    parts = split_token(made.token)
    assert parts is not None, "the store makes tokens of this form"
    return NewKeyAnswer(
        id=parts[0],
        token=made.token,
        expires_at=made.expires_at,
        replaces=replaces,
        replaced_until=made.replaced_until,
    )


def _body(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema()
    # References of its own would not resolve in the document of a service.
    for name, inline in schema.pop("$defs", {}).items():
        assert name == Scope.__name__, "only scopes are types of their own"
        schema["properties"]["scopes"]["items"] = inline
        del schema["properties"]["scopes"]["uniqueItems"]  # a repeated scope is taken, and counts once
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


_OF_REVOKING: Final[dict[int | str, dict[str, Any]]] = {
    204: {"description": "The key has ended."},
    **{status: said for status, said in responses(204, KeysAnswer, OF_ONE).items() if status != 204},
}
