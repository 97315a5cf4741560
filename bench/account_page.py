"""Part l: how long the console's page about an account takes, with two years of history behind it."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

import httpx

from bench.cores import UNDER_TEST
from bench.lab import deployed
from bench.plan import Plan
from bench.results import Mark, Part, Row
from bench.series import percentile
from bench.signed_in import signed_in
from common.contracts.events import Event
from common.topics import TimeMode
from local.stack.processes import ServerError
from local.stack.sinks import SinkPorts

ACCOUNT: Final = "account-0000001"
ALL_DAYS: Final = 730
PEOPLE: Final = 20
WARM_UP: Final = 5  # requests that no figure has
ASKED: Final = 60  # times, of each page
GOAL: Final = Mark(goal=300, at_most=True)  # milliseconds
SCORED_WITHIN: Final = 300.0
PATIENCE: Final = 60.0  # seconds until alerts has the account's signals
AHEAD: Final = timedelta(days=90)
KEYS: Final = {
    "CONSOLE_SCORING_KEY": "scoring keys create --source console --scope read",
    "CONSOLE_ALERTS_KEY": "alerts keys create --source console --scope read --scope write",
}
USER: Final = "console users create --email bench@example.com --role lead"

_NOTES: Final = (
    "Over real HTTP: the console, scoring's read API and alerts are processes that share one core; PostgreSQL has the "
    "other one. The worker has read two years of events of one account by the events' own times.",
    "The page asks alerts once and scoring eight times at the same time, and ten times with a what-if date. Of more "
    "than 400 days of history it then asks for the second half.",
)


async def run(plan: Plan) -> Part:
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    events = list(two_years(end))
    async with deployed(
        plan.place,
        code=plan.codes.used,
        mode=TimeMode.STREAM,
        sink_ports=SinkPorts(),
        services=("scoring", "alerts", "console"),
    ) as made:
        await made.fill(events)
        worker = await made.start("worker", UNDER_TEST)
        await made.journal.until(len(events), patience=SCORED_WITHIN, alive=worker.check)
        api, alerts = await made.start("api", UNDER_TEST), await made.start("alerts", UNDER_TEST)
        keys = {name: (await made.run(words)).split()[-1] for name, words in KEYS.items()}
        urls = {"CONSOLE_SCORING_URL": api.url, "CONSOLE_ALERTS_URL": alerts.url}
        console = await made.start("console", UNDER_TEST, **urls, **keys)
        async with signed_in(console, await made.run(USER)) as http:
            await _alerts_are_there(http)
            page = f"/accounts/{ACCOUNT}"
            rows = [
                *await _rows(http, "the page", page),
                *await _rows(http, "with a what-if date", f"{page}?as_of={(end + AHEAD).date()}"),
                *await _rows(http, "with dates of the past", f"{page}?since={(end - AHEAD).date()}"),
            ]
    return Part(
        name="account",
        title="The console's page about an account",
        setting=f"{ASKED} times each, {len(events):,} events within {ALL_DAYS} days",
        rounds=1,
        rows=rows,
        notes=list(_NOTES),
    )


def two_years(end: datetime, seed: int = 7) -> Iterator[Event]:
    """What a customer does, in the order of time; the seed fixes it."""
    draw = Random(seed)
    found = [one for n in range(ALL_DAYS) for one in _day(draw, end - timedelta(days=ALL_DAYS - n), n)]
    past = sorted((one for one in found if one[0] < end), key=lambda one: one[0])
    for number, (at, name, user, said) in enumerate(past):
        yield Event(f"e{number}", ACCOUNT, name, at, "bench", at, user_id=user, properties=said)


_Happened = tuple[datetime, str, str | None, dict[str, Any]]


def _day(draw: Random, day: datetime, n: int) -> Iterator[_Happened]:
    def at() -> datetime:
        return day + timedelta(seconds=draw.randrange(60, 86_000))

    def user() -> str:
        return f"user-{draw.randrange(PEOPLE):02}"

    if n % 365 == 0:
        term = {"arr": 90_000 + n * 10, "seats": 40, "contract_end": f"{day + timedelta(days=365):%Y-%m-%d}"}
        yield day, "contract.renewed" if n else "contract.started", None, term
    if n == 0:
        yield day, "account.updated", None, {"name": "Acme", "tier": "high", "owner": "dana@example.com"}
    if n % 60 == 1:
        yield at(), "milestone.planned", None, {"step": "kickoff", "due": f"{day + timedelta(days=20):%Y-%m-%d}"}
        yield at() + timedelta(days=15), "milestone.reached", None, {"step": "kickoff"}
    # Every third month is a slack one, so that bands change.
    for _ in range(draw.randrange(3) if n // 30 % 3 == 2 else draw.randrange(3, 9)):
        yield at(), draw.choice(("session.started", "feature.used", "report.created")), user(), {}
    if n % 4 == 0:
        opened, ticket = at(), f"T-{n:04}"
        said = {"ticket": ticket, "severity": draw.randrange(1, 5), "subject": f"Export {n} fails since Monday"}
        yield opened, "ticket.opened", user(), said
        yield opened + timedelta(hours=2), "ticket.answered", None, {"ticket": ticket, "hours": 2}
        if n < ALL_DAYS - 8:
            yield opened + timedelta(hours=30), "ticket.resolved", None, {"ticket": ticket, "hours": 30}
    if n % 7 == 0:
        yield at(), "nps.answered", user(), {"score": draw.randrange(11), "comment": f"It saves us day {n} of a week."}
    if n % 90 == 45:
        yield at(), "invoice.payment_failed", None, {"invoice": f"I-{n}"}
        yield at() + timedelta(days=3), "invoice.paid", None, {"invoice": f"I-{n}"}


async def _alerts_are_there(http: httpx.AsyncClient) -> None:
    """Until alerts has recorded signals of the account, or nothing comes of them."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if 'class="alerts"' in (await http.get(f"/accounts/{ACCOUNT}")).text:
            return
        await asyncio.sleep(1.0)
    raise ServerError(f"alerts had recorded no signal after {PATIENCE:.0f} s")


async def _rows(http: httpx.AsyncClient, name: str, path: str) -> list[Row]:
    taken = [await _page(http, path) for _ in range(WARM_UP + ASKED)][WARM_UP:]
    p50, p95 = percentile(taken, 0.5), percentile(taken, 0.95)
    print(f"    {name}: p50 {p50:.0f} ms, p95 {p95:.0f} ms", flush=True)
    return [
        Row(name=f"{name}, p50", unit="ms", values=[p50], mark=GOAL),
        Row(name=f"{name}, p95", unit="ms", values=[p95]),
    ]


async def _page(http: httpx.AsyncClient, path: str) -> float:
    """Milliseconds until the page is there whole."""
    began = time.perf_counter()
    answer = await http.get(path)
    taken = (time.perf_counter() - began) * 1_000
    if answer.status_code != httpx.codes.OK or "does not answer" in answer.text:
        raise ServerError(f"{path} was answered with {answer.status_code}: {answer.text[:300]}")
    return taken
