"""Each KPI on one small company, computed by hand."""

from datetime import UTC, datetime
from typing import Any

import pytest

from support.scoring_api import Api
from support.scoring_harness import event

# The quarter that is asked for: 1 January to 31 March.
QUARTER = {"from_": "2026-01-01", "to": "2026-03-31"}


def at(day: str) -> float:
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()


class Company:
    """Posts what happened, in the order of time."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._events: list[tuple[float, str, str, str | None, dict[str, Any]]] = []

    def __call__(self, day: str, account: str, name: str, *, user: str | None = None, **said: Any) -> None:
        self._events.append((at(day), account, name, user, said))

    async def score(self, *, until: str) -> None:
        for moment, account, name, user, said in sorted(self._events, key=lambda one: one[0]):
            one = event(account, name, moment, user_id=user, properties=said, event_id=f"{name} {moment} {user} {said}")
            await self.api.harness.post(one)
        await self.api.harness.tick(at(until))
        await self.api.harness.score()


@pytest.fixture
async def company(api: Api) -> Company:
    """Six customers.

    Acme renews in time and grows by seats. Bolt shrinks, and renews ten days late. Crab gives notice and leaves. Dune
    is new, and on time. Echo is new, and late. Finn has no contract end, and buys more features. Gone left long ago.
    """
    post = Company(api)
    facts = {"tier": "high", "owner": "ann@example.com", "segment": "retail"}
    post(
        "2025-01-10",
        "acme",
        "account.updated",
        arr=100,
        seats=10,
        contract_start="2025-01-10",
        contract_end="2026-01-31",
        **facts,
    )
    post(
        "2025-01-10",
        "bolt",
        "account.updated",
        arr=200,
        seats=20,
        contract_start="2025-01-10",
        contract_end="2026-02-10",
        tier="low",
    )
    post(
        "2025-03-01",
        "crab",
        "account.updated",
        arr=50,
        seats=5,
        contract_start="2025-03-01",
        contract_end="2026-02-28",
        tier="low",
    )
    post("2025-04-01", "finn", "account.updated", arr=40, seats=4, contract_start="2025-04-01", tier="low")
    post("2025-01-05", "gone", "account.updated", arr=70, contract_start="2025-01-05")
    post("2025-09-01", "gone", "contract.ended")
    post("2026-01-20", "acme", "contract.renewed", arr=130, seats=14, contract_end="2027-01-31")
    post("2026-02-20", "bolt", "contract.renewed", arr=150, contract_end="2027-02-10")
    post("2026-02-01", "crab", "contract.cancel_requested")
    post("2026-02-25", "crab", "contract.ended")
    post(
        "2026-01-05",
        "dune",
        "contract.started",
        arr=60,
        seats=6,
        contract_start="2026-01-05",
        contract_end="2027-01-04",
    )
    post("2026-01-08", "dune", "milestone.reached", step="kickoff")
    post("2026-01-12", "dune", "milestone.reached", step="first_value")
    post(
        "2026-02-01",
        "echo",
        "contract.started",
        arr=80,
        seats=8,
        contract_start="2026-02-01",
        contract_end="2027-01-31",
    )
    post("2026-02-03", "echo", "milestone.reached", step="kickoff")
    post("2026-02-15", "echo", "milestone.reached", step="first_value")
    post("2026-03-10", "finn", "contract.changed", arr=48)
    for person, score in {"a": 10, "b": 9, "c": 7, "d": 3}.items():
        post("2026-02-02", "acme", "nps.answered", user=person, score=score)
    post("2026-02-03", "acme", "nps.answered", user="d", score=8)
    for person, score in {"a": 5, "b": 4, "c": 2}.items():
        post("2026-02-02", "bolt", "csat.answered", user=person, score=score)
    for account, share in {"acme": 0.2, "bolt": 0.4, "finn": 0.9}.items():
        post("2026-02-04", account, "depth.measured", share=share)
        post("2026-03-05", account, "depth.measured", share=share)
    await post.score(until="2026-04-01")
    return post


async def figures(company: Company, **asked: Any) -> dict[str, Any]:
    answer = await company.api.kpis(**{**QUARTER, **asked})
    (span,) = answer["spans"]
    (group,) = span["groups"]
    return {name: figure["value"] for name, figure in group["figures"].items()}


async def test_onboarding(company: Company) -> None:
    found = await figures(company)
    # Dune took 7 days, echo 14.
    assert found["time_to_value"] == 10.5
    assert found["activation_rate"] == 1.0
    # Both had 10 days for first value.
    assert found["on_time_onboarding_rate"] == 0.5


async def test_adoption(company: Company) -> None:
    found = await figures(company)
    # 20, 40 and 90 points; the others were never measured.
    assert found["adoption_score"] == 50.0
    assert found["use.depth"] == 0.4
    # The last answers of four people are 10, 9, 7 and 8: two of four promote, none detracts.
    assert found["nps"] == 50.0
    assert found["csat"] == pytest.approx(2 / 3)


async def test_expansion(company: Company) -> None:
    found = await figures(company)
    # Acme + 30, finn + 8.
    assert found["expansion_bookings"] == 38
    # New 60 + 80, rises 38, bolt - 50, crab - 50.
    assert found["net_new_bookings"] == 78
    # Of the 390 of acme, bolt, crab and finn.
    assert found["value_expansion_rate"] == pytest.approx(38 / 390)
    # Finn rose with the same seats, acme with more; four were customers.
    assert found["up_sell_rate"] == 0.25
    assert found["cross_sell_rate"] == 0.25


async def test_retention(company: Company) -> None:
    found = await figures(company)
    assert found["customers"] == 5
    assert found["arr"] == 130 + 150 + 60 + 80 + 48
    # Acme, bolt and crab.
    assert found["up_for_decision"] == 3
    assert found["retention_rate"] == pytest.approx(2 / 3)
    # Crab, of six.
    assert found["customer_churn_rate"] == pytest.approx(1 / 6)
    assert found["logo_churn_rate"] == 0.25
    # Kept 100 of acme, 150 of bolt, nothing of crab, 40 of finn.
    assert found["gross_revenue_retention"] == pytest.approx(290 / 390)
    assert found["net_revenue_retention"] == pytest.approx((130 + 150 + 48) / 390)
    # Who ends a contract after notice was in danger, and was not saved. The two others were red: nobody used anything.
    assert found["save_rate"] == pytest.approx(2 / 3)


async def test_renewal(company: Company) -> None:
    found = await figures(company)
    # In time: acme by renewing, crab by leaving.
    assert found["resolution_rate"] == pytest.approx(2 / 3)
    assert found["close_rate"] == pytest.approx(1 / 3)
    assert found["final_renewal_rate"] == pytest.approx(2 / 3)
    assert found["resolution_rate_by_arr"] == pytest.approx(150 / 350)
    assert found["close_rate_by_arr"] == pytest.approx(100 / 350)
    assert found["final_renewal_rate_by_arr"] == pytest.approx(300 / 350)


async def test_lifetime_value(company: Company) -> None:
    days = {
        # From its start to its end, in whole days; acme's amount changes on 20 January.
        "acme": (375 * 100 + 377 * 130),
        "bolt": (406 * 200 + 356 * 150),
        "crab": 361 * 50,
        "dune": 365 * 60,
        "echo": 365 * 80,
        # Without an end up to the end of the quarter.
        "finn": 343 * 40 + 22 * 48,
        "gone": 239 * 70,
    }
    found = await figures(company)
    assert found["lifetime_value"] == pytest.approx(sum(days.values()) / 365.25 / 7)
    lifetimes = [446, 446, 361, 86, 59, 365, 239]
    assert found["expected_lifetime_value"] == pytest.approx(468 / 5 * sum(lifetimes) / 7 / 365.25)


async def test_by_tier_and_as_it_was_known(company: Company) -> None:
    answer = await company.api.kpis(**QUARTER, by="tier", kpi="arr")
    groups = {group["group"]: group["figures"]["arr"]["value"] for group in answer["spans"][0]["groups"]}
    assert groups == {"low": 150 + 48, "(none)": 60 + 80, "high": 130}
    assert (await figures(company, tier="high"))["customers"] == 1
    assert (await figures(company, cohort="2026-01"))["arr"] == 60
    known = await figures(company, known_at="2026-02-10")
    # Until then nobody knew that crab would leave, nor what bolt would decide.
    assert known["arr"] == 130 + 200 + 50 + 60 + 80 + 40
    assert known["retention_rate"] == 1.0


async def test_months_are_spans_of_their_own(company: Company) -> None:
    answer = await company.api.kpis(**QUARTER, step="month", kpi="net_new_bookings")
    months = [(one["from"], one["groups"][0]["figures"]["net_new_bookings"]["value"]) for one in answer["spans"]]
    assert months == [("2026-01-01", 90.0), ("2026-02-01", -20.0), ("2026-03-01", 8.0)]


async def test_arr_at_risk_and_health_are_those_of_now(company: Company) -> None:
    answer = await company.api.kpis(kpi=["arr_at_risk", "health_score"])
    figures_now = answer["spans"][0]["groups"][0]["figures"]
    listed = (await company.api.get("/v1/accounts", limit=100))["accounts"]
    at_risk = [row for row in listed if row["band"] in ("red", "yellow")]
    assert figures_now["arr_at_risk"]["value"] == sum(row["arr"] for row in at_risk) > 0
    assert figures_now["arr_at_risk"]["value"] == (await company.api.get("/v1/portfolio"))["arr_at_risk"]
