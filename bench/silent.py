"""Accounts that have gone silent, made by the real core and put into the tables as the worker itself would."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import islice
from random import Random

from msgspec import Struct

from bench.peers.job import Account, Scorer, dump, find_due, restore
from common.bus.partitioner import partition_of
from common.contracts.events import Event
from local.stack.processes import ServerError
from scoring.partition.commit import AccountRow, Commit
from scoring.partition.memory import StoredPartition
from scoring.postgres.store import PostgresStore

DAY = 86_400.0
HISTORY = 20  # days of use before the silence
AT_ONCE = 4_000
TRIES = 12
NAMES = ("session.started", "session.started", "report.created", "workflow.run", "feature.used")


class Silent(Struct, frozen=True):
    """`due` is when it next matters that nothing happens; `body` is the same for every account that did the same."""

    account: Account
    body: bytes
    due: int


def lively(scorer: Scorer, *, until: float, seed: int) -> Account:
    """Somebody who came for weeks, and then, at `until`, for the last time."""
    draw = Random(seed)
    account = scorer.create(f"template-{seed}")
    users, pace = draw.randrange(3, 30), draw.uniform(0.3, 2.0)
    facts = {"tier": draw.choice(("high", "low")), "owner": "dana@example.com", "arr": 9_000, "seats": users + 5}
    moments = sorted(until - draw.uniform(0, HISTORY * DAY) for _ in range(round(HISTORY / pace)))
    happened = [
        (until - HISTORY * DAY - 60, "account.updated", facts),
        (until - HISTORY * DAY, "contract.changed", facts),
    ]
    happened += [(moment, draw.choice(NAMES), {"feature": f"f{draw.randrange(9)}"}) for moment in [*moments, until]]
    for n, (moment, name, properties) in enumerate(happened):
        at = datetime.fromtimestamp(moment, UTC)
        user = f"user-{draw.randrange(users)}"
        event = Event(f"e{n}", account.account_id, name, at, "web", at, user_id=user, properties=dict(properties))
        scorer.apply(account, event, moment)
    return account


def about_to_be_told(scorer: Scorer, *, at: int, seed: int) -> Silent | None:
    """Somebody of whose silence a signal is due at this very second; None if this one is never told of."""
    until = at - 10 * DAY
    for _ in range(TRIES):
        found = _before_the_signal(scorer, lively(scorer, until=until, seed=seed))
        if found is None or found.due == at:
            return found
        until += at - found.due
    return None


def _before_the_signal(scorer: Scorer, account: Account) -> Silent | None:
    """As it is just before the timer that tells something."""
    while (due := find_due(scorer, account)) is not None:
        body = dump(scorer, account)
        before = restore(scorer, account.account_id, body)
        if scorer.advance(account, due).signals:
            return Silent(before, body, due)
    return None


def long_quiet(scorer: Scorer, *, now: float, quiet: float, seed: int) -> Silent | None:
    """Somebody with a timer that is not due for `quiet` seconds; None if this one has none."""
    account = lively(scorer, until=now - Random(seed).uniform(0.2, 3.0) * DAY, seed=seed)
    scorer.advance(account, now)
    due = find_due(scorer, account)
    if due is None or due < now + quiet:
        return None
    return Silent(account, dump(scorer, account), due)


def kinds(wanted: int, make: Callable[[int], Silent | None]) -> list[Silent]:
    """As many as are wanted, of the first histories that end in such a silence."""
    ended = (one for seed in range(20 * wanted) if (one := make(seed)) is not None)
    found = list(islice(ended, wanted))
    if len(found) < wanted:
        raise ServerError(f"only {len(found)} of {20 * wanted} histories end in the silence that is wanted")
    return found


async def put(store: PostgresStore, accounts: Iterable[tuple[str, Silent]], *, partitions: int) -> None:
    """States, timers and facts through the worker's own statement. The partitions must have been begun."""
    by_partition: dict[int, list[tuple[str, Silent]]] = {number: [] for number in range(partitions)}
    for account_id, silent in accounts:
        by_partition[partition_of(account_id.encode(), partitions)].append((account_id, silent))
    for number, mine in by_partition.items():
        opened = await store.load_partition(number)
        assert opened is not None, "begun by a worker"
        left, last = iter(mine), opened.seq
        while some := list(islice(left, AT_ONCE)):
            await store.commit(_commit(number, opened, last, some), opened.cluster_id)
            last += 1


def _commit(number: int, opened: StoredPartition, last: int, some: list[tuple[str, Silent]]) -> Commit:
    rows = (AccountRow(account_id, one.account.facts, one.account.band, one.account.stage) for account_id, one in some)
    return Commit(
        partition=number,
        last_seq=last,
        writer=opened.writer,
        position=opened.position,
        states={account_id: one.body for account_id, one in some},
        timers={account_id: one.due for account_id, one in some},
        seen={},
        accounts=tuple(rows),
        days=(),
        signals=(),
        outbox=(),
    )
