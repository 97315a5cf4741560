"""A mixed load over HTTP, as product apps, billing systems and imports make it.

Whatever was not answered is sent again, whole, with the same ids; some is sent again although it was.
"""

import asyncio
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import httpx
import msgspec
from msgspec import Struct, field

from common.contracts.ids import event_id
from support.load import NAMES, properties_of

SOURCE = "web"  # of the key
AGAIN = 0.2
OTHER_CONTENT = 0.03  # of events come under an id that another event of the account has
RECENT = 200
BAD_ITEMS = 0.15
PAUSE = 0.3
GIVES_UP = 180.0  # seconds
YEAR = timedelta(days=365)
LATER = (httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.TOO_MANY_REQUESTS)
_BROKEN = (b'{"account_id":', b"17", b'{"account_id":"account-1"}', b'{"account_id":"account-1","name":"Not A Name"}')

_encode = msgspec.json.encode


class Request(Struct, frozen=True, kw_only=True):
    """`ids` are those that should be taken, `bad` the places of items that should not."""

    lines: tuple[bytes, ...]
    ids: tuple[str, ...]
    bad: frozenset[int] = frozenset()
    single: bool = False
    history: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


class _Item(Struct, frozen=True):
    index: int
    status: str
    event_id: str | None = None


class _Answer(Struct, frozen=True):
    accepted: int
    rejected: int
    items: tuple[_Item, ...]


def complaint(request: Request, status: int, body: bytes) -> str | None:
    """What is wrong with this answer, None if nothing is."""
    if status != (httpx.codes.ACCEPTED if request.ids else httpx.codes.UNPROCESSABLE_ENTITY):
        return f"{status} to {len(request.ids)} good items and {len(request.bad)} bad ones: {body[:300]!r}"
    answer = msgspec.json.decode(body, type=_Answer)
    bad = frozenset(one.index for one in answer.items if one.status == "rejected")
    ordered = sorted(answer.items, key=lambda one: one.index)
    taken = tuple(one.event_id or "" for one in ordered if one.status == "accepted")
    if bad != request.bad or taken != request.ids:
        return f"{sorted(bad)} were rejected in the place of {sorted(request.bad)}: {body[:300]!r}"
    return None


