"""What is kept for KPIs: every change once, in the order of the log, whoever wrote it."""

import asyncio
import json
from importlib import import_module
from importlib.util import find_spec
from math import isnan
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import text

from common.contracts.events import Erased, ErasureLifted, Event, MentionsErased
from scoring.api.kpi_metrics import KpiMetrics
from support.scoring_api import Api
from support.scoring_harness import DAY, ERASURE_KEY, START, event

pytestmark = pytest.mark.servers


async def entries(api: Api, table: str = "kpi_entry") -> list[tuple[str, dict[str, Any]]]:
    order = "partition, seq, n" if table == "kpi_entry" else "n"
    async with api.harness.engine.connect() as connection:
        found = await connection.execute(text(f"SELECT name, body::text FROM scoring.{table} ORDER BY {order}"))
    return [(row.name, json.loads(row.body)) for row in found]


async def said(api: Api) -> list[tuple[str, dict[str, Any]]]:
    """Without what the core adds."""
    return [one for one in await entries(api) if one[0] not in ("health.changed", "month.ended")]


async def test_a_fact_that_is_posted_every_night_is_kept_twice(api: Api) -> None:
    for n in range(10):
        facts = {"arr": 100, "tier": "high", "name": f"Name {n}", "seats": 5 if n < 6 else 6}
        await api.harness.post(event("acme", "account.updated", START + n * DAY, properties=facts))
    await api.harness.score()
    assert await said(api) == [
        ("account.updated", {"arr": 100.0, "tier": "high", "seats": 5.0}),
        # Once more, in case the first event is retracted.
        ("account.updated", {"arr": 100.0, "tier": "high", "seats": 5.0}),
        ("account.updated", {"seats": 6.0}),
        ("account.updated", {"seats": 6.0}),
    ]


async def test_usage_writes_no_entry_but_health_and_months_do(api: Api) -> None:
    for n in range(70):
        await api.harness.post(event("acme", "session.started", START + n * DAY, user_id="ann"))
    await api.harness.score()
    found = await entries(api)
    assert {name for name, _ in found} == {"health.changed", "month.ended"}
    months = [body for name, body in found if name == "month.ended"]
    # March and April; it is May.
    assert len(months) == 2
    assert set(months[0]) == {"score", "dimensions", "adoption"}
    assert 0.0 <= months[0]["score"] <= 100.0
    assert found[0] == ("health.changed", {"band": "green", "stage": "onboarding", "score": 80.2})


async def test_what_is_retracted_counts_until_then(api: Api) -> None:
    await api.harness.post(
        event("acme", "account.updated", START, properties={"arr": 100}, event_id="right"),
        event("acme", "account.updated", START + DAY, properties={"arr": 900}, event_id="wrong"),
        event("acme", "event.retracted", START + 5 * DAY, properties={"event_id": "wrong"}),
    )
    await api.harness.score()
    day = "2026-03-04"
    assert (await arr(api, from_=day, to=day)) == 100.0
    assert (await arr(api, from_=day, to=day, known_at=day)) == 900.0


@pytest.mark.parametrize("nights", [3, 4, 9])
async def test_what_is_posted_late_gives_way_to_the_posts_after_it(api: Api, nights: int) -> None:
    """Of a fact that repeats itself only the first two posts have an entry of their own."""
    for night in range(nights):
        await api.harness.post(event("acme", "account.updated", START + night * DAY, properties={"arr": 100}))
    late = event("acme", "contract.changed", START + 1.5 * DAY, properties={"arr": 900})
    await recorded(api, START + nights * DAY, late)
    await api.harness.score()
    day = "2026-03-31"
    assert (await arr(api, from_=day, to=day)) == 100.0


async def test_what_repeated_posts_said_again_is_retracted_with_them(api: Api) -> None:
    for night in range(4):
        name, at = f"night {night}", START + night * DAY
        await api.harness.post(event("acme", "account.updated", at, properties={"arr": 100}, event_id=name))
    late = event("acme", "contract.changed", START + 1.5 * DAY, properties={"arr": 900})
    taken_back = [
        event("acme", "event.retracted", START + 5 * DAY + night, properties={"event_id": f"night {night}"})
        for night in (2, 3)
    ]
    await recorded(api, START + 5 * DAY, late, *taken_back)
    await api.harness.score()
    day = "2026-03-31"
    assert (await arr(api, from_=day, to=day)) == 900.0


async def recorded(api: Api, at: float, *events: Event) -> None:
    """Posted at a moment, whenever they happened."""
    for one in events:
        await api.harness.write(api.harness.partition_of(one.account_id), one, at=at)


async def arr(api: Api, **asked: Any) -> float:
    answer = await api.kpis(kpi="arr", **asked)
    value: float = answer["spans"][0]["groups"][0]["figures"]["arr"]["value"]
    return value


def values(answer: dict[str, Any]) -> dict[str, float | None]:
    return {name: figure["value"] for name, figure in answer["spans"][0]["groups"][0]["figures"].items()}


