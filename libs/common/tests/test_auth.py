"""Who may ask: tokens as Bearer, as Basic and in bodies, and the scopes that a key needs."""

from base64 import b64encode

import pytest

from common.auth import authorize, authorize_sdk, authorize_token
from common.keyring import Keyring
from common.keys import Key, Scope
from common.memory_keys import MemoryKeys
from common.problems import Problem


class Asking:
    def __init__(self) -> None:
        self.store = MemoryKeys()
        self.keys = Keyring(self.store, miss_ttl=0)
        self.token = self.store.create(source="web", scopes=frozenset({Scope.EVENTS}))


@pytest.fixture
def asking() -> Asking:
    return Asking()


def basic(text: str | bytes) -> str:
    return "Basic " + b64encode(text if isinstance(text, bytes) else text.encode()).decode()


# By the scope that is asked for: the scopes that a key may have one of.
GOOD_FOR = {
    Scope.READ: {Scope.READ},
    Scope.WRITE: {Scope.WRITE},
    Scope.EVENTS: {Scope.EVENTS, Scope.WRITE},
    Scope.WEBHOOKS: {Scope.WEBHOOKS, Scope.WRITE},
    Scope.ADMIN: {Scope.ADMIN},
}


@pytest.mark.parametrize("held", Scope)
@pytest.mark.parametrize("asked", Scope)
async def test_a_key_passes_where_its_scope_is_asked_for_or_included(asking: Asking, asked: Scope, held: Scope) -> None:
    token = asking.store.create(scopes=frozenset({held}))
    if held in GOOD_FOR[asked]:
        assert (await authorize(f"Bearer {token}", asking.keys, asked)).scopes == {held}
        return
    with pytest.raises(Problem, match=f"has not the scope {asked.value}") as refused:
        await authorize(f"Bearer {token}", asking.keys, asked)
    assert (refused.value.status, refused.value.code) == (403, "scope_missing")


@pytest.mark.parametrize("password", ["", "secret", "with:colons", "schlüssel"])
async def test_an_sdk_sends_the_key_as_user_name_and_any_password(asking: Asking, password: str) -> None:
    key = await authorize_sdk(basic(f"{asking.token}:{password}"), asking.keys, Scope.EVENTS)
    assert key.source == "web"


@pytest.mark.parametrize("header", ["Bearer {}", "bearer {}", "Bearer  {} "])
async def test_an_sdk_may_send_a_bearer_token(asking: Asking, header: str) -> None:
    key = await authorize_sdk(header.format(asking.token), asking.keys, Scope.EVENTS)
    assert isinstance(key, Key)


@pytest.mark.parametrize(
    ("header", "code", "said"),
    [
        (None, "no_key", "Basic with the key as user name"),
        ("", "no_key", "Basic with the key as user name"),
        ("Basic", "no_key", "Basic with the key as user name"),
        ("Bearer ", "no_key", "Basic with the key as user name"),
        ("Digest abc", "no_key", "Basic with the key as user name"),
        # The key itself, as it is, without base64
        ("Basic cs_0123456789ab_secret:", "bad_basic", "is not base64"),
        ("Basic YWJ", "bad_basic", "is not base64"),
        ("Basic schlüssel", "bad_basic", "is not base64"),
        (basic(b"\xff\xfe:"), "bad_basic", "is not base64 of UTF-8"),
        (basic("no-colon"), "bad_basic", "has no colon"),
        (basic(":password"), "bad_basic", "has no user name"),
        # Whole, but nobody's
        (basic("nobody:"), "bad_key", "no active key"),
    ],
)
async def test_what_an_sdk_sends_wrongly_is_said(asking: Asking, header: str | None, code: str, said: str) -> None:
    with pytest.raises(Problem, match=said) as refused:
        await authorize_sdk(header, asking.keys, Scope.EVENTS)
    assert (refused.value.status, refused.value.code) == (401, code)
    assert refused.value.headers["www-authenticate"].split()[0] in ("Basic", "Bearer")


async def test_basic_is_for_sdks_only(asking: Asking) -> None:
    with pytest.raises(Problem, match="Bearer KEY"):
        await authorize(basic(f"{asking.token}:"), asking.keys, Scope.EVENTS)


async def test_a_token_of_a_body_is_checked_like_any_other(asking: Asking) -> None:
    assert (await authorize_token(asking.token, asking.keys, Scope.EVENTS)).source == "web"
    for token, status in (("", 401), ("phc_abc", 401)):
        with pytest.raises(Problem) as refused:
            await authorize_token(token, asking.keys, Scope.EVENTS)
        assert refused.value.status == status


async def test_while_keys_cannot_be_read_nobody_is_called_a_stranger(asking: Asking) -> None:
    asking.store.away = True
    with pytest.raises(Problem) as refused:
        await authorize_sdk(basic(f"{asking.token}:"), asking.keys, Scope.EVENTS)
    assert (refused.value.status, refused.value.code) == (503, "keys_unavailable")