class Traffic:
    """`sent` are the ids of all events that were offered and are good, `accepted` of those that were answered 2xx."""

    def __init__(self, http: httpx.AsyncClient, *, accounts: Sequence[str], seed: int) -> None:
        self.accounts = accounts
        self.sent: set[str] = set()
        self.accepted: set[str] = set()
        self.complaints: list[str] = []
        self._http = http
        self._draw = Random(seed)
        self._awake: list[str] = list(accounts)
        self._recent: deque[tuple[str, str]] = deque(maxlen=RECENT)

    def rest(self, accounts: Collection[str]) -> None:
        """These do nothing from now on, all others do."""
        self._awake = [one for one in self.accounts if one not in accounts]

    def add_to_rest(self, accounts: Collection[str]) -> None:
        self._awake = [one for one in self._awake if one not in accounts]

    async def introduce(self, facts: Callable[[str], Mapping[str, Any]]) -> None:
        """What is known of every account, before anything happens to it."""
        lines, ids = [], []
        for account in self.accounts:
            event = self._event(account, "account.updated", dict(facts(account)))
            lines.append(_encode(event))
            ids.append(event["event_id"])
        await self.deliver(Request(lines=tuple(lines), ids=tuple(ids)))

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Until the block is left; by then all that was offered has been answered."""
        stop = asyncio.Event()
        makers = ((self._batch, 0.12), (self._batch, 0.12), (self._one, 0.05), (self._keyed, 0.3), (self._import, 0.7))
        async with asyncio.TaskGroup() as group:
            for make, pause in makers:
                group.create_task(self._run(make, pause, stop))
            try:
                yield
            finally:
                stop.set()

    async def deliver(self, request: Request) -> None:
        """Until it is answered. What comes in its place is a complaint."""
        self.sent.update(request.ids)
        deadline = time.monotonic() + GIVES_UP
        while (answer := await self._post(request)) is None or answer.status_code in LATER:
            if time.monotonic() > deadline:
                told = "nothing" if answer is None else f"{answer.status_code} {answer.text[:200]}"
                self.complaints.append(f"{told} for {GIVES_UP:.0f} s")
                return
            await asyncio.sleep(PAUSE * (0.5 + self._draw.random()))
        if (wrong := complaint(request, answer.status_code, answer.content)) is not None:
            self.complaints.append(wrong)
        else:
            self.accepted.update(request.ids)

    def ahead(self) -> list[Request]:
        """What a client says whose clock is a year ahead, alone and among others."""
        late = [_encode(self._event(self._account(), "session.started", {}, ahead=YEAR)) for _ in range(2)]
        good = self._event(self._account(), "session.started", {})
        return [
            Request(lines=(late[0],), ids=(), bad=frozenset({0}), single=True),
            Request(lines=(_encode(good), late[1]), ids=(good["event_id"],), bad=frozenset({1})),
        ]

    async def _run(self, make: Callable[[], Request], pause: float, stop: asyncio.Event) -> None:
        while not stop.is_set():
            request = make()
            await self.deliver(request)
            if self._draw.random() < AGAIN:
                await self.deliver(request)
            await asyncio.sleep(pause)

    async def _post(self, request: Request) -> httpx.Response | None:
        kind = "application/json" if request.single else "application/x-ndjson"
        try:
            return await self._http.post(
                "/v1/events",
                content=b"\n".join(request.lines),
                params={"history": "true"} if request.history else None,
                headers={"content-type": kind, **request.headers},
            )
        except httpx.TransportError:
            return None

    def _one(self) -> Request:
        event = self._drawn()
        return Request(lines=(_encode(event),), ids=(event["event_id"],), single=True)

    def _batch(self) -> Request:
        """Now and then with bad items between the good ones."""
        lines: list[bytes] = []
        ids: list[str] = []
        bad: set[int] = set()
        for n in range(self._draw.randint(5, 15)):
            if self._draw.random() < BAD_ITEMS / 5:
                bad.add(n)
                lines.append(self._draw.choice(_BROKEN))
                continue
            event = self._drawn()
            lines.append(_encode(event))
            ids.append(event["event_id"])
        return Request(lines=tuple(lines), ids=tuple(ids), bad=frozenset(bad))

    def _keyed(self) -> Request:
        """Without ids: ingest makes them of the key."""
        key = uuid.UUID(int=self._draw.getrandbits(128)).hex
        events = [self._drawn() for _ in range(3)]
        for event in events:
            del event["event_id"]
        ids = tuple(event_id(SOURCE, key, n) for n in range(len(events)))
        return Request(lines=tuple(map(_encode, events)), ids=ids, headers={"idempotency-key": key})

    def _import(self) -> Request:
        """What happened days ago."""
        events = [self._drawn(ahead=-timedelta(days=self._draw.randint(1, 30))) for _ in range(5)]
        ids = tuple(event["event_id"] for event in events)
        return Request(lines=tuple(map(_encode, events)), ids=ids, history=True)

    def _drawn(self, *, ahead: timedelta = timedelta()) -> dict[str, Any]:
        name = self._draw.choice(NAMES)
        properties = properties_of(name, self._draw)
        # Who is told of an account stays the same: only then can it be said who has to know.
        properties.pop("tier", None)
        event = self._event(self._account(), name, properties, ahead=ahead)
        if self._recent and self._draw.random() < OTHER_CONTENT:
            event["account_id"], event["event_id"] = self._draw.choice(self._recent)
        self._recent.append((event["account_id"], event["event_id"]))
        return event

    def _event(
        self, account: str, name: str, properties: dict[str, Any], *, ahead: timedelta = timedelta()
    ) -> dict[str, Any]:
        return {
            "event_id": uuid.UUID(int=self._draw.getrandbits(128)).hex,
            "account_id": account,
            "user_id": f"user-{self._draw.randint(1, 5)}",
            "name": name,
            "time": datetime.now(UTC) + ahead,
            "properties": properties,
        }

    def _account(self) -> str:
        return self._draw.choice(self._awake)