async def test_of_an_erased_account_amounts_stay_under_an_id_that_nobody_knows(api: Api) -> None:
    harness = api.harness
    await harness.post(
        event("acme", "account.updated", START, properties={"arr": 100, "owner": "ann@example.com"}),
        event("acme", "nps.answered", START + DAY, user_id="bo@acme.example", properties={"score": 9}),
    )
    pseudonym = ERASURE_KEY.pseudonym("acme").hex()
    partition = harness.partition_of("acme")
    await harness.write(partition, Erased("request 1", "acme", pseudonym), at=START + 10 * DAY)
    await harness.tick(START + 11 * DAY)
    await harness.score()
    assert await entries(api) == []
    kept = await entries(api, "erased_kpi_entry")
    assert [name for name, _ in kept if name != "health.changed"] == [
        "account.erased",
        "account.updated",
        "nps.answered",
    ]
    async with harness.engine.connect() as connection:
        stored = (await connection.execute(text("SELECT * FROM scoring.erased_kpi_entry"))).all()
    assert "acme" not in repr(stored)
    assert "bo@" not in repr(stored)
    # The past stays: acme was a customer, and from the erasure on is none, without having left.
    before, after = {"from_": "2026-03-03", "to": "2026-03-05"}, {"from_": "2026-03-03", "to": "2026-03-20"}
    assert (await arr(api, **before)) == 100.0
    assert (await arr(api, **after)) == 0.0
    figures = (await api.kpis(**after))["spans"][0]["groups"][0]["figures"]
    assert figures["logo_churn_rate"] == {"value": None, "part": 0.0, "whole": 0.0}
    # Whoever comes back is another customer.
    await harness.write(partition, ErasureLifted("request 1", pseudonym), at=START + 12 * DAY)
    await harness.post(event("acme", "account.updated", START + 13 * DAY, properties={"arr": 70}))
    await harness.score()
    assert (await arr(api, **after)) == 70.0


async def test_an_account_that_was_merged_into_an_erased_one_stays_the_same_customer_as_that(api: Api) -> None:
    """Also in a process that has the entries in memory, and if the other partition reads of it later."""
    harness = api.harness
    old, new = harness.name_in(0), harness.name_in(1)
    await harness.post(
        event(old, "account.updated", START, properties={"arr": 40}),
        event(new, "account.updated", START, properties={"arr": 60}),
        event(old, "account.merged", START + 10 * DAY, properties={"into": new}),
        event(new, "account.updated", START + 10 * DAY, properties={"arr": 100}),
    )
    await harness.score()
    spans = {"from_": "2026-03-05", "to": "2026-03-20"}
    before = values(await api.kpis(**spans))
    pseudonym = ERASURE_KEY.pseudonym(new).hex()
    await harness.write(harness.partition_of(new), Erased("request 1", new, pseudonym), at=START + 30 * DAY)
    await harness.score()
    await api.kpis(**spans)
    for partition in range(harness.partitions):
        await harness.write(partition, MentionsErased("request 1", new), at=START + 30 * DAY)
    await harness.score()
    # Sums of amounts are taken in another order, by the new id.
    assert values(await api.kpis(**spans)) == pytest.approx(before)
    async with harness.engine.connect() as connection:
        tables = ("kpi_entry", "erased_kpi_entry")
        stored = [(await connection.execute(text(f"SELECT * FROM scoring.{one}"))).all() for one in tables]
    assert new not in repr(stored)
    later = (await api.kpis(from_="2026-03-05", to="2026-04-10"))["spans"][0]["groups"][0]["figures"]
    assert later["logo_churn_rate"] == {"value": None, "part": 0.0, "whole": 0.0}, "erased is not left"


async def test_of_merged_accounts_one_customer_stays(api: Api) -> None:
    harness = api.harness
    await harness.post(
        event("old", "account.updated", START, properties={"arr": 40}),
        event("new", "account.updated", START, properties={"arr": 60}),
        event("old", "account.merged", START + 10 * DAY, properties={"into": "new"}),
        event("new", "account.updated", START + 10 * DAY, properties={"arr": 100}),
    )
    await harness.score()
    value = values(await api.kpis(from_="2026-03-05", to="2026-03-20"))
    assert (value["customers"], value["arr"]) == (1, 100.0)
    assert (value["gross_revenue_retention"], value["net_revenue_retention"], value["logo_churn_rate"]) == (
        1.0,
        1.0,
        0.0,
    )
    assert (value["expansion_bookings"], value["customer_churn_rate"]) == (0.0, 0.0)


