"""Part j: how long the console's portfolio takes, with ten thousand accounts and with a hundred thousand."""

import re
import time
from collections.abc import Mapping, Sequence
from html import unescape

import httpx
from msgspec import Struct

from bench.code import Code
from bench.cores import UNDER_TEST
from bench.lab import Deployed, deployed
from bench.movements import fill_movements
from bench.pages import KEY, SIZES, fill, first_ranking
from bench.peers.job import scorer as scorer_of
from bench.plan import Plan
from bench.results import Mark, Part, Row
from bench.series import percentile
from bench.signed_in import signed_in
from bench.started import Started
from bench.usage import cpu_seconds
from common import database
from common.topics import TimeMode
from console.pages.portfolio.view import PATH
from local.stack.processes import ServerError

ASKED, WARM_UP = 40, 5  # times, of each question
GOAL = Mark(goal=200, at_most=True)  # milliseconds, of the 95th percentile
MOST_BYTES = Mark(goal=150, at_most=True)  # thousands
USER = "console users create --email lead@example.com --role lead"

QUESTIONS: Mapping[str, str] = {
    "all accounts": PATH,
    "of one owner": f"{PATH}?owner=owner-7@example.com",
    "red and yellow": f"{PATH}?band=red&band=yellow",
    "by ARR, the largest first": f"{PATH}?sort=-arr",
}
SECOND_PAGE = "the second page"
_NEXT = re.compile(r'href="([^"]+)" rel="next"')
_ROW = re.compile(r'<th scope="row"')
_ROWS = 50
_NOTES = (
    "The read API of scoring and the console share the one core; PostgreSQL and the reader are on the others. "
    "Rankings are made meanwhile, as they always are.",
    "A page is 50 accounts with a trend of 28 days, the sums of all that match, and what moved in a week. It is asked "
    "over one connection that stays open, by a lead who is signed in.",
    "CPU time is that of both processes, by the kernel, with that of rankings; thousands of bytes are of the HTML.",
)


class Asked(Struct, frozen=True):
    """One question: milliseconds of each answer, CPU milliseconds of both processes for one, and bytes of the last."""

    taken: list[float]
    cpu: float
    size: int


async def run(plan: Plan) -> Part:
    rows: list[Row] = []
    for size in SIZES:
        rows += await _of(plan, size)
    setting = f"{ASKED} times each, {' and '.join(f'{size:,}' for size in SIZES)} accounts"
    return Part(name="console", title="The console's portfolio", setting=setting, rounds=1, rows=rows, notes=[*_NOTES])


async def _of(plan: Plan, size: int) -> list[Row]:
    services = ("scoring", "console")
    async with deployed(plan.place, code=plan.codes.used, mode=TimeMode.WALL, services=services) as made:
        await made.start("worker", UNDER_TEST)
        made.stop()
        scorer = scorer_of(str(plan.codes.used.card))
        await fill(made, scorer, size)
        engine = database.engine(made.deployment.database_url)
        await fill_movements(engine, scorer)
        await engine.dispose()
        key = (await made.run(KEY)).split()[-1]
        link = await made.run(USER)
        await _rank(made, size)
        rows: list[Row] = []
        for code in plan.codes.all:
            rows += await _rows(made, code, size, key=key, link=link)
            link = await made.run("console users link --email lead@example.com")
    return rows


async def _rank(made: Deployed, size: int) -> None:
    """The first ranking takes minutes, and the list by score has an order only then."""
    ranked = await first_ranking(await made.start("api", UNDER_TEST))
    print(f"  {size:,} accounts, ranked in {ranked:.1f} s", flush=True)
    made.stop()


async def _rows(made: Deployed, code: Code, size: int, *, key: str, link: str) -> list[Row]:
    api = await made.start_of(code, "api", UNDER_TEST)
    addresses = {"CONSOLE_SCORING_URL": api.url, "CONSOLE_SCORING_KEY": key}
    console = await made.start_of(code, "console", UNDER_TEST, **addresses)
    rows: list[Row] = []
    async with signed_in(console, link) as http:
        questions = {**QUESTIONS, SECOND_PAGE: await _second_page(http)}
        for name, address in questions.items():
            rows += _rows_of(f"{name}, {size:,}, {code.name}", await _ask(http, address, [api, console]))
    made.stop()
    return rows


async def _second_page(http: httpx.AsyncClient) -> str:
    found = _NEXT.search((await http.get(PATH)).text)
    if found is None:
        raise ServerError("the first page leads to no second one")
    return unescape(found.group(1))


async def _ask(http: httpx.AsyncClient, address: str, processes: Sequence[Started]) -> Asked:
    for _ in range(WARM_UP):
        await http.get(address)
    taken, size = list[float](), 0
    spent = sum(cpu_seconds(each.pid) for each in processes)
    for _ in range(ASKED):
        begun = time.perf_counter()
        answer = await http.get(address)
        taken.append((time.perf_counter() - begun) * 1_000)
        size = len(answer.content)
        if answer.status_code != httpx.codes.OK or len(_ROW.findall(answer.text)) != _ROWS:
            raise ServerError(f"{address} was answered with {answer.status_code}: {answer.text[:300]}")
    spent = sum(cpu_seconds(each.pid) for each in processes) - spent
    return Asked(taken, spent * 1_000 / ASKED, size)


def _rows_of(name: str, asked: Asked) -> list[Row]:
    p50, p95 = percentile(asked.taken, 0.5), percentile(asked.taken, 0.95)
    size = asked.size / 1_000
    print(f"    {name}: p50 {p50:.0f} ms, p95 {p95:.0f} ms, CPU {asked.cpu:.0f} ms, {size:.0f} kB", flush=True)
    return [
        Row(name=f"{name}, p50", unit="ms", values=[p50]),
        Row(name=f"{name}, p95", unit="ms", values=[p95], mark=GOAL),
        Row(name=f"{name}, CPU time", unit="ms", values=[asked.cpu]),
        Row(name=f"{name}, HTML", unit="kB", values=[size], mark=MOST_BYTES),
    ]
