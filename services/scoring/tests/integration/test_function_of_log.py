"""Guarantee 5: whatever the cuts, the owners and the statement at which a crash falls, the outcome is the same bytes.

Hypothesis draws a log and then the lives of the workers that read it. The reference is one worker that read it whole.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from common.contracts.events import (
    Erased,
    ErasureLifted,
    Event,
    FeedPaused,
    FeedResumed,
    MentionsErased,
    UserErased,
    UserErasureLifted,
)
from common.contracts.signals import Signal
from common.erasures.erased_people import without_people
from common.erasures.substitutes import draw_substitute
from common.topics import TimeMode
from scoring.partition.commit import Commit, QueuedRow
from scoring.partition.memory import StoredPartition
from scoring.postgres.store import PostgresStore
from scoring.worker.context import WorkerLimits
from scoring.worker.heartbeat import Heartbeat
from support.cards import SMALL
from support.examples import examples
from support.scoring_harness import DAY, ERASURE_KEY, START, ScoringHarness, event, ids, scoring_harness

ACCOUNTS = ("acme", "beta", "gamma")
USERS = tuple(f"user {n}" for n in range(4))


class Killed(Exception):
    """The process is gone: nothing after this happens."""


class Mortal(PostgresStore):
    """A database connection whose process dies at its nth statement, before or after it is done."""

    def __init__(self, inner: PostgresStore, *, at: int, done: bool) -> None:
        self._engine = inner._engine
        self._patience = inner._patience
        self._left = at
        self._done = done

    def _die(self, *, done: bool) -> None:
        if not done:
            self._left -= 1
        if self._left < 0 or (self._left == 0 and done == self._done):
            self._left = -1
            raise Killed

    async def load_partition(self, partition: int) -> StoredPartition | None:
        self._die(done=False)
        found = await super().load_partition(partition)
        self._die(done=True)
        return found

    async def load_states(self, account_ids: Any) -> dict[str, bytes]:
        self._die(done=False)
        found = await super().load_states(account_ids)
        self._die(done=True)
        return found

    async def commit(self, commit: Commit, cluster_id: str) -> None:
        self._die(done=False)
        await super().commit(commit, cluster_id)
        self._die(done=True)

    async def load_outbox(self, partition: int, *, after: tuple[int, int], limit: int) -> list[QueuedRow]:
        self._die(done=False)
        found = await super().load_outbox(partition, after=after, limit=limit)
        self._die(done=True)
        return found

    async def delete_sent(self, partition: int, through: tuple[int, int]) -> None:
        self._die(done=False)
        await super().delete_sent(partition, through)
        self._die(done=True)

    async def write_heartbeats(self, heartbeats: Sequence[Heartbeat]) -> None:
        pass  # depends on the clock, not on the log


class Life(Struct, frozen=True):
    """One worker: how it cuts the log, how much it remembers, and at which statement it dies."""

    max_records: int
    chunk: int
    cached: float
    dies_at: int
    done: bool


lives = st.lists(
    st.builds(
        Life,
        max_records=st.integers(1, 12),
        chunk=st.integers(1, 4),
        cached=st.sampled_from([0.0, 50_000.0, 125_000.0, 1e9]),
        dies_at=st.integers(1, 25),
        done=st.booleans(),
    ),
    max_size=5,
)

happenings = st.lists(
    st.tuples(
        st.sampled_from(ACCOUNTS),
        st.sampled_from(
            ["session.started"] * 4
            + ["ticket.opened", "nps.answered", "contract.cancel_requested", "contract.renewed"]
            + ["user.updated", "champion.left", "contract.ended"]
            + ["account.updated", "milestone.planned", "milestone.reached", "tick", "again"]
            + ["feed.paused", "feed.resumed"]
            + ["account.merged", "merge taken back"]
            + ["erased", "erasure lifted"]
            + ["mentions erased"]
            + ["user erased", "user erasure lifted"]
            + ["imported session.started", "imported nps.answered", "imported contract.renewed"]
        ),
        st.integers(0, 40),  # hours since the one before
        st.integers(0, 3),  # who, or what
        st.integers(0, 60),  # hours late
    ),
    min_size=5,
    max_size=60,
)


def properties(name: str, n: int, at: float) -> dict[str, Any]:
    match name:
        case "nps.answered":
            return {"score": n * 3, "comment": f"words of user {n}"}
        case "ticket.opened":
            return {"ticket": f"T-{n}", "subject": f"words of user {n}"}
        case "contract.cancel_requested":
            return {"reason": f"words of user {n}", "requested_by": f"user {int(at) // 3600 % 4}"}
        case "account.updated":
            return {
                "stage": ["onboarding", "adoption", "renewal", "expansion"][n],
                "seats": n + 1,
                "parent": f"other {n}",
            }
        case "user.updated":
            return {"name": f"Ann {at % 5}", "champion": at % 2 == 0} | ({"email": None} if n else {})
        case "account.merged":
            return {"into": f"other {n}"}
        case "milestone.planned":
            return {"step": f"step {n}", "due": at + n * DAY}
        case "milestone.reached":
            return {"step": f"step {n}"}
    return {}


async def write(stream: ScoringHarness, sequence: list[tuple[str, str, int, int, int]]) -> None:
    now = START
    posted: list[Event] = []
    merges: dict[str, str] = {}
    for account_id, name, hours, n, late in sequence:
        now += hours * 3600
        if name == "tick":
            await stream.tick(now)
        elif name.startswith("feed."):
            source = f"source {n % 2}"
            # Ids repeat: a second owner may append what a first one has appended.
            paused = FeedPaused(f"{name} {n}", source, datetime.fromtimestamp(now - late * 3600, UTC))
            await stream.announce(paused if name == "feed.paused" else FeedResumed(f"{name} {n}", source), now)
        elif name.startswith("user eras"):
            await erase_user(stream, f"user {n}", now, lift=name != "user erased", request=late % 2)
        elif name == "mentions erased":
            for partition in range(stream.partitions):
                await stream.write(partition, MentionsErased(f"other {n}", f"other {n}"), at=now)
        elif name.startswith("eras"):
            request, pseudonym = f"{account_id} {n % 2}", ERASURE_KEY.pseudonym(account_id).hex()
            erased = Erased(request, account_id, pseudonym)
            said = erased if name == "erased" else ErasureLifted(request, pseudonym)
            await stream.write(stream.partition_of(account_id), said, at=now)
        elif name == "again":
            if posted:
                again = posted[n % len(posted)]
                await stream.write(stream.partition_of(again.account_id), again, at=now)
        else:
            imported, name = name.startswith("imported "), name.removeprefix("imported ")
            says = properties(name, n, now)
            if name == "merge taken back":
                name, says = "event.retracted", {"event_id": merges.get(account_id, "none")}
            elif name == "account.merged":
                merges[account_id] = f"{len(posted)}"
            one = event(
                account_id,
                name,
                now - late * (12 if imported else 1) * 3600,
                user_id=f"user {n}",
                event_id=f"{len(posted)}",
                properties=says,
                history=imported,
                source=f"source {n % 2}",
            )
            posted.append(one)
            await stream.write(stream.partition_of(account_id), one, at=now)
    await stream.tick(now + 45 * DAY)


@cache
def substitute_of(user_id: str, request: int) -> str:
    """A request keeps what it drew."""
    return draw_substitute(user_id)


async def erase_user(stream: ScoringHarness, user_id: str, at: float, *, lift: bool, request: int) -> None:
    """In every partition."""
    request_id, pseudonym = f"{user_id} {request}", ERASURE_KEY.user_pseudonym(user_id).hex()
    erased = UserErased(request_id, user_id, pseudonym, substitute_of(user_id, request))
    said = UserErasureLifted(request_id, pseudonym) if lift else erased
    for partition in range(stream.partitions):
        await stream.write(partition, said, at=at)


def last_erasure(sequence: list[tuple[str, str, int, int, int]], account_id: str) -> datetime | None:
    """When `write` erases the account for the last time."""
    now, found = START, None
    for of_account, name, hours, _, _ in sequence:
        now += hours * 3600
        if (of_account, name) == (account_id, "erased"):
            found = datetime.fromtimestamp(now, UTC)
    return found


async def live(stream: ScoringHarness, life: Life) -> None:
    """Until it dies or has nothing left to do."""
    store = Mortal(stream.store, at=life.dies_at, done=life.done)
    limits = WorkerLimits(chunk=life.chunk, cached=life.cached)
    worker = stream.worker(store=store, max_records=life.max_records, limits=limits)
    with suppress(Killed):
        await stream.score(worker)


def nameless(signal: Signal, user_ids: set[str]) -> Signal:
    return without_people(signal, lambda name: name in user_ids)


@pytest.fixture(params=[0, 900], ids=["told at once", "first looks"])
async def stream(database: str, request: pytest.FixtureRequest) -> AsyncIterator[ScoringHarness]:
    async with scoring_harness(database, SMALL, mode=TimeMode.STREAM, first_look_seconds=request.param) as built:
        yield built


@settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sequence=happenings, workers=lives, keep_erased=st.booleans())
async def test_the_outcome_is_a_function_of_the_log(
    stream: ScoringHarness, sequence: list[tuple[str, str, int, int, int]], workers: list[Life], keep_erased: bool
) -> None:
    await stream.empty()
    await write(stream, sequence)
    await stream.score()
    expected, told = await stream.rows(), stream.signals()

    await stream.empty(keep_log=True, keep_erased=keep_erased)
    for life in workers:
        await live(stream, life)
    await stream.score(stream.worker(max_records=7))
    assert await stream.rows() == expected
    erased_users = {f"user {one[3]}" for one in sequence if one[1] == "user erased"}
    for account_id in ACCOUNTS:
        # Whoever knows of the erasure of a person tells nothing of them, not even from before it.
        mine = [nameless(one, erased_users) for one in told if one.account_id == account_id]
        again = [nameless(one, erased_users) for one in stream.signals(account_id)]
        if (erased_at := last_erasure(sequence, account_id)) is not None:
            # What nobody had sent goes with the account, in either run; whoever knows of the erasure tells nothing from
            # before it.
            mine, again = (
                [one for one in mine if one.at > erased_at or one in again],
                [one for one in again if one.at > erased_at or one in mine],
            )
        assert again == mine
        assert ids(again) == ids(mine)
    assert await stream.scalar("SELECT count(*) FROM scoring.outbox") == 0
