"""Signing in by OpenID Connect, with a provider in this process that signs as real ones do."""

import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from console.access.oidc import OidcProvider
from console.access.roles import Role
from console.settings import ConsoleSettings
from support.console import ORIGIN, ConsoleSite, console_site

ISSUER = "https://idp.example"
CLIENT = "console"
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
}


class Provider:
    """Its next ID token has `claims`; what the console redeemed is in `redeemed`."""

    def __init__(self, key: RSAKey) -> None:
        self.key = key
        self.published = [self.key]
        self.claims: dict[str, Any] = {}
        self.redeemed: list[dict[str, list[str]]] = []
        self.answers: dict[str, Any] = {"/.well-known/openid-configuration": METADATA}

    def token(self, **changes: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": CLIENT,
            "sub": "ann-1",
            "exp": now + 300,
            "iat": now,
            "email": "Ann@example.com",
            "email_verified": True,
            **self.claims,
            **changes,
        }
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            self.redeemed.append(parse_qs(request.content.decode()))
            return httpx.Response(200, json={"id_token": self.token(), "access_token": "a", "token_type": "Bearer"})
        if request.url.path == "/keys":
            return httpx.Response(200, json=KeySet(list(self.published)).as_dict(private=False))
        return httpx.Response(200, json=self.answers[request.url.path])


@pytest.fixture(scope="module")
def signing() -> RSAKey:
    """Made once: an RSA key takes a while."""
    return RSAKey.generate_key(2048, {"kid": "one"})


@pytest.fixture
def idp(signing: RSAKey) -> Provider:
    return Provider(signing)


def connected(idp: Provider) -> Any:
    def provider(settings: ConsoleSettings) -> OidcProvider:
        http = httpx.AsyncClient(transport=httpx.MockTransport(idp.answer))
        return OidcProvider(
            http,
            issuer=ISSUER,
            client_id=CLIENT,
            client_secret="a secret",
            redirect_uri=f"{ORIGIN}/sign-in/oidc/callback",
        )

    return provider


@pytest.fixture
async def site(database: str, idp: Provider) -> AsyncIterator[ConsoleSite]:
    async with console_site(database, provider=connected(idp)) as built:
        yield built


@pytest.fixture
async def by_claim(database: str, idp: Provider) -> AsyncIterator[ConsoleSite]:
    """Roles come from the provider."""
    roles = {"cs": Role.CSM, "cs-leads": Role.LEAD}
    async with console_site(
        database, provider=connected(idp), console_oidc_role_claim="groups", console_oidc_roles=roles
    ) as built:
        yield built


async def begin(browser: httpx.AsyncClient, *, next: str = "/") -> dict[str, str]:
    """What the console asks the provider."""
    answer = await browser.get("/sign-in/oidc", params={"next": next})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{ISSUER}/authorize?")
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


async def come_back(browser: httpx.AsyncClient, idp: Provider, asked: dict[str, str], **changes: str) -> httpx.Response:
    idp.claims.setdefault("nonce", asked["nonce"])
    return await browser.get("/sign-in/oidc/callback", params={"code": "c", "state": asked["state"], **changes})


async def test_who_has_an_account_signs_in_and_is_led_on(site: ConsoleSite, idp: Provider) -> None:
    await site.user("ann@example.com", Role.LEAD)
    async with site.browser() as browser:
        assert (
            'href="/sign-in/oidc?next=%2Fportfolio%3Fband%3Dred"'
            in (await browser.get("/sign-in?next=/portfolio%3Fband%3Dred")).text
        )
        asked = await begin(browser, next="/portfolio?band=red")
        assert (asked["code_challenge_method"], asked["response_type"]) == ("S256", "code")
        answer = await come_back(browser, idp, asked)
        assert answer.headers["location"] == "/portfolio?band=red"
        assert (await browser.get("/portfolio")).status_code == 503  # signed in, and scoring is away
        assert "console_oidc" not in browser.cookies
    (redeemed,) = idp.redeemed
    assert redeemed["code_verifier"]
    (row,) = await site.rows("SELECT oidc_subject FROM console.console_user")
    assert row.oidc_subject == f"{ISSUER} ann-1"


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "of another attempt"},
        {"aud": "another client"},
        {"iss": "https://elsewhere.example"},
        {"exp": 1},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email": None},
    ],
)
async def test_a_token_that_is_not_for_us_signs_nobody_in(
    site: ConsoleSite, idp: Provider, changes: dict[str, Any]
) -> None:
    await site.user("ann@example.com")
    async with site.browser() as browser:
        asked = await begin(browser)
        idp.claims = {"nonce": asked["nonce"], **changes}
        answer = await come_back(browser, idp, asked)
        assert answer.headers["location"] == "/sign-in?failed=true"
        assert "console_session" not in browser.cookies


