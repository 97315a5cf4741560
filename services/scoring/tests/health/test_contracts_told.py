"""What a contract is worth is one fact, whichever event brings it, and a large fall is told.

Whoever has left is no customer.
"""

import pytest

from common.contracts.signals import Kind, Severity, Status
from scoring.health.metrics.gauge.definition import Gauge
from support.scripted_account import MOOD, SLIDE, ScriptedAccount, card, told

AGAINST_PEAK = Gauge(
    name="arr_ratio",
    dimension="roi",
    events=("contract.changed",),
    value="arr/arr_peak_12m",
    curves={"default": ((0.5, 0), (1, 100))},
)
CARD = card(MOOD, AGAINST_PEAK)
NAMES = ["account.updated", "contract.changed", "contract.renewed", "contract.started"]


def worth(*amounts: float | None, first: str = "account.updated", then: str = "contract.changed") -> list[list[str]]:
    """What each amount tells, of an account whose health is good."""
    script = ScriptedAccount(CARD)
    script.does("mood.read", 0, value=100)
    heard = []
    for day, amount in enumerate(amounts, 1):
        signals = script.does(then if day > 1 else first, day, arr=amount).signals
        heard.append([signal.to for signal in signals if signal.kind is Kind.CONTRACTION])
    return heard


@pytest.mark.parametrize("first", NAMES)
@pytest.mark.parametrize("then", NAMES)
def test_a_large_fall_is_told_whichever_event_brings_it(first: str, then: str) -> None:
    script = ScriptedAccount(CARD)
    script.does("mood.read", 0, value=100)
    assert told(script.does(first, 1, arr=33_000)) == (["outcome renewed"] if first == "contract.renewed" else [])
    signals = script.does(then, 2, arr=5_000).signals
    (fall,) = [signal for signal in signals if signal.kind is Kind.CONTRACTION]
    assert (fall.to, fall.arr_before, fall.facts.arr, fall.severity) == ("arr", 33_000, 5_000, Severity.WARNING)
    assert fall.cause == ("web", "e3")
    assert script.value("arr_ratio", 2) == pytest.approx(5 / 33)


# What each amount tells.
FALLS = [
    ([30_000, 24_000.5], [0, 0]),
    ([30_000, 24_000], [0, 1]),
    ([30_000, 27_000, 24_000], [0, 0, 1]),  # small falls add up
    ([30_000, 12_000, 11_000, 9_600], [0, 1, 0, 1]),  # from then on it falls from the lower amount
    ([10_000, 30_000, 24_000], [0, 0, 1]),  # the highest counts
    ([30_000, 0], [0, 1]),
    ([30_000, None, 12_000], [0, 0, 0]),  # what is unknown is no fall
    ([-5, -10], [0, 0]),
]


@pytest.mark.parametrize(("amounts", "tells"), FALLS)
def test_a_fall_is_told_once_it_is_a_fifth(amounts: list[float | None], tells: list[int]) -> None:
    assert [len(each) for each in worth(*amounts)] == tells


def test_an_older_amount_that_is_heard_of_late_is_no_fall() -> None:
    script = ScriptedAccount(CARD)
    script.does("contract.changed", 5, arr=30_000)
    assert told(script.does("account.updated", 6, late=3, arr=100)) == []
    assert script.account.facts.arr == 30_000


def test_a_fall_that_the_same_request_takes_back_is_none() -> None:
    script = ScriptedAccount(CARD)
    script.does("mood.read", 0, value=100)
    script.does("account.updated", 1, arr=30_000)
    script.does("account.updated", 2, arr=300, more=True)
    assert told(script.does("contract.changed", 2, arr=30_000)) == []


def test_a_restart_remembers_the_highest_amount() -> None:
    script = ScriptedAccount(CARD)
    script.does("account.updated", 1, arr=30_000)
    script.does("account.updated", 2, arr=27_000)
    script.account = script.scorer.load("acme", script.scorer.dump(script.account))
    assert "contraction arr" in told(script.does("account.updated", 3, arr=23_000))


STANDINGS = [
    ((), Status.ACTIVE),
    (("contract.cancel_requested",), Status.LEAVING),
    (("contract.ended",), Status.CHURNED),
    (("contract.cancel_requested", "contract.renewed"), Status.ACTIVE),
    (("contract.cancel_requested", "contract.ended"), Status.CHURNED),
    (("contract.ended", "contract.started"), Status.ACTIVE),
    (("contract.ended", "contract.renewed"), Status.ACTIVE),
    (("contract.ended", "session.started"), Status.CHURNED),
    (("contract.ended", "contract.changed"), Status.CHURNED),
]


@pytest.mark.parametrize(("names", "status"), STANDINGS)
@pytest.mark.parametrize("at_once", [True, False])
def test_the_last_word_says_whether_it_is_a_customer(names: tuple[str, ...], status: Status, *, at_once: bool) -> None:
    script = ScriptedAccount(CARD)
    script.does("mood.read", 0, value=100)
    for place, name in enumerate(names):
        script.does(name, 1 if at_once else 1 + place)
    assert script.account.facts.status is status
    assert script.scorer.load("acme", script.scorer.dump(script.account)).facts.status is status


def test_what_happened_earlier_says_nothing() -> None:
    script = ScriptedAccount(CARD)
    script.does("contract.started", 5)
    script.does("contract.ended", 6, late=3)
    assert script.account.facts.status is Status.ACTIVE


def test_who_has_left_has_no_forecast() -> None:
    script = ScriptedAccount(card(SLIDE))
    script.does("mood.read", 0, value=100)
    assert script.looks(1).forecast is not None
    script.does("contract.ended", 2)
    assert script.looks(3).forecast is None
    script.does("contract.started", 4)
    assert script.looks(5).forecast is not None
