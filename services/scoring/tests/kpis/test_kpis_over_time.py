"""By hand: what health, months and days without anything mean for KPIs."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from support.scoring_api import Api
from support.scoring_harness import DAY, event

pytestmark = pytest.mark.servers
Said = tuple[str, str, str, dict[str, Any]]
# Since before all that happens, so nobody is new.
SINCE = {"arr": 10, "contract_start": "2025-01-01"}


async def score(api: Api, said: Sequence[Said], *, until: str) -> None:
    """In the order of time; nothing happens between the last event and `until`."""
    for number, (day, account, name, properties) in enumerate(sorted(said, key=lambda one: one[0])):
        await api.harness.post(event(account, name, at(day), properties=properties, event_id=str(number)))
    await api.harness.tick(at(until))
    await api.harness.score()


def at(day: str) -> float:
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()


async def value(api: Api, kpi: str, first: str, last: str, **asked: Any) -> float | None:
    answer = await api.kpis(from_=first, to=last, kpi=kpi, **asked)
    found: float | None = answer["spans"][0]["groups"][0]["figures"][kpi]["value"]
    return found


def stays_green(account: str, first: str, last: str) -> list[Said]:
    """Its mood is read before it fades."""
    moments = range(int(at(first)), int(at(last)), 4 * int(DAY))
    return [(datetime.fromtimestamp(n, UTC).isoformat()[:19], account, "mood.read", {"level": 100}) for n in moments]


async def test_a_month_is_noted_as_it_ended_also_one_of_silence(mood_api: Api) -> None:
    said: list[Said] = [
        ("2026-01-04", "acme", "account.updated", SINCE),
        ("2026-03-10", "acme", "mood.read", {"level": 50}),
    ]
    await score(mood_api, said, until="2026-03-20")
    # Two sessions a week are supposed at first. They are halved every seven days: four times by the end of January, and
    # eight times by that of February.
    assert await value(mood_api, "use.pace", "2026-01-01", "2026-01-31") == 2 / 16
    assert await value(mood_api, "use.pace", "2026-01-01", "2026-02-28") == round(2 / 256, 4)
    # Both are noted with the event of the tenth of March.
    assert await value(mood_api, "use.pace", "2026-01-01", "2026-02-28", known_at="2026-03-09") is None


async def test_who_was_red_for_a_while_of_silence_was_in_danger(mood_api: Api) -> None:
    said: list[Said] = [
        *((("2026-01-01", one, "account.updated", SINCE)) for one in ("acme", "bolt")),
        # Acme is silent until its mood has faded to red, and is green again by one event.
        ("2026-01-01", "acme", "mood.read", {"level": 100}),
        ("2026-03-10", "acme", "mood.read", {"level": 100}),
        ("2026-03-12", "acme", "contract.renewed", {}),
        # Bolt never was in danger, and leaves.
        *stays_green("bolt", "2026-01-01", "2026-03-12"),
        ("2026-03-12", "bolt", "contract.ended", {}),
    ]
    await score(mood_api, said, until="2026-03-20")
    assert await value(mood_api, "save_rate", "2026-03-01", "2026-03-31") == 1.0
    assert await value(mood_api, "retention_rate", "2026-03-01", "2026-03-31") == 0.5


@pytest.mark.parametrize(("decided", "rate"), [("2026-04-10", 1.0), ("2026-04-11", None)])
async def test_danger_counts_on_the_ninetieth_day_before(mood_api: Api, decided: str, rate: float | None) -> None:
    said: list[Said] = [
        ("2026-01-01", "acme", "account.updated", SINCE),
        ("2026-01-01", "acme", "mood.read", {"level": 0}),
        # The tenth of January is the last day on which it is red.
        *stays_green("acme", "2026-01-10T12:00:00", decided),
        (decided, "acme", "contract.renewed", {}),
    ]
    await score(mood_api, said, until="2026-04-20")
    assert await value(mood_api, "save_rate", "2026-04-01", "2026-04-30") == rate


async def test_arr_is_at_risk_from_when_the_band_is_shown(mood_api: Api) -> None:
    said: list[Said] = [
        ("2026-01-01", "acme", "account.updated", SINCE),
        ("2026-01-01", "acme", "mood.read", {"level": 100}),
    ]
    await score(mood_api, said, until="2026-01-24")
    # The score fades across 70 on the 21st, and the band is yellow two days later.
    assert await value(mood_api, "arr_at_risk", "2026-01-22", "2026-01-22") == 0.0
    assert await value(mood_api, "arr_at_risk", "2026-01-23", "2026-01-23") == 10.0


async def test_of_a_lifetime_only_days_as_a_customer_count(mood_api: Api) -> None:
    arr = {"arr": 73.05}
    said: list[Said] = [
        # What is learned in March holds from the start, also that the contract has 365 days.
        ("2026-03-01", "acme", "account.updated", arr | {"contract_start": "2026-01-01", "contract_end": "2026-12-31"}),
        # Ten days, and after ten others eleven more.
        ("2026-01-01", "bolt", "contract.started", arr),
        ("2026-01-11", "bolt", "contract.ended", {}),
        ("2026-01-21", "bolt", "contract.started", {}),
        # Nobody of January: one begins on the day after, the other one had left.
        ("2026-02-01", "crab", "contract.started", arr),
        ("2026-01-15", "dune", "contract.ended", {}),
    ]
    await score(mood_api, said, until="2026-03-10")
    january = ("2026-01-01", "2026-01-31")
    assert await value(mood_api, "lifetime_value", *january) == pytest.approx((365 + 21) / 2 * 0.2)
    assert await value(mood_api, "expected_lifetime_value", *january) == pytest.approx((31 + 21) / 2 * 0.2)
