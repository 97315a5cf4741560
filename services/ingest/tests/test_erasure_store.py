"""What ingest stores of erasures: each step once, one key for all, and what it knows of the account goes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from common.database import engine
from common.database_errors import DatabaseUnavailable
from ingest.commands.erasures import lines
from ingest.erasures.erased_subjects import ErasedSubjects
from ingest.erasures.erasure import AnotherErasureKey, ErasureState
from ingest.erasures.memory_store import MemoryErasureStore
from ingest.erasures.service import Erasures
from ingest.erasures.store import ErasureStore
from ingest.errors import FieldError, FieldErrorReason
from ingest.identity.known import KnownAccount
from ingest.identity.store import IdentityStore
from ingest.in_memory import ERASURE_KEY, NOW
from ingest.rejects.rejected import Rejected
from ingest.rejects.store import RejectStore
from support.erasure_requests import ANOTHER_KEY, asked
from support.erasures import traces


async def test_a_process_with_another_key_or_none_is_not_ready_while_somebody_is_erased(stores: Erasures) -> None:
    await stores.file(asked())
    in_force = await stores.in_force(most=9)
    for key, trouble in ((None, "is not set"), (ANOTHER_KEY, "another one")):
        erased = ErasedSubjects(key)
        erased.replace(in_force)
        assert trouble in str(erased.trouble)
        erased.replace([])
        assert erased.trouble is None


async def test_a_request_of_another_key_is_filed_once_those_before_are_lifted(stores: Erasures) -> None:
    await stores.file(asked())
    for account_id in ("acme", "beta"):
        with pytest.raises(AnotherErasureKey):
            await stores.file(asked(account_id, "r-2", key=ANOTHER_KEY))
    await stores.ask_to_lift("r-1", by="key-1")
    with pytest.raises(AnotherErasureKey):
        await stores.file(asked("beta", "r-2", key=ANOTHER_KEY))
    await stores.lifted("r-1")
    assert (await stores.file(asked("beta", "r-2", key=ANOTHER_KEY))).erasure_id == "r-2"
    with pytest.raises(AnotherErasureKey):
        await stores.file(asked(request="r-3"))


async def test_of_two_keys_at_one_moment_one_has_its_requests_filed(stores: Erasures) -> None:
    keys = [ERASURE_KEY, ANOTHER_KEY] * 5
    done = await asyncio.gather(
        *(stores.file(asked(f"a-{n}", f"r-{n}", key=key)) for n, key in enumerate(keys)), return_exceptions=True
    )
    assert sum(isinstance(one, AnotherErasureKey) for one in done) == 5
    assert len({one.fingerprint for one in await stores.in_force(most=99)}) == 1


async def test_a_read_under_way_does_not_undo_what_changes_meanwhile(stores: Erasures) -> None:
    erased = ErasedSubjects(ERASURE_KEY)
    lifted = await stores.file(asked())
    erased.begin_read()
    read = await stores.in_force(most=9)
    erased.add(await stores.file(asked("beta", "r-2")))
    erased.remove(lifted)
    erased.replace(read)
    assert (erased.account("acme"), erased.account("beta")) == (False, True)
    erased.begin_read()
    erased.replace(read)
    assert (erased.account("acme"), erased.account("beta")) == (True, False)


@pytest.fixture(params=["memory", "PostgreSQL"])
async def stores(request: pytest.FixtureRequest, database: str) -> AsyncIterator[MemoryErasureStore | ErasureStore]:
    """One contract for both."""
    if request.param == "memory":
        yield MemoryErasureStore(now=lambda: datetime.now(UTC))
        return
    connected = engine(database)
    async with connected.begin() as connection:
        await connection.execute(text("TRUNCATE ingest.erasure"))
    yield ErasureStore(connected)
    await connected.dispose()


async def test_a_request_goes_from_filed_to_lifted_and_no_step_back(stores: MemoryErasureStore | ErasureStore) -> None:
    filed = await stores.file(asked())
    assert (filed.erasure_id, filed.state, filed.account_id) == ("r-1", ErasureState.FILED, "acme")
    assert await stores.file(asked(request="r-2")) == filed
    await stores.file(asked("beta", "r-3"))
    await stores.announced(filed)
    announced = await stores.find("r-1")
    assert announced is not None
    assert (announced.state, announced.account_id) == (ErasureState.ANNOUNCED, None)
    assert announced.removed == {"identities": 0, "rejects": 0}
    await stores.announced(filed)
    await stores.ask_to_lift("r-1", by="key-2")
    await stores.ask_to_lift("r-1", by="key-3")
    lifting = await stores.find("r-1")
    assert lifting is not None
    assert (lifting.state, lifting.lift_asked_by) == (ErasureState.LIFTING, "key-2")
    assert lifting.announced_at == announced.announced_at
    await stores.lifted("r-1")
    assert [one.erasure_id for one in await stores.in_force(most=9)] == ["r-3"]
    assert (await stores.file(asked(request="r-4"))).erasure_id == "r-4"
    assert [one.erasure_id for one in await stores.newest(most=2)] == ["r-4", "r-3"]
    assert "acme" not in "".join(lines(await stores.newest(most=9)))
    assert await stores.find("nonsense") is None


@pytest.mark.parametrize("account", ["acme", 'a "quoted" é'])
async def test_with_the_announcement_identities_and_rejects_of_the_account_go(account: str, database: str) -> None:
    connected = engine(database)
    async with connected.begin() as connection:
        await connection.execute(text("TRUNCATE ingest.erasure, ingest.identity, ingest.reject"))
    store, identities, rejects = ErasureStore(connected), IdentityStore(connected), RejectStore(connected)
    await identities.write("web", {"ann": KnownAccount(account, NOW), "bo": KnownAccount("beta", NOW)})
    told_of = FieldError("account_id", FieldErrorReason.TOO_OLD, f"of {account}")
    of_beta = FieldError("account_id", FieldErrorReason.TOO_OLD, "of beta")
    about: dict[str, Any] = {
        "at": NOW,
        "source": "web",
        "key_id": "k",
        "format": "segment",
        "label": "x",
        "reason": "y",
    }
    await rejects.insert([Rejected(**about, errors=(told_of,)), Rejected(**about, errors=(of_beta,))])
    filed = await store.file(asked(account))
    await store.announced(filed)
    # Of a process that does not know of it yet.
    await identities.write("web", {"cy": KnownAccount(account, NOW)})
    await store.delete_again(filed)
    assert await traces(connected, "ingest", [account, "ann", "cy"]) == {}
    assert await traces(connected, "ingest", ["beta"]) != {}
    done = await store.find("r-1")
    assert done is not None
    assert done.removed == {"identities": 2, "rejects": 1}
    await connected.dispose()


async def test_an_outage_of_the_memory_store_is_the_error_of_the_real_one() -> None:
    store = MemoryErasureStore(now=lambda: datetime.now(UTC))
    store.away = True
    with pytest.raises(DatabaseUnavailable):
        await store.file(asked())
