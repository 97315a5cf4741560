"""Part i: how long KPIs take, over two years of a hundred thousand customers."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any

import httpx
from msgspec.structs import replace
from sqlalchemy import text

from bench.cores import UNDER_TEST
from bench.lab import deployed
from bench.pages import KEY, asking, fill, first_ranking
from bench.peers.job import scorer as scorer_of
from bench.plan import Plan
from bench.results import Mark, Part, Row
from bench.series import percentile
from bench.started import Started
from common import database
from common.bus.partitioner import partition_of
from common.topics import TimeMode
from local.stack.processes import ServerError
from scoring.partition.commit import Commit
from scoring.partition.kpi_entries import HEALTH_CHANGED, MONTH_ENDED, KpiEntry, person_key
from scoring.postgres.store import PostgresStore

Query = Mapping[str, str | Sequence[str]]
# When, what, and what it said.
Found = tuple[datetime, str, dict[str, Any]]

SIZE = 100_000
ALL_DAYS = 730
MONTH_DAYS = 30.4
AT_ONCE = 500  # accounts to a commit
ASKED = 5  # times, of each question
GOAL = Mark(goal=2, at_most=True)  # seconds
READ_WITHIN = 900.0
STEPS = ("kickoff", "sso_live", "first_value")
CONSOLE_COLUMNS = (
    "customers", "arr", "arr_at_risk", "health_score", "adoption_score", "gross_revenue_retention",
    "net_revenue_retention", "logo_churn_rate",
)  # fmt: skip

_NOTES = (
    "The API process has every entry in memory and computes each answer anew. Rankings are made meanwhile, as they "
    "always are, and the scores of the newest one are read for each span that ends today.",
    "Entries are written by the worker's own commit. Customers began within the two years or in the year before them. "
    "Each has facts, three milestones, changes of ARR and of band, answers, renewals and perhaps an end, and an entry "
    "at the end of each month.",
    "The last 12 months and the cohorts are what the console's page asks for beside the span.",
)


async def run(plan: Plan) -> Part:
    async with deployed(plan.place, code=plan.codes.used, mode=TimeMode.WALL, services=("scoring",)) as made:
        await made.start("worker", UNDER_TEST)
        made.stop()
        card = str(plan.codes.used.card)
        await fill(made, scorer_of(card), SIZE)
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        entries = await _put(made.deployment.database_url, made.deployment.partitions, today)
        print(f"  {entries:,} entries", flush=True)
        key = (await made.run(KEY)).split()[-1]
        api = await made.start("api", UNDER_TEST)
        async with asking(api, key) as http:
            took, read = await asyncio.gather(first_ranking(api), _read(api, http, entries))
            rows = [await _row(http, name, query) for name, query in questions(today).items()]
        rows.append(Row(name=f"reading {entries:,} entries after a start", unit="s", values=[read]))
        rows.append(Row(name=f"a ranking of {SIZE:,}", unit="s", values=[took]))
    return Part(
        name="kpis",
        title="KPIs of two years",
        setting=f"{ASKED} times each, {SIZE:,} accounts, {entries:,} entries",
        rounds=1,
        rows=rows,
        notes=list(_NOTES),
    )


def questions(today: datetime) -> dict[str, Query]:
    """The first has the goal."""
    months = [f"{today - timedelta(days=MONTH_DAYS * back):%Y-%m}" for back in range(24)]
    return {
        "all KPIs of a year": {},
        "all KPIs of a year, of one tier": {"tier": "high"},
        "all KPIs of a year by tier": {"by": "tier"},
        "eight KPIs of a year by owner": {"by": "owner", "kpi": CONSOLE_COLUMNS},
        "all KPIs of the last 12 months": {"from": f"{today - timedelta(days=334):%Y-%m}-01", "step": "month"},
        "cohorts by quarter": {
            "from": f"{today - timedelta(days=ALL_DAYS - 31):%Y-%m}-01",
            "step": "quarter",
            "by": "cohort",
            "kpi": ["customer_churn_rate", "net_revenue_retention"],
            "cohort": months,
            "groups": "24",
        },
        "all KPIs of a year as known half a year ago": {
            "to": f"{today - timedelta(days=182):%Y-%m-%d}",
            "known_at": f"{today - timedelta(days=182):%Y-%m-%d}",
        },
    }


def history(account_id: str, seed: int, *, today: datetime) -> list[KpiEntry]:
    """What two years leave of one customer, in the order of the log."""
    draw = Random(seed)
    began = today - timedelta(days=ALL_DAYS)
    start = today - timedelta(days=draw.randrange(60, ALL_DAYS + 365))
    first = max(began, start)
    arr = draw.choice((1, 5, 10, 50)) * 1_000.0
    posted = {
        "arr": arr,
        "seats": 10.0,
        "tier": draw.choice(("high", "low", "tech")),
        "owner": f"owner-{draw.randrange(50)}@example.com",
        "segment": draw.choice("abcd"),
        "contract_start": f"{start:%Y-%m-%d}",
        "contract_end": f"{start + timedelta(days=365):%Y-%m-%d}",
    }
    found = [(first, "account.updated", posted)]
    found += [(first + timedelta(days=draw.randrange(40)), "milestone.reached", {"step": step}) for step in STEPS]
    ended = _terms(draw, start, arr=arr, today=today, found=found)
    found += _months(draw, first, min(ended, today), arr=arr)
    return [
        KpiEntry(
            account_id,
            name,
            at.timestamp(),
            at.timestamp() + 5.0,
            None if name in (HEALTH_CHANGED, MONTH_ENDED) else draw.getrandbits(62),
            person_key(f"{account_id}/{draw.randrange(5)}") if name == "nps.answered" else None,
            said,
        )
        for at, name, said in sorted(found, key=lambda each: each[0])
        if at < today
    ]


def _terms(draw: Random, start: datetime, *, arr: float, today: datetime, found: list[Found]) -> datetime:
    """Adds the end of each term; returns when the customer left, or the end of the last term."""
    began, term = today - timedelta(days=ALL_DAYS), start + timedelta(days=365)
    while term < today:
        if term > began and draw.random() < 0.1:
            left = term + timedelta(days=draw.randrange(-20, 20))
            found.append((left, "contract.ended", {"status": "churned"}))
            return left
        renewed = {"status": "active", "contract_end": f"{term + timedelta(days=365):%Y-%m-%d}", "arr": arr}
        found.append((max(term + timedelta(days=draw.randrange(-30, 20)), began), "contract.renewed", renewed))
        term += timedelta(days=365)
    return term


def _months(draw: Random, first: datetime, last: datetime, *, arr: float) -> Iterator[Found]:
    at = first + timedelta(days=MONTH_DAYS)
    while at < last:
        score = round(draw.uniform(20, 90), 1)
        adoption = {"core_users": 0.4, "core_depth": 3.0, "breadth": 0.4, "active_days": round(draw.uniform(0, 5), 4)}
        dimensions = {"adoption": score, "engagement": 50.0, "deployment": 60.0, "roi": 50.0}
        yield at, MONTH_ENDED, {"score": score, "dimensions": dimensions, "adoption": adoption}
        if draw.random() < 0.3:
            band = draw.choice(("green", "yellow", "red"))
            yield at + timedelta(days=3), HEALTH_CHANGED, {"band": band, "stage": "adoption", "score": score}
        if draw.random() < 0.4:
            yield at + timedelta(days=4), "nps.answered", {"score": float(draw.randrange(11))}
        if draw.random() < 0.1:
            yield at + timedelta(days=5), "account.updated", {"arr": arr * draw.choice((0.9, 1.1, 1.2))}
        at += timedelta(days=MONTH_DAYS)


async def _put(database_url: str, partitions: int, today: datetime) -> int:
    """The entries of all accounts, by the worker's own statement. Returns how many there are."""
    engine = database.engine(database_url)
    store = PostgresStore(engine, patience=300.0)
    by_partition: dict[int, list[int]] = {number: [] for number in range(partitions)}
    for n in range(SIZE):
        by_partition[partition_of(_name(n).encode(), partitions)].append(n)
    count, now = 0, time.time()
    for partition, mine in by_partition.items():
        opened = await store.load_partition(partition)
        assert opened is not None, "begun by a worker"
        # What today is to the API, the clocks of the partitions say.
        position = replace(opened.position, clock=now, newest=now)
        left, last = iter(mine), opened.seq
        while some := list(islice(left, AT_ONCE)):
            entries = tuple(entry for n in some for entry in history(_name(n), n, today=today))
            commit = Commit(
                partition=partition,
                last_seq=last,
                writer=opened.writer,
                position=position,
                states={},
                timers={},
                seen={},
                accounts=(),
                days=(),
                signals=(),
                outbox=(),
                kpi_entries=entries,
            )
            await store.commit(commit, opened.cluster_id)
            last, count = last + 1, count + len(entries)
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text("VACUUM ANALYZE scoring.kpi_entry"))
    await engine.dispose()
    return count