async def test_the_same_tables_of_a_log_that_is_read_in_other_batches(api: Api) -> None:
    harness = api.harness
    for n in range(40):
        await harness.post(event("acme", "session.started", START + n * DAY, user_id="ann"))
        await harness.post(event("beta", "account.updated", START + n * DAY, properties={"arr": n // 10}))
    await harness.tick(START + 90 * DAY)
    await harness.score()
    before = await harness.rows()
    assert len(before["kpi_entry"]) > 10
    await harness.empty(keep_log=True)
    await harness.score(harness.worker(max_records=3))
    assert await harness.rows() == before


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"from_": "2026-04-01", "to": "2026-03-01"}, "query.from"),
        ({"from_": "1990-01-01", "to": "2026-03-01"}, "query.from"),
        ({"from_": "2016-04-01", "to": "2026-03-01", "step": "month"}, None),
        ({"kpi": "no_such"}, "query.kpi"),
        ({"by": "colour"}, "query.by"),
        ({"cohort": "2026-13"}, "query.cohort.0"),
        ({"colour": "red"}, "query.colour"),
    ],
)
async def test_bad_questions_are_answered(api: Api, asked: dict[str, str], field: str | None) -> None:
    await api.harness.post(event("acme", "account.updated", START, properties={"arr": 1}))
    await api.harness.score()
    await api.kpis()
    answer = await api.ask("/v1/kpis", **asked)
    if field is None:
        assert answer.status_code == 200
        assert len(answer.json()["spans"]) == 120
    else:
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == field


async def test_before_the_first_reading_the_answer_says_to_ask_again(api: Api) -> None:
    await api.harness.score()
    answer = await api.ask("/v1/kpis")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_read")
    assert answer.headers["retry-after"]


async def test_a_process_that_began_before_scoring_knows_entries_soon_after(api: Api) -> None:
    """Once it has read any, the next reading is ten seconds later."""
    async with api.reading_kpis():
        await asyncio.sleep(0.05)
        await api.harness.score()
        await api.active_card.read()
        async with asyncio.timeout(60):
            while (await api.ask("/v1/kpis")).status_code == 503:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_a_table_for_spreadsheets_and_for_programs(api: Api) -> None:
    await api.harness.post(
        event("acme", "account.updated", START, properties={"arr": 100, "segment": '=HYPERLINK("x")'})
    )
    await api.harness.score()
    await api.kpis()
    answer = await api.ask("/v1/kpis", by="segment", kpi="arr", format="csv", from_="2026-03-01", to="2026-03-31")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.decode("utf-8-sig").splitlines() == [
        "from,to,group,accounts,kpi,unit,value,part,whole",
        '2026-03-01,2026-03-31,"\'=HYPERLINK(""x"")",1,arr,money,100.0,,',
    ]


async def test_definitions_name_every_kpi(api: Api) -> None:
    await api.harness.post(event("acme", "account.updated", START, properties={"arr": 100}))
    await api.harness.score()
    answer = await api.kpis()
    definitions = (await api.get("/v1/kpis/definitions"))["kpis"]
    assert definitions == answer["kpis"]
    assert {each["name"] for each in definitions} == set(answer["spans"][0]["groups"][0]["figures"])
    assert sorted({each["number"] for each in definitions} - {None}) == list(range(1, 16))


async def test_an_upgrade_begins_with_what_is_known(api: Api) -> None:
    facts = {"arr": 100, "tier": "high", "contract_start": "2025-05-01", "contract_end": "2026-12-31"}
    await api.harness.post(
        event("acme", "account.updated", START, properties=facts),
        event("gone", "account.updated", START, properties={"arr": 50}),
        event("gone", "contract.ended", START + DAY),
        event("user", "session.started", START),
    )
    await api.harness.score()
    await api.execute("DELETE FROM scoring.kpi_entry")
    migration = import_module("scoring.migrations.versions.0013_kpi_entry")
    await api.execute(migration.KNOWN_SO_FAR)
    answer = await api.kpis(from_="2026-01-01", to="2026-12-30", kpi=["arr", "customers", "logo_churn_rate"], by="tier")
    (group,) = [group for group in answer["spans"][0]["groups"] if group["group"] == "high"]
    values = {name: figure["value"] for name, figure in group["figures"].items()}
    assert values == {"arr": 100.0, "customers": 1, "logo_churn_rate": 0.0}


async def test_a_parquet_file_of_no_groups_or_the_package_that_it_needs(api: Api) -> None:
    await api.harness.post(event("acme", "account.updated", START, properties={"name": "Acme"}))
    await api.harness.score()
    await api.kpis()
    answer = await api.ask("/v1/kpis", by="tier", format="parquet")
    if find_spec("pyarrow") is None:
        assert (answer.status_code, answer.json()["code"]) == (501, "not_installed")
    else:
        assert (answer.status_code, answer.content[:4]) == (200, b"PAR1")


async def test_the_portfolio_of_a_beginning_is_answered(api: Api) -> None:
    await api.harness.post(event("acme", "account.updated", START, properties={"name": "Acme", "arr": 5}))
    await api.harness.score()
    assert (await api.get("/v1/portfolio", starts_with="ac"))["arr"] == 5.0


def test_before_the_first_reading_a_gauge_has_no_value() -> None:
    registry = CollectorRegistry()
    KpiMetrics(registry)
    value = registry.get_sample_value("churn_kpi_net_revenue_retention")
    assert value is not None
    assert isnan(value), "0 would say that nobody stayed"
