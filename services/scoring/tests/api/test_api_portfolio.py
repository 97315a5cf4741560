"""Sums over the list and what moved; the scores of days back in the list."""

from typing import Any

import pytest

from support.scoring_api import Api, live
from support.scoring_harness import DAY, START, event

COMPANIES: dict[str, dict[str, Any]] = {
    "acme": {"name": "Acme", "owner": "eva@us.test", "arr": 90_000, "parent": "group"},
    "bolt": {"owner": " Eva@us.test", "arr": 5_000, "parent": "group"},
    "core": {"owner": "tom@us.test", "tier": "low"},
    "group": {"name": "The Group", "arr": 1_000},
}


@pytest.fixture
async def api(stream_api: Api) -> Api:
    for account_id, facts in COMPANIES.items():
        await live(stream_api.harness, account_id, days=3, **facts)
    await stream_api.harness.tick(START + 3 * DAY)
    await stream_api.harness.score()
    return stream_api


async def turn_red(api: Api, account_id: str, *, at: float) -> None:
    await api.harness.post(event(account_id, "contract.cancel_requested", at))
    await api.harness.tick(at + 1.0)
    await api.harness.score()


async def test_sums_are_of_the_accounts_that_match(api: Api) -> None:
    everything = await api.get("/v1/portfolio")
    assert (everything["accounts"], everything["arr"], everything["arr_unknown"]) == (4, 96_000, 1)
    assert sum(band["accounts"] for band in everything["bands"].values()) == 4
    assert everything["groups"] == []
    some = await api.get("/v1/portfolio", owner="EVA@us.test")
    assert (some["accounts"], some["arr"]) == (2, 95_000)
    nothing = await api.get("/v1/portfolio", owner="nobody")
    assert (nothing["accounts"], nothing["arr"], nothing["arr_at_risk"]) == (0, 0, 0)


async def test_arr_at_risk_is_that_of_red_and_yellow_ones(api: Api) -> None:
    await turn_red(api, "acme", at=START + 3 * DAY + 3600)
    answer = await api.get("/v1/portfolio")
    rows = (await api.get("/v1/accounts"))["accounts"]
    at_risk = sum(row["arr"] or 0 for row in rows if row["band"] in ("red", "yellow"))
    assert answer["arr_at_risk"] == at_risk >= 90_000


async def test_groups_by_owner_join_spellings_of_an_address(api: Api) -> None:
    answer = await api.get("/v1/portfolio", group_by="owner")
    found = {group["key"]: (group["accounts"], group["arr"]) for group in answer["groups"]}
    assert found == {"eva@us.test": (2, 95_000), "tom@us.test": (1, 0), None: (1, 1_000)}
    assert not answer["more_groups"]


async def test_groups_by_parent_have_its_name(api: Api) -> None:
    answer = await api.get("/v1/portfolio", group_by="parent")
    found = {group["key"]: (group["name"], group["accounts"]) for group in answer["groups"]}
    assert found == {"group": ("The Group", 2), None: (None, 2)}


async def test_groups_of_the_months_in_which_contracts_end(api: Api) -> None:
    for account_id, end in (("acme", "2026-05-02"), ("bolt", "2026-05-20"), ("core", "2027-01-31")):
        end_known = event(account_id, "account.updated", START + 3 * DAY + 60, properties={"contract_end": end})
        await api.harness.post(end_known)
    await turn_red(api, "acme", at=START + 3 * DAY + 3600)
    rows = (await api.get("/v1/accounts"))["accounts"]
    expected: dict[Any, tuple[int, float, float]] = {}
    for row in rows:
        month, arr = row["contract_end"] and row["contract_end"][:7], row["arr"] or 0
        accounts, sum_of_arr, at_risk = expected.get(month, (0, 0.0, 0.0))
        risky = arr if row["band"] in ("red", "yellow") else 0
        expected[month] = (accounts + 1, sum_of_arr + arr, at_risk + risky)
    answer = await api.get("/v1/portfolio", group_by="renewal_month")
    found = {one["key"]: (one["accounts"], one["arr"], one["arr_at_risk"]) for one in answer["groups"]}
    assert found == expected
    assert found["2026-05"] == (2, 95_000, 90_000)
    within = await api.get("/v1/portfolio", group_by="renewal_month", renewal_within_days=366)
    assert {one["key"] for one in within["groups"]} == {month for month in expected if month}


