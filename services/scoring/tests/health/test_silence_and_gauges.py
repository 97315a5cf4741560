"""Metrics of silence and gauges: what time without a sign, the newest answer and the contract amount to."""

from typing import Any

import pytest

from scoring.health.metrics.gauge.definition import Gauge
from scoring.health.metrics.silence.definition import Silence
from support.scripted_account import scripted

SIGNS = Silence(
    name="silence", events=("login",), prior_gap=2, dimension="engagement", curves={"default": ((0, 100), (10, 0))}
)


def test_suspicion_grows_with_the_time_since_the_last_sign() -> None:
    script = scripted(SIGNS)
    script.does("login", 0)
    assert script.value("silence", 0) == 0
    assert script.value("silence", 2) == pytest.approx(1 / 2.302585093)
    assert script.value("silence", 20) == pytest.approx(10 / 2.302585093)
    assert script.points("silence", 20) == pytest.approx(100 - 43.42945)


def test_the_mean_gap_starts_as_three_prior_gaps() -> None:
    """Active on days 0, 1, 2 and 3: gaps of 2, 2, 2, 1, 1, 1."""
    script = scripted(SIGNS)
    for day in (0.5, 1.5, 1.9, 2.1, 3.5):
        script.does("login", day)
    assert script.value("silence", 5) == pytest.approx(1.5 / (1.5 * 2.302585093))


def test_a_day_is_a_day_in_the_zone_of_the_account() -> None:
    """Two evenings in New York are three days in UTC."""
    values = []
    for zone in ("America/New_York", "Nowhere/At_All"):
        script = scripted(SIGNS)
        script.does("account.updated", 0, time_zone=zone)
        for day in (0.9, 1.1, 1.9, 2.1):
            script.does("login", day)
        values.append(script.value("silence", 4.1))
    new_york, utc = (2.0 / 2.302585093 / mean for mean in (7 / 4, 8 / 5))
    assert values == [pytest.approx(new_york), pytest.approx(utc)]


def test_without_a_sign_silence_counts_from_birth() -> None:
    script = scripted(SIGNS)
    script.does("nobody.listens", 3, late=3, history=True)
    assert script.value("silence", 4) == pytest.approx(2 / 2.302585093)


def test_a_sign_of_an_earlier_day_that_comes_late_changes_nothing() -> None:
    script = scripted(SIGNS)
    script.does("login", 5)
    script.does("login", 5, late=3)
    assert script.value("silence", 7) == pytest.approx(1 / 2.302585093)


def nps(**changes: Any) -> Gauge:
    given: dict[str, Any] = {"name": "nps", "events": ("answered",), "hold": 10, "ttl": 30, "neutral": 60}
    return Gauge(**{**given, **changes}, dimension="roi", curves={"default": ((-100, 0), (100, 100))})


def test_an_answer_holds_then_fades_to_neutral_and_stays() -> None:
    script = scripted(nps())
    script.does("answered", 0, value=-100)
    assert [script.points("nps", day) for day in (0, 10, 20, 30, 900)] == [0, 0, pytest.approx(30), 60, 60]


def test_the_newest_answer_counts_not_the_last_to_arrive() -> None:
    script = scripted(nps())
    script.does("answered", 5, value=100)
    script.does("answered", 6, value=-100, late=3)
    assert script.value("nps", 6) == 100


@pytest.mark.parametrize("value", ["9", None, True, float("nan"), 10**400])
def test_an_answer_that_is_no_number_is_none(value: object) -> None:
    script = scripted(nps())
    script.does("answered", 0, value=value)
    assert script.points("nps", 0) is None


def test_promoters_minus_detractors_of_each_persons_last_answer() -> None:
    script = scripted(nps(key="user_id", read="net_promoter"))
    answers = [("ann", 9), ("bob", 9), ("cem", 10), ("dea", 6.5), ("ann", 6)]
    for hour, (person, value) in enumerate(answers):
        script.does("answered", hour / 24, user_id=person, value=value)
    script.does("answered", 1, value=0)
    assert script.value("nps", 1) == pytest.approx(100 * (2 - 1) / 4)


def test_an_answer_counts_while_it_is_less_than_its_life_older_than_the_newest() -> None:
    script = scripted(nps(key="user_id", read="mean"))
    script.does("answered", 0, user_id="ann", value=10)
    script.does("answered", 29.9, user_id="bob", value=50)
    assert script.value("nps", 29.9) == 30
    # They fade together, by the newest; none drops out in silence.
    assert script.points("nps", 39.9) == pytest.approx(65)
    script.does("answered", 30, user_id="cem", value=50)
    assert script.value("nps", 30) == 50


def test_the_last_of_many_people_is_the_last() -> None:
    script = scripted(nps(key="user_id", read="last"))
    script.does("answered", 0, user_id="ann", value=10)
    script.does("answered", 1, user_id="bob", value=50)
    script.does("answered", 2, user_id="ann", value=20, late=1.5)
    assert script.value("nps", 2) == 50


def test_of_more_people_than_fit_a_sample_answers() -> None:
    script = scripted(nps(key="user_id", read="mean"))
    for number in range(1_000):
        script.does("answered", 0, user_id=f"person {number}", value=number % 11)
    assert script.value("nps", 0) == pytest.approx(5, abs=1)
    assert len(script.scorer.dump(script.account)) < 10_200


ARR = Gauge(
    name="arr", events=("contract.changed",), value="arr/arr_peak_12m", dimension="roi",
    curves={"default": ((0, 0), (1, 100))},
)  # fmt: skip


def test_arr_is_read_against_its_peak_of_a_year() -> None:
    script = scripted(ARR)
    for day, arr in [(0, 100), (100, 50), (200, 80)]:
        script.does("contract.changed", day, arr=arr)
    assert script.value("arr", 200) == pytest.approx(0.8)
    # It is the newest amount that looks back, not the moment of looking.
    assert script.value("arr", 600) == pytest.approx(0.8)
    script.does("contract.changed", 380, arr=60)
    assert script.value("arr", 380) == pytest.approx(60 / 80)
    script.does("contract.changed", 381, arr=90)
    assert script.value("arr", 381) == 1.0


def test_a_peak_heard_of_late_is_a_peak() -> None:
    script = scripted(ARR)
    script.does("contract.changed", 100, arr=50)
    script.does("contract.changed", 101, arr=200, late=50)
    assert script.value("arr", 101) == 0.25


def test_a_contract_that_falls_every_day_keeps_its_peak_in_bounded_room() -> None:
    script = scripted(ARR)
    for day in range(300):
        script.does("contract.changed", day, arr=1000 - day)
    assert script.value("arr", 299) == pytest.approx(0.701)
    assert len(script.scorer.dump(script.account)) < 3_000


def test_an_account_that_never_paid_has_no_ratio() -> None:
    script = scripted(ARR)
    script.does("contract.changed", 0, arr=0)
    assert script.points("arr", 0) is None
