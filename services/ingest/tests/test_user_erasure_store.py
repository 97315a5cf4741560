"""What ingest has stored of a person goes with the announcement of the erasure, whoever writes at that moment."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from common.bus.memory import MemoryBroker
from common.catalogue.events import STANDARD_EVENTS
from common.contracts.events import Event
from common.database import engine
from common.keys import Key
from common.topics import TimeMode, Topics, ensure
from ingest.aliases.cache import AliasCache
from ingest.commands.erasures import lines
from ingest.erasures.erased_subjects import ErasedSubjects
from ingest.erasures.erasure import AskedErasure, ErasureKind, ErasureState
from ingest.erasures.memory_store import MemoryErasureStore
from ingest.erasures.service import ErasureAnnouncer, ErasureService
from ingest.erasures.store import ErasureStore
from ingest.errors import FieldError, FieldErrorReason
from ingest.identity.cache import IdentityCache
from ingest.identity.known import KnownAccount
from ingest.identity.store import IdentityStore
from ingest.in_memory import ERASURE_KEY, NOW, PARTITIONS, MemoryAliases
from ingest.intake.intake import IntakeContext, MessageIntake
from ingest.intake.report import PartlyTaken, RefusedMessage
from ingest.mapping.item import IntakeItem, Link
from ingest.receiving.bounds import BOUNDS
from ingest.rejects.recorder import RejectRecorder
from ingest.rejects.rejected import Rejected
from ingest.rejects.store import RejectFilter, RejectStore
from support.erasure_requests import asked_of_user
from support.erasures import traces

Stores = MemoryErasureStore | ErasureStore


@pytest.fixture
async def connected(database: str) -> AsyncIterator[AsyncEngine]:
    made = engine(database)
    async with made.begin() as connection:
        await connection.execute(text("TRUNCATE ingest.erasure, ingest.identity, ingest.reject"))
    yield made
    await made.dispose()


@pytest.fixture(params=["memory", "PostgreSQL"])
async def stores(request: pytest.FixtureRequest, connected: AsyncEngine) -> Stores:
    """One contract for both."""
    return MemoryErasureStore(now=lambda: NOW) if request.param == "memory" else ErasureStore(connected)


async def test_a_request_keeps_its_substitute_and_loses_the_id(stores: Stores) -> None:
    filed = await stores.file(asked_of_user("amelia"))
    assert (filed.kind, filed.user_id, filed.partition) == (ErasureKind.USER, "amelia", None)
    again = AskedErasure(
        erasure_id="r-2",
        pseudonym=filed.pseudonym,
        fingerprint=ERASURE_KEY.fingerprint,
        filed_by="key-2",
        user_id="amelia",
        substitute="another",
    )
    assert await stores.file(again) == filed
    await stores.announced(filed)
    announced = await stores.find("r-1")
    assert announced is not None
    assert (announced.state, announced.kind) == (ErasureState.ANNOUNCED, ErasureKind.USER)
    assert (announced.user_id, announced.substitute) == (None, "instead r-1")
    assert announced.removed == {"identities": 0, "rejects": 0}
    (line,) = lines(await stores.newest(most=9))
    assert ("user" in line, "amelia" in line) == (True, False)
    await stores.ask_to_lift("r-1", by="key-2")
    await stores.lifted("r-1")
    assert await stores.in_force(most=9) == []
    assert (await stores.file(again)).substitute == "another"


@pytest.mark.parametrize("user", ["ann.widget", "ann.widget@acme.example", 'a "quoted" é'])
async def test_with_the_announcement_all_that_ingest_knows_of_the_person_goes(
    user: str, connected: AsyncEngine
) -> None:
    store, known, rejects = ErasureStore(connected), IdentityStore(connected), RejectStore(connected)
    for space in ("web", "shared"):
        await known.write(space, {user: KnownAccount("acme", NOW), "bob": KnownAccount("acme", NOW)})
    await rejects.insert(
        [
            rejected(f"no account is known of {user}"),
            rejected(f"not {user}: too old"),
            rejected("of bob", message_id=user),
            # A part of a word is another person.
            rejected(f"of {user}-2, or of x{user}"),
            rejected("of bob"),
        ]
    )
    await store.announced(await store.file(asked_of_user(user)))
    done = await store.find("r-1")
    assert done is not None
    assert done.removed == {"identities": 2, "rejects": 3}
    left = await traces(connected, "ingest", [user, "bob"])
    assert left.pop("ingest.reject.errors") == [user, "bob"], "somebody else's id begins as this one does"
    assert left == {"ingest.identity.id": ["bob"]}


def rejected(detail: str, message_id: str = "m-1") -> Rejected:
    errors = (FieldError("properties.by", FieldErrorReason.BAD_VALUE, detail),)
    return Rejected(
        at=NOW, source="web", key_id="k", format="segment", label="x", reason="y", errors=errors, message_id=message_id
    )


IDS = {
    "quote": 'o"brien',
    "backslash": "back\\slash",
    "tab": "tab\tid",
    "line": "line\nid",
    "DEL": "\x7fdel",
    "line separator": "\u2028ls",
    "apostrophe": "it's",
    "blank": "a b",
    "full stop": "ann.",
    "accent": "é",
    "emoji": "😀x",
    "60": "x" * 60,
    "100": "x" * 100,
    "128, each escaped": '"' * 128,
}


@pytest.mark.parametrize("user", IDS.values(), ids=IDS)
async def test_a_reject_that_quotes_the_id_goes_however_it_is_written(user: str, connected: AsyncEngine) -> None:
    """What the event catalogue says of a value quotes it as JSON, and the table holds that as JSON once more."""
    nps = STANDARD_EVENTS["nps.answered"]
    store, rejects = ErasureStore(connected), RejectStore(connected)
    for value in (user, [user], ["of", user], {"who": user}, f"said by {user} to\t{user}", ["y" * 40, user, "bob"]):
        checked = nps.check({"score": value}, at=NOW)
        assert checked is not None
        await rejects.insert([rejected(checked.errors[0].detail)])
    await rejects.insert([rejected(user), rejected(f"of {user}, who left"), rejected("of bob")])
    await store.announced(await store.file(asked_of_user(user)))
    left = [one.rejected.errors[0].detail for one in await rejects.page(RejectFilter(), limit=99)]
    assert "of bob" in left
    for spelling in (user[:20], json.dumps(user, ensure_ascii=False)[1:21]):
        assert spelling not in "".join(left), "nor is it cut in two"


async def test_who_is_erased_while_identities_are_looked_up_is_not_learned(connected: AsyncEngine) -> None:
    cache, erased = IdentityCache(IdentityStore(connected)), ErasedSubjects(ERASURE_KEY)
    service = await on_a_log(ErasureStore(connected), erased)

    class ErasedMeanwhile:
        """PostgreSQL takes its time, and an erasure is done before it answers."""

        async def accounts(self, space: str, ids: Collection[str]) -> Mapping[str, KnownAccount]:
            found = await cache.accounts(space, ids)
            await service.erase_user("ann", by="key-1")
            await service.erase_account("acme", by="key-1")
            return found

        learn = cache.learn

    links = [Link("ann", account_id="beta"), Link("bob", account_id="acme"), Link("cy", account_id="beta")]
    kept = _Kept()
    items = [IntakeItem(raw=b"{}", at=NOW, links=(one, Link("dan", same_as="ann"))) for one in links]
    intake = MessageIntake(
        identities=ErasedMeanwhile(),
        aliases=AliasCache(MemoryAliases()),
        events=kept,
        refused=kept,
        bounds=BOUNDS,
        erased=erased,
    )
    context = IntakeContext(key=Key("k", "web", frozenset(), NOW), format="segment", identities="web", received_at=NOW)
    await intake.take(items, context)
    assert list(await IdentityStore(connected).read("web", ["ann", "bob", "cy", "dan"])) == ["cy"]
    assert await traces(connected, "ingest", ["ann", "acme"]) == {}


class _Kept:
    """Takes all that is put into it."""

    async def publish(self, events: Sequence[Event]) -> None: ...

    async def put(self, refused: Sequence[RefusedMessage], context: IntakeContext) -> None: ...

    def note(self, partly: Sequence[PartlyTaken], context: IntakeContext) -> None: ...


async def on_a_log(store: ErasureStore, erased: ErasedSubjects) -> ErasureService:
    broker, topics = MemoryBroker(), Topics("")
    await ensure(broker.admin(), topics, mode=TimeMode.WALL, partitions=PARTITIONS, replication=1, retention_days=35)
    announcer = ErasureAnnouncer(broker.producer(), topic=topics.events, partitions=PARTITIONS, mode=TimeMode.WALL)
    return ErasureService(store, announcer, erased, key=ERASURE_KEY, partitions=PARTITIONS)


async def test_a_reject_that_waits_while_its_person_is_erased_is_not_written(connected: AsyncEngine) -> None:
    erased, unlisted = ErasedSubjects(ERASURE_KEY), list[int]()
    service = await on_a_log(ErasureStore(connected), erased)
    table = RejectStore(connected)
    recorder = RejectRecorder(table, keep=1_000, erased=erased, on_unlisted=unlisted.append)
    recorder.add(
        [
            rejected("by its id", message_id="ann"),
            rejected('expected a number, not "ann"'),
            rejected("no account is known of ann."),
            rejected("of the account acme"),
            rejected('not ["o\\"brien, jr", "bob"]'),
            rejected("of ann-2, of x.ann and of bob"),
        ]
    )
    for user in ("ann", 'o"brien, jr'):
        await service.erase_user(user, by="key-1")
    await service.erase_account("acme", by="key-1")
    await recorder.flush()
    (left,) = await table.page(RejectFilter(), limit=9)
    assert left.rejected.errors[0].detail == "of ann-2, of x.ann and of bob"
    assert unlisted == [5]


async def test_what_was_learned_since_the_lift_stays(connected: AsyncEngine) -> None:
    """A slow process announces, or deletes a second time, when others have ended the request long ago."""
    store, known = ErasureStore(connected), IdentityStore(connected)
    filed = await store.file(asked_of_user())
    await known.write("web", {"ann": KnownAccount("acme", NOW)})
    await store.announced(filed)
    await store.ask_to_lift("r-1", by="key-1")
    await store.lifted("r-1")
    lifted = await store.find("r-1")
    await known.write("web", {"ann": KnownAccount("acme", NOW)})
    await store.announced(filed)
    await store.delete_again(filed)
    assert list(await known.read("web", ["ann"])) == ["ann"]
    assert await store.find("r-1") == lifted


async def test_no_byte_of_the_person_is_left_in_any_table(connected: AsyncEngine) -> None:
    """As a process does it, and not by the store alone: the substitute must not have the id in it."""
    person, broker = "ann.widget-7f", MemoryBroker()
    topics = Topics("")
    await ensure(broker.admin(), topics, mode=TimeMode.WALL, partitions=PARTITIONS, replication=1, retention_days=35)
    await IdentityStore(connected).write("web", {person: KnownAccount("acme", NOW)})
    await RejectStore(connected).insert([rejected(f"of {person}")])
    assert len(await traces(connected, "ingest", [person])) == 2
    announcer = ErasureAnnouncer(broker.producer(), topic=topics.events, partitions=PARTITIONS, mode=TimeMode.WALL)
    store = ErasureStore(connected)
    service = ErasureService(
        store, announcer, ErasedSubjects(ERASURE_KEY), key=ERASURE_KEY, partitions=PARTITIONS, every=0.1
    )
    done = await service.erase_user(person, by="key-1")
    assert done.removed == {"identities": 1, "rejects": 1}
    assert await traces(connected, "ingest", [person]) == {}
    # What another process writes that does not know of it yet goes too, by itself or if somebody asks again.
    late = {person: KnownAccount("acme", NOW)}
    await IdentityStore(connected).write("web", late)
    stop = asyncio.Event()
    running = asyncio.create_task(service.run(stop))
    async with asyncio.timeout(60):
        while await traces(connected, "ingest", [person]):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    stop.set()
    await running
    await IdentityStore(connected).write("web", late)
    again = await service.erase_user(person, by="key-1")
    assert await traces(connected, "ingest", [person]) == {}
    assert (again.erasure_id, again.removed) == (done.erasure_id, {"identities": 3, "rejects": 1})