def _name(n: int) -> str:
    """As `fill` names them."""
    return f"account-{n:07}"


async def _read(api: Started, http: httpx.AsyncClient, entries: int) -> float:
    """Seconds from now until KPIs are answered, of all entries."""
    begun = time.monotonic()
    while True:
        api.check()
        answer = await http.get("/v1/kpis", params={"kpi": "customers"})
        found = (await api.figures("churn_scoring_kpi_entries_read_total")).get((), 0.0)
        if answer.status_code == httpx.codes.OK and found >= entries:
            return time.monotonic() - begun
        if time.monotonic() - begun > READ_WITHIN:
            raise ServerError(f"of {entries:,} entries {found:,.0f} were read after {READ_WITHIN:.0f} s")
        await asyncio.sleep(0.5)


async def _row(http: httpx.AsyncClient, name: str, query: Query) -> Row:
    taken = []
    for _ in range(ASKED):
        begun = time.perf_counter()
        answer = await http.get("/v1/kpis", params=query)
        taken.append(time.perf_counter() - begun)
        if answer.status_code != httpx.codes.OK:
            raise ServerError(f"KPIs were answered with {answer.status_code}: {answer.text[:300]}")
    middle = percentile(taken, 0.5)
    print(f"    {name}: p50 {middle:.2f} s, slowest {max(taken):.2f} s", flush=True)
    return Row(name=f"{name}, p50", unit="s", values=[middle], mark=None if query else GOAL)