async def test_overdue_renewals_are_those_of_customers_whose_contract_is_over(api: Api) -> None:
    """Today is 5 March 2026."""
    for account_id, end in (("acme", "2026-03-04"), ("bolt", "2026-03-05"), ("core", "2026-02-01")):
        ends = event(account_id, "account.updated", START + 3 * DAY + 60, properties={"contract_end": end})
        await api.harness.post(ends)
    await api.harness.post(event("core", "contract.ended", START + 3 * DAY + 120))
    await turn_red(api, "acme", at=START + 3 * DAY + 3600)
    listed = await api.get("/v1/accounts", renewal_overdue="true")
    overdue = {row["account_id"]: row["contract_end"] for row in listed["accounts"]}
    assert overdue["acme"] == "2026-03-04"
    # One ends today; one has left.
    assert not overdue.keys() & {"bolt", "core"}
    sums = await api.get("/v1/portfolio", renewal_overdue="true")
    assert sums["accounts"] == len(overdue)
    assert sums["arr_at_risk"] == 90_000
    ahead = await api.get("/v1/accounts", renewal_within_days=0)
    assert [row["account_id"] for row in ahead["accounts"]] == ["bolt"]


async def test_cohorts_are_those_of_kpis(api: Api) -> None:
    """By the earliest start that was posted, not by the one of now; without one by the first event about a contract."""
    for account_id, start, at in (
        ("acme", "2025-03-10", 60),
        ("acme", "2026-01-01", 120),
        ("bolt", "2025-04-01", 180),
    ):
        began = event(account_id, "account.updated", START + 3 * DAY + at, properties={"contract_start": start})
        await api.harness.post(began)
    for account_id, end in (("acme", "2026-05-02"), ("bolt", "2026-06-20")):
        ends = event(account_id, "account.updated", START + 3 * DAY + 240, properties={"contract_end": end})
        await api.harness.post(ends)
    await api.harness.tick(START + 3 * DAY + 3600)
    await api.harness.score()

    unread = await api.http.get("/v1/portfolio?cohort=2025-03")
    assert (unread.status_code, unread.json()["code"]) == (503, "not_read")
    await api.read_kpi_entries()
    renewals = {"group_by": "renewal_month", "renewal_within_days": 366}
    march = await api.get("/v1/portfolio", cohort="2025-03", **renewals)
    assert [(one["key"], one["accounts"], one["arr"]) for one in march["groups"]] == [("2026-05", 1, 90_000)]
    both = await api.get("/v1/portfolio", cohort=["2025-03", "2025-04"], **renewals)
    assert sorted(one["key"] for one in both["groups"]) == ["2026-05", "2026-06"]
    by_kpis = await api.get("/v1/kpis", by="cohort", kpi="customers")
    for group in by_kpis["spans"][0]["groups"]:
        for path in ("/v1/portfolio", "/v1/accounts"):
            answer = await api.get(path, cohort=group["group"])
            assert answer.get("total", answer["accounts"]) == group["accounts"], (path, group)
    assert {row["account_id"] for row in (await api.get("/v1/accounts", cohort="2025-04"))["accounts"]} == {"bolt"}
    assert (await api.get("/v1/accounts", cohort="1999-01"))["total"] == 0
    assert (await api.get("/v1/portfolio", cohort="2025-03", owner="tom@us.test"))["accounts"] == 0


@pytest.mark.parametrize("month", ["2025-13", "2025", "march"])
async def test_a_cohort_that_is_no_month_is_refused(api: Api, month: str) -> None:
    for path in ("/v1/portfolio", "/v1/accounts"):
        answer = await api.http.get(f"{path}?cohort={month}")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.cohort.0")


async def test_a_cut_list_of_groups_says_so_and_has_the_most_at_risk(api: Api) -> None:
    await turn_red(api, "core", at=START + 3 * DAY + 3600)
    answer = await api.get("/v1/portfolio", group_by="owner", groups=1)
    assert answer["more_groups"]
    every = await api.get("/v1/portfolio", group_by="owner")
    assert answer["groups"] == every["groups"][:1]
    assert every["groups"] == sorted(every["groups"], key=lambda one: (-one["arr_at_risk"], -one["arr"]))


