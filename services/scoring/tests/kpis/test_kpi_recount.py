"""KPIs are those that a recount of the log finds, whatever came, in whatever order it came."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from common.contracts.events import Event
from support.examples import examples
from support.kpi_recount import Read, recount
from support.scoring_api import Api

pytestmark = pytest.mark.servers
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 60

amounts = st.sampled_from([None, 0, 10, 20, 50])
dates = st.integers(-20, DAYS + 20).map(lambda n: (BEGIN.date() + timedelta(days=n)).isoformat())
# Few, so that the same end comes again, as it does every night.
ends = st.none() | st.sampled_from([20, 40, 70]).map(lambda n: (BEGIN.date() + timedelta(days=n)).isoformat())
contract = st.fixed_dictionaries(
    {}, optional={"arr": amounts, "seats": amounts, "contract_start": dates, "contract_end": ends}
)
facts = st.fixed_dictionaries(
    {},
    optional={
        "arr": amounts,
        "seats": amounts,
        "contract_start": dates,
        "contract_end": ends,
        "tier": st.sampled_from(["high", "low"]),
    },
)
nothing: st.SearchStrategy[dict[str, Any]] = st.just({})
said = st.one_of(
    st.tuples(st.just("account.updated"), facts),
    st.tuples(st.sampled_from(["contract.started", "contract.changed", "contract.renewed"]), contract),
    st.tuples(st.sampled_from(["contract.ended", "contract.cancel_requested"]), nothing),
    st.tuples(
        st.just("milestone.reached"), st.fixed_dictionaries({"step": st.sampled_from(["kickoff", "first_value"])})
    ),
    st.tuples(st.just("nps.answered"), st.fixed_dictionaries({"score": st.integers(0, 10)})),
    st.tuples(st.just("event.retracted"), st.fixed_dictionaries({"event_id": st.integers(0, 12).map(str)})),
)
# Hours from the beginning to the event, how many hours later it is recorded, whose it is, who did it, and what it says.
posted = st.tuples(
    st.integers(0, DAYS * 24),
    st.sampled_from([0, 0, 1, 30, 500]),
    st.sampled_from(["acme", "beta"]),
    st.sampled_from(["ann", "bo"]),
    said,
)


# A customer since before the span, of whom the first fact comes in the midst of it.
POSTED_LATE: Any = (24 * 30, 0, "acme", "ann", ("account.updated", {"arr": 10, "contract_start": "2025-12-12"}))


def log_of(rows: list[Any]) -> list[Read]:
    """In the order of record time; the number of a row is the id of its event."""
    found = []
    for number, (hours, late, account, user, (name, properties)) in enumerate(rows):
        time = BEGIN + timedelta(hours=hours)
        one = Event(
            str(number), account, name, time, "test", time, user_id=user if name == "nps.answered" else None,
            properties=properties,
        )  # fmt: skip
        found.append(Read(one, time + timedelta(hours=late)))
    return sorted(found, key=lambda read: read.recorded)


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(posted, max_size=14),
    span=st.tuples(st.integers(-10, DAYS + 10), st.integers(0, 40)),
    known=st.none() | st.integers(0, DAYS * 24),
)
@example(rows=[POSTED_LATE], span=(0, 40), known=None)
async def test_kpis_are_those_of_a_recount(api: Api, rows: list[Any], span: tuple[int, int], known: int | None) -> None:
    log = log_of(rows)
    await api.harness.empty()
    for read in log:
        partition = api.harness.partition_of(read.event.account_id)
        await api.harness.write(partition, read.event, at=read.recorded.timestamp())
    await api.harness.tick((BEGIN + timedelta(days=DAYS + 30)).timestamp())
    await api.harness.score()
    first = BEGIN.date() + timedelta(days=span[0])
    last = first + timedelta(days=span[1])
    known_at = None if known is None else BEGIN + timedelta(hours=known)
    asked = {} if known_at is None else {"known_at": known_at.isoformat()}
    answer = await api.kpis(from_=first.isoformat(), to=last.isoformat(), **asked)
    figures = answer["spans"][0]["groups"][0]["figures"]
    expected = recount(log, first, last, known_at=known_at)
    assert {name: figures[name]["value"] for name in expected} == pytest.approx(expected)


def test_the_recount_knows_what_it_counts() -> None:
    """By hand: one customer begins with 10, rises to 20, and leaves."""
    rows = [
        (0, 0, "acme", "ann", ("contract.started", {"arr": 10})),
        (24 * 5, 0, "acme", "ann", ("contract.changed", {"arr": 20})),
        (24 * 9, 0, "acme", "ann", ("contract.ended", {})),
    ]
    found = recount(log_of(rows), date(2026, 1, 2), date(2026, 1, 20))
    assert (found["expansion_bookings"], found["net_new_bookings"]) == (10.0, -10.0)
    assert (found["customers"], found["logo_churn_rate"], found["gross_revenue_retention"]) == (0, 1.0, 0.0)