async def test_a_signature_of_somebody_else_is_no_signature(site: ConsoleSite, idp: Provider) -> None:
    await site.user("ann@example.com")
    idp.published = [RSAKey.generate_key(2048, {"kid": "one"})]
    async with site.browser() as browser:
        answer = await come_back(browser, idp, await begin(browser))
        assert answer.headers["location"] == "/sign-in?failed=true"


async def test_a_token_without_a_signature_is_refused(site: ConsoleSite, idp: Provider) -> None:
    await site.user("ann@example.com")
    signed = idp.token
    none = "eyJhbGciOiJub25lIn0"
    idp.token = lambda **_: f"{none}.{signed().split('.')[1]}."  # type: ignore[method-assign]
    async with site.browser() as browser:
        answer = await come_back(browser, idp, await begin(browser))
        assert answer.headers["location"] == "/sign-in?failed=true"


async def test_new_keys_of_the_provider_are_taken(site: ConsoleSite, idp: Provider) -> None:
    await site.user("ann@example.com")
    async with site.browser() as browser:
        await come_back(browser, idp, await begin(browser))
        idp.key = RSAKey.generate_key(2048, {"kid": "two"})
        idp.published, idp.claims = [idp.key], {}
        answer = await come_back(browser, idp, await begin(browser))
        assert answer.headers["location"] == "/"


async def test_an_answer_of_another_attempt_is_refused(site: ConsoleSite, idp: Provider) -> None:
    """Else somebody could sign another person's browser in as themselves."""
    await site.user("ann@example.com")
    async with site.browser() as browser, site.browser() as other:
        asked = await begin(other)
        for _ in range(2):
            answer = await come_back(browser, idp, asked)
            assert answer.headers["location"] == "/sign-in?failed=true"
            await begin(browser)
        assert (
            (await come_back(other, idp, asked, iss="https://elsewhere.example")).headers["location"].endswith("true")
        )
        again = await come_back(other, idp, asked)
        assert again.headers["location"].endswith("true"), "an attempt ends with its first answer"
    assert not idp.redeemed


async def test_who_is_unknown_or_disabled_is_not_let_in(site: ConsoleSite, idp: Provider) -> None:
    async with site.browser() as browser:
        assert (await come_back(browser, idp, await begin(browser))).headers["location"].endswith("failed=true")
        await site.user("ann@example.com")
        await site.users.disable("ann@example.com", by="command line")
        idp.claims = {}
        assert (await come_back(browser, idp, await begin(browser))).headers["location"].endswith("failed=true")
        page = await browser.get("/sign-in?failed=true")
        assert "You could not be signed in." in page.text


async def test_an_address_that_changed_hands_is_not_the_same_person(site: ConsoleSite, idp: Provider) -> None:
    await site.user("ann@example.com", Role.ADMIN)
    async with site.browser() as browser:
        await come_back(browser, idp, await begin(browser))
        idp.claims = {"sub": "somebody-new"}
        answer = await come_back(browser, idp, await begin(browser))
        assert answer.headers["location"].endswith("failed=true")


async def test_roles_of_the_provider_make_and_change_people(by_claim: ConsoleSite, idp: Provider) -> None:
    async with by_claim.browser() as browser:
        for groups, role in ((["cs", "others"], Role.CSM), (["cs", "cs-leads"], Role.LEAD), ("cs", Role.CSM)):
            idp.claims = {"groups": groups}
            answer = await come_back(browser, idp, await begin(browser))
            assert answer.headers["location"] == "/"
            assert (await by_claim.users.find("ann@example.com")).role is role
        for nothing in (["others"], None, [], {"cs": 1}):
            idp.claims = {"groups": nothing}
            answer = await come_back(browser, idp, await begin(browser))
            assert answer.headers["location"].endswith("failed=true")
    changes = await by_claim.rows("SELECT who, details FROM console.audit WHERE act = 'managed users' ORDER BY seq")
    assert [(row.who, row.details["role"]) for row in changes] == [
        ("identity provider", "csm"),
        ("identity provider", "lead"),
        ("identity provider", "csm"),
    ]


async def test_a_provider_that_calls_itself_otherwise_is_not_asked(site: ConsoleSite, idp: Provider) -> None:
    idp.answers["/.well-known/openid-configuration"] = {**METADATA, "issuer": "https://elsewhere.example"}
    async with site.browser() as browser:
        answer = await browser.get("/sign-in/oidc")
        assert answer.headers["location"] == "/sign-in?failed=true"


def test_settings_of_an_issuer_are_whole_or_refused() -> None:
    with pytest.raises(ValueError, match="CONSOLE_OIDC_CLIENT_ID"):
        ConsoleSettings(_env_file=None, console_oidc_issuer=ISSUER)  # type: ignore[call-arg]