async def test_what_moved_has_the_band_of_now_and_the_reason(api: Api) -> None:
    before = (await api.get("/v1/portfolio"))["moved"]
    await turn_red(api, "acme", at=START + 3 * DAY + 3600)
    moved = (await api.get("/v1/portfolio"))["moved"]
    red = (await api.get("/v1/accounts", band="red"))["accounts"]
    assert [row["account_id"] for row in red] == ["acme"]
    assert moved["bands"]["red"] == {"accounts": 1, "arr": 90_000}
    assert before["bands"]["red"]["accounts"] == 0
    first = moved["accounts"][0]
    assert (first["account_id"], first["name"], first["band"]) == ("acme", "Acme", "red")
    assert first["after"] == red[0]["score"]
    assert first["words"]


async def test_each_account_that_moved_has_its_own_signal(api: Api) -> None:
    """Flags brought these bands, each at a moment of its own."""
    for account_id, hours in (("acme", 1), ("bolt", 2), ("core", 3)):
        await turn_red(api, account_id, at=START + 3 * DAY + hours * 3600)
    moved = (await api.get("/v1/portfolio"))["moved"]["accounts"]
    for one in moved:
        first = (await api.get(f"/v1/accounts/{one['account_id']}/history"))["signals"][0]
        told = (first["at"], round(first["after"]["score"], 1), first["words"])
        assert (one["at"], one["after"], one["words"]) == told
    assert sorted(one["account_id"] for one in moved) == ["acme", "bolt", "core"]


async def test_what_moved_before_the_days_asked_for_is_left_out(api: Api) -> None:
    await turn_red(api, "acme", at=START + 3 * DAY + 3600)
    await api.harness.tick(START + 6 * DAY)
    await api.harness.score()
    assert (await api.get("/v1/portfolio", moved_days=7))["moved"]["bands"]["red"]["accounts"] == 1
    assert (await api.get("/v1/portfolio", moved_days=1))["moved"]["bands"]["red"]["accounts"] == 0
    assert (await api.get("/v1/portfolio", movers=0))["moved"]["accounts"] == []


async def test_a_flag_that_changes_no_band_moved_nothing(api: Api) -> None:
    await turn_red(api, "acme", at=START + 3 * DAY + 3600)
    at = (await api.get("/v1/portfolio"))["moved"]["accounts"][0]["at"]
    await turn_red(api, "acme", at=START + 3 * DAY + 7200)
    assert (await api.get("/v1/portfolio"))["moved"]["accounts"][0]["at"] == at


async def test_the_list_has_the_scores_of_days_back_if_asked(api: Api) -> None:
    assert all(row["trend"] is None for row in (await api.get("/v1/accounts"))["accounts"])
    rows = (await api.get("/v1/accounts", trend_days=28))["accounts"]
    for row in rows:
        days = [point["day"] for point in row["trend"]]
        assert days == sorted(set(days))
        assert row["trend"][-1]["score"] == row["score"]
        assert len(days) >= 3
    history = await api.get("/v1/accounts/acme/history")
    trend = {point["day"]: point["score"] for row in rows if row["account_id"] == "acme" for point in row["trend"]}
    closed = {day["day"]: day["after"] for day in history["days"][1:]}
    assert closed.items() <= trend.items()


async def test_a_trend_of_silence_begins_where_the_days_begin(api: Api) -> None:
    await api.harness.tick(START + 40 * DAY)
    await api.harness.score()
    (row,) = (await api.get("/v1/accounts", starts_with="acme", trend_days=14))["accounts"]
    first, last = row["trend"][0], row["trend"][-1]
    assert first["day"] >= "2026-03-28"
    assert first["score"] >= last["score"] == row["score"]


async def test_reasons_say_what_drivers_say(api: Api) -> None:
    for row in (await api.get("/v1/accounts"))["accounts"]:
        assert [f"{one['points']:+d} {one['words']}" for one in row["reasons"]] == row["drivers"]
        assert all(one["name"] for one in row["reasons"])
