"""Signing in by OpenID Connect: authorization code with PKCE, validated by Authlib and joserfc."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpx
import msgspec
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from console.access.tokens import new_token
from console.errors import SignInFailed

_SCOPE = "openid email profile"
# Asymmetric ones: the provider's keys sign, and nobody else has them.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_LEEWAY = 60  # seconds that the provider's clock may differ
_METADATA_SECONDS = 3_600.0


class ProviderMetadata(msgspec.Struct, frozen=True):
    """OpenID Connect Discovery, as far as it is used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: Sequence[str] = ("client_secret_basic",)


class OidcAttempt(msgspec.Struct, frozen=True):
    """What the browser keeps, in a cookie, while the person is at the provider."""

    state: str
    nonce: str
    verifier: str
    next: str


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str
    access_token: str = ""


class OidcProvider:
    """Raises `SignInFailed`. Metadata is read again each hour, keys whenever a token has an unknown one."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        issuer: str,
        client_id: str,
        client_secret: str,
        redirect_uri: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._http = http
        self._issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._redirect_uri = redirect_uri
        self._clock = clock
        self._metadata: ProviderMetadata | None = None
        self._read_at = 0.0
        self._keys: KeySet | None = None

    def attempt(self, *, next: str) -> OidcAttempt:
        return OidcAttempt(state=new_token(), nonce=new_token(), verifier=new_token(), next=next)

    async def address(self, attempt: OidcAttempt) -> str:
        """Where the browser is sent."""
        metadata = await self._provider()
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._redirect_uri,
            "scope": _SCOPE,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": create_s256_code_challenge(attempt.verifier),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in metadata.authorization_endpoint else "?"
        return f"{metadata.authorization_endpoint}{joint}{urlencode(query)}"

    async def claims(self, attempt: OidcAttempt, answered: Mapping[str, str]) -> Mapping[str, Any]:
        """The claims of the validated ID token; `answered` is the query with which the browser came back."""
        if answered.get("state") != attempt.state:
            raise SignInFailed("the answer is not of this browser's attempt")
        if "error" in answered:
            raise SignInFailed(f"the provider answered {answered['error'][:100]}")
        # RFC 9207: another provider's answer must not be taken for this one's.
        if answered.get("iss", self._issuer) != self._issuer:
            raise SignInFailed("the answer is of another issuer")
        if not (code := answered.get("code")):
            raise SignInFailed("the provider answered without a code")
        tokens = await self._redeem(code, attempt)
        return await self._validated(tokens, attempt)

    async def _redeem(self, code: str, attempt: OidcAttempt) -> _Tokens:
        metadata = await self._provider()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": attempt.verifier,
        }
        auth: httpx.BasicAuth | None = None
        if "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            auth = httpx.BasicAuth(self._client_id, self._client_secret)
        else:
            form |= {"client_id": self._client_id, "client_secret": self._client_secret}
        content = await self._ask("POST", metadata.token_endpoint, data=form, auth=auth)
        return _decoded(content, _Tokens)

    async def _validated(self, tokens: _Tokens, attempt: OidcAttempt) -> Mapping[str, Any]:
        token = await self._signed(tokens.id_token)
        options = {
            "iss": {"essential": True, "value": self._issuer},
            "aud": {"essential": True, "value": self._client_id},
        }
        parameters = {"nonce": attempt.nonce, "client_id": self._client_id, "access_token": tokens.access_token}
        claims = CodeIDToken(token.claims, token.header, options, parameters)
        try:
            claims.validate(now=int(self._clock()), leeway=_LEEWAY)
        except JoseError as error:
            raise SignInFailed(f"the ID token is not valid: {error}") from error
        return dict(claims)

    async def _signed(self, id_token: str) -> jwt.Token:
        """With a signature of the provider; keys are read anew once, for the provider may have changed them."""
        known = self._keys
        try:
            if known is not None:
                return jwt.decode(id_token, known, algorithms=list(_ALGORITHMS))
        except (JoseError, ValueError):
            pass
        metadata = await self._provider()
        try:
            self._keys = KeySet.import_key_set(msgspec.json.decode(await self._ask("GET", metadata.jwks_uri)))
            return jwt.decode(id_token, self._keys, algorithms=list(_ALGORITHMS))
        except (JoseError, ValueError, KeyError, TypeError, msgspec.DecodeError) as error:
            raise SignInFailed(f"the ID token has no signature of the provider: {error}") from error

    async def _provider(self) -> ProviderMetadata:
        if self._metadata is not None and self._clock() - self._read_at < _METADATA_SECONDS:
            return self._metadata
        address = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        found = _decoded(await self._ask("GET", address), ProviderMetadata)
        if found.issuer != self._issuer:
            raise SignInFailed(f"the provider calls itself {found.issuer}, the settings {self._issuer}")
        self._metadata, self._read_at = found, self._clock()
        return found

    async def _ask(self, method: str, address: str, **request: Any) -> bytes:
        try:
            answered = await self._http.request(method, address, **request)
        except httpx.HTTPError as error:
            raise SignInFailed(f"the provider does not answer: {str(error) or type(error).__name__}") from error
        if not answered.is_success:
            raise SignInFailed(f"{address} answered {answered.status_code}")
        return answered.content


Form = TypeVar("Form")


def _decoded(content: bytes, form: type[Form]) -> Form:
    try:
        return msgspec.json.decode(content, type=form)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise SignInFailed(f"the provider's answer cannot be read: {error}") from error
