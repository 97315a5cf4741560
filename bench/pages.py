"""Part h: how long a page of the list takes, with ten thousand accounts and with a hundred thousand."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
from sqlalchemy import text

from bench.cores import UNDER_TEST
from bench.lab import Deployed, deployed
from bench.peers.job import scorer as scorer_of
from bench.plan import Plan
from bench.results import Mark, Part, Row
from bench.series import percentile
from bench.silent import kinds, long_quiet, put
from bench.started import Started
from common import database
from common.topics import TimeMode
from local.stack.processes import ServerError
from scoring.postgres.store import PostgresStore

Query = Mapping[str, str | Sequence[str]]

SIZES = (10_000, 100_000)
KINDS = 1_000  # accounts with a history of their own; the others are copies
OWNERS = 50
MOST, USUAL = 500, 50  # accounts on a page
ASKED = 60  # times, of each question
GOAL = Mark(goal=150, at_most=True)  # milliseconds
RANKED_WITHIN = 600.0
KEY = "scoring keys create --source bench --scope read"

QUESTIONS: dict[str, Query] = {
    "by score": {},
    "by score, the best first": {"sort": "-score"},
    "by score, of one owner": {"owner": "Owner-7@Example.com"},
    "by score, red and yellow": {"band": ["red", "yellow"]},
    "by name": {"sort": "name"},
    "by ARR, the largest first": {"sort": "-arr"},
    "by renewal": {"sort": "renewal"},
    "by band": {"sort": "band"},
    "by name, those that start with a word": {"sort": "name", "starts_with": "company 77"},
}

# So that no two accounts look alike to a filter; a worker would have been told by `account.updated`.
_FACTS = f"""
UPDATE scoring.account SET name = 'Company ' || n, owner = 'owner-' || n % {OWNERS} || '@example.com',
    arr = CASE WHEN n % 11 > 0 THEN n * 7919 % 100003 END, contract_end = date '2026-01-01' + n * 31 % 900
FROM (SELECT account_id AS one, row_number() OVER (ORDER BY account_id)::integer AS n FROM scoring.account) AS numbered
WHERE one = account_id
"""
_NOTES = (
    "A page is 50 accounts, each computed as of the request, over one connection that stays open. Rankings are made "
    "meanwhile, as they always are.",
    "The page in the middle is half way through all accounts, the last one is the end of such a walk.",
    f"States are of {KINDS:,} histories of their own, and copies of them. Tables are vacuumed after they were filled.",
)


async def run(plan: Plan) -> Part:
    rows: list[Row] = []
    for size in SIZES:
        rows += await _of(plan, size)
    setting = f"{ASKED} times each, {' and '.join(f'{size:,}' for size in SIZES)} accounts"
    return Part(name="pages", title="A page of the list", setting=setting, rounds=1, rows=rows, notes=list(_NOTES))


async def _of(plan: Plan, size: int) -> list[Row]:
    async with deployed(plan.place, code=plan.codes.used, mode=TimeMode.WALL, services=("scoring",)) as made:
        await made.start("worker", UNDER_TEST)
        made.stop()
        await fill(made, scorer_of(str(plan.codes.used.card)), size)
        key = (await made.run(KEY)).split()[-1]
        api = await made.start("api", UNDER_TEST)
        ranked = await first_ranking(api)
        print(f"  {size:,} accounts, ranked in {ranked:.1f} s", flush=True)
        async with asking(api, key) as http:
            rows = [await _row(http, size, name, query) for name, query in QUESTIONS.items()]
            rows += await _walk(http, size)
    took = Row(name=f"a ranking of {size:,}", unit="s", values=[ranked])
    return [*rows, took]


async def fill(made: Deployed, scorer: Any, size: int) -> None:
    """Accounts `account-0000000` and so on, each with a state and facts of its own."""
    now = time.time()
    quiet = kinds(KINDS, lambda seed: long_quiet(scorer, now=now, quiet=3600.0, seed=seed))
    engine = database.engine(made.deployment.database_url)
    store = PostgresStore(engine, patience=120.0)
    accounts = ((f"account-{n:07}", quiet[n % KINDS]) for n in range(size))
    await put(store, accounts, partitions=made.deployment.partitions)
    plain = engine.execution_options(isolation_level="AUTOCOMMIT")
    async with plain.connect() as connection:
        await connection.execute(text(_FACTS))
        await connection.execute(text("VACUUM ANALYZE scoring.account, scoring.state"))
    await engine.dispose()


async def first_ranking(api: Started) -> float:
    """How long the first ranking took, in seconds; returns when it is there."""
    deadline = time.monotonic() + RANKED_WITHIN
    while not (await api.figures("churn_scoring_ranked_accounts_total")).get((), 0.0):
        api.check()
        if time.monotonic() > deadline:
            raise ServerError(f"there was no ranking after {RANKED_WITHIN:.0f} s")
        await asyncio.sleep(0.5)
    return (await api.figures("churn_scoring_ranking_duration_seconds"))[()]


@asynccontextmanager
async def asking(api: Started, key: str) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=api.url, headers=headers, timeout=60.0) as http:
        yield http


async def _row(http: httpx.AsyncClient, size: int, name: str, query: Query) -> Row:
    taken = [(await _page(http, query))[0] for _ in range(ASKED)]
    return _told(f"{name}, {size:,}", taken)


async def _walk(http: httpx.AsyncClient, size: int) -> Sequence[Row]:
    """A page half way through all accounts, and the last one."""
    cursors: list[str | None] = [None]
    while (page := (await _page(http, _behind(cursors[-1])))[1])["next_cursor"] is not None:
        cursors.append(page["next_cursor"])
    if len(cursors) * MOST != size:
        raise ServerError(f"a walk through {size:,} accounts ended after {len(cursors)} pages")
    middle = cursors[len(cursors) // 2]
    _, page = await _page(http, _behind(cursors[-1], limit=MOST - USUAL))
    ends = {"in the middle": middle, "the last": page["next_cursor"]}
    return [
        _told(
            f"by score, {name}, {size:,}",
            [(await _page(http, _behind(cursor, limit=USUAL)))[0] for _ in range(ASKED)],
        )
        for name, cursor in ends.items()
    ]


def _behind(cursor: str | None, *, limit: int = MOST) -> Query:
    return {"limit": str(limit), **({"cursor": cursor} if cursor else {})}


def _told(name: str, taken: Sequence[float]) -> Row:
    print(f"    {name}: p50 {percentile(taken, 0.5):.0f} ms, p99 {percentile(taken, 0.99):.0f} ms", flush=True)
    return Row(name=f"{name}, p50", unit="ms", values=[percentile(taken, 0.5)], mark=GOAL)


async def _page(http: httpx.AsyncClient, query: Query) -> tuple[float, Any]:
    """Milliseconds, and the answer."""
    began = time.perf_counter()
    answer = await http.get("/v1/accounts", params=query)
    taken = (time.perf_counter() - began) * 1_000
    if answer.status_code != httpx.codes.OK:
        raise ServerError(f"the list answered {answer.status_code}: {answer.text[:300]}")
    return taken, answer.json()
