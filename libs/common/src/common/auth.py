"""Authorization of HTTP requests by Bearer key and scope."""

from typing import Protocol

from common.keys import Key, KeysUnavailable, Scope
from common.problems import Problem, unavailable


class KeyVerifier(Protocol):
    async def verify(self, token: str) -> Key | None:
        """Raises `KeysUnavailable`."""


async def authorize(authorization: str | None, keys: KeyVerifier, scope: Scope) -> Key:
    """The key of an Authorization header, if it has the scope. Raises the `Problem` to be answered: 401, 403 or 503."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise _unauthorized("no_key", "send Authorization: Bearer KEY", challenge="Bearer")
    try:
        key = await keys.verify(token.strip())
    except KeysUnavailable as error:
        detail = "keys cannot be checked now: nothing was done, send it again"
        raise unavailable("keys_unavailable", detail) from error
    if key is None:
        challenge = 'Bearer error="invalid_token"'
        raise _unauthorized("bad_key", "no active key reads like this", challenge=challenge)
    if scope not in key.scopes:
        raise Problem(403, "scope_missing", f"key {key.id} has not the scope {scope.value}")
    return key


def _unauthorized(code: str, detail: str, *, challenge: str) -> Problem:
    return Problem(401, code, detail, headers={"www-authenticate": challenge})
