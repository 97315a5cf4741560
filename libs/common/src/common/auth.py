"""Authorization of HTTP requests by API key and scope. Functions raise the `Problem` to answer: 401, 403 or 503."""

import binascii
from base64 import b64decode
from collections.abc import Coroutine
from typing import Any, Protocol

from common.keys import Key, KeysUnavailable, Scope
from common.problems import Problem, unavailable

_BASIC_CHALLENGE = 'Basic realm="churn signals", charset="UTF-8"'


class KeyVerifier(Protocol):
    async def verify(self, token: str) -> Key | None:
        """Raises `KeysUnavailable`."""


def authorize(authorization: str | None, keys: KeyVerifier, scope: Scope) -> Coroutine[Any, Any, Key]:
    """The key of an Authorization header with a Bearer token, if it has the scope."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise _unauthorized("no_key", "send Authorization: Bearer KEY", challenge="Bearer")
    return authorize_token(token, keys, scope)


def authorize_sdk(authorization: str | None, keys: KeyVerifier, scope: Scope) -> Coroutine[Any, Any, Key]:
    """Like `authorize`, for SDKs: the token is a Bearer token, or the user name of Basic. Any password is ignored."""
    scheme, _, credentials = (authorization or "").partition(" ")
    if scheme.lower() == "basic" and credentials:
        return authorize_token(_basic_user_name(credentials), keys, scope)
    if scheme.lower() == "bearer" and credentials:
        return authorize_token(credentials, keys, scope)
    detail = "send Authorization: Basic with the key as user name and no password, or Authorization: Bearer KEY"
    raise _unauthorized("no_key", detail, challenge=_BASIC_CHALLENGE)


async def authorize_token(token: str, keys: KeyVerifier, scope: Scope) -> Key:
    """The key of a token, wherever the request had it (PostHog's clients send it in the body), if it has the scope."""
    try:
        key = await keys.verify(token.strip())
    except KeysUnavailable as error:
        detail = "keys cannot be checked now: nothing was done, send it again"
        raise unavailable("keys_unavailable", detail) from error
    if key is None:
        challenge = 'Bearer error="invalid_token"'
        raise _unauthorized("bad_key", "no active key reads like this", challenge=challenge)
    if not key.may(scope):
        raise Problem(403, "scope_missing", f"key {key.id} has not the scope {scope.value}")
    return key


def _basic_user_name(credentials: str) -> str:
    """RFC 7617: base64 of `user-id:password` in UTF-8. Raises a 401 that says what is wrong."""
    try:
        user_name, colon, _ = b64decode(credentials.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise _bad_basic("is not base64 of UTF-8 text") from None
    if not colon:
        raise _bad_basic("has no colon behind the user name")
    if not user_name:
        raise _bad_basic("has no user name")
    return user_name


def _bad_basic(fault: str) -> Problem:
    detail = f"what follows Basic {fault}: send base64 of KEY: (the key, a colon, no password)"
    return _unauthorized("bad_basic", detail, challenge=_BASIC_CHALLENGE)


def _unauthorized(code: str, detail: str, *, challenge: str) -> Problem:
    return Problem(401, code, detail, headers={"www-authenticate": challenge})
