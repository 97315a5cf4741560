"""What is stored: golden bodies of every format so far, and what does not fit the card.

`format_2_former` was written by the core before the one of `format_2`: the same layout, other last bits.
"""

from pathlib import Path
from typing import Any

import pytest
from msgspec import to_builtins

from scoring.health.card import Card, Flag, When
from scoring.health.metrics.active_days.definition import ActiveDays
from scoring.health.metrics.definition import Knots
from scoring.health.metrics.distinct.definition import Distinct
from scoring.health.metrics.gauge.definition import Gauge
from scoring.health.metrics.milestone.definition import Milestone, MilestoneStep
from scoring.health.metrics.rate.definition import Rate
from scoring.health.metrics.ratio.definition import Ratio
from scoring.health.metrics.silence.definition import Silence
from scoring.health.scorer import Scorer
from scoring.health.state_format import FORMAT, UnknownFormat
from support.scripted_account import DAWN, DAY, IDENTITY, ScriptedAccount, card

GOLDEN = Path(__file__).parent / "golden"
CURVES = {"default": IDENTITY}
# The open episode of a golden body has the id that its card gave it.
EPISODES = {
    "format_3": "f13bd62a-8893-5a65-b531-20dc486c2264",
    "format_4": "4924500a-7421-5ed2-bb7a-8638b37ffd5d",
    "format_5": "4924500a-7421-5ed2-bb7a-8638b37ffd5d",
    "format_6": "4924500a-7421-5ed2-bb7a-8638b37ffd5d",
    "format_7": "4924500a-7421-5ed2-bb7a-8638b37ffd5d",
}

RISING: dict[str, Knots] = {"default": ((1.0, 0.0), (9.0, 100.0))}

RATE = Rate(name="rate", dimension="adoption", events=("a",), half_life=7, prior_per_week=2, curves=RISING)
EVERY_KIND: Card = card(
    RATE,
    Distinct(
        name="distinct",
        dimension="adoption",
        events=("a",),
        key="user_id",
        half_life=7,
        curves=RISING,
    ),
    Ratio(
        name="ratio",
        dimension="roi",
        events=("b",),
        half_life=7,
        denominator_metric="rate",
        curves=RISING,
    ),
    Silence(name="silence", dimension="engagement", events=("a",), prior_gap=2, curves={"default": ((0, 100), (9, 0))}),
    Gauge(name="gauge", dimension="engagement", events=("c",), curves=CURVES, hold=5, ttl=50, neutral=60),
    Gauge(name="people", dimension="engagement", events=("c",), key="user_id", read="mean", curves=CURVES),
    Gauge(
        name="arr",
        dimension="roi",
        events=("contract.changed",),
        value="arr/arr_peak_12m",
        curves={"default": ((0, 0), (1, 100))},
    ),
    ActiveDays(name="days", dimension="engagement", events=("a",), half_life=7, prior_per_week=2, curves=RISING),
    Milestone(
        name="steps",
        dimension="deployment",
        steps={"kickoff": MilestoneStep(3, weight=2), "live": MilestoneStep(40, told=False)},
        planned=True,
        weight="size",
    ),
    flags=(
        Flag(name="unpaid", cap=45, events=("unpaid",), clear_on=("paid",), ttl=30),
        Flag(name="quiet", cap=50, when=When(metric="silence", op=">=", value=1)),
    ),
)


def told() -> ScriptedAccount:
    """A little of everything."""
    script = ScriptedAccount(EVERY_KIND)
    script.does("account.updated", 0, name="Acme", seats=10, contract_start="2024-01-10", arr=5000.0)
    for day in (0.5, 1.25, 2.0):
        script.does("a", day, user_id=f"person {day}")
    script.does("b", 2)
    script.does("contract.changed", 2.5, arr=100)
    script.does("contract.changed", 2.75, arr=70)
    script.does("c", 3, user_id="ann", value=80)
    script.does("milestone.planned", 3.5, step="essay", due="2024-02-01T12:00:00+01:00", size=3)
    script.does("milestone.reached", 4, step="live")
    script.does("paid", 5)
    script.does("unpaid", 6, late=0.25)
    script.waits(30)
    script.does("nobody.listens", 30.5)
    return script


def with_people() -> ScriptedAccount:
    script = told()
    script.does("user.updated", 30.5, user_id="ann", name="Ann Lee", email="ann@acme.example", champion=True)
    script.does("champion.left", 30.5, user_id="person 0.5")
    script.does(
        "health.overridden", 30.5, to="yellow", until="2024-02-20", reason="They said so.", by="csm@example.com"
    )
    closed: dict[str, Any] = {"from": "2024-02-12", "until": "2024-02-16"}
    script.does("account.away", 30.5, **closed)
    return script


def body_of(script: ScriptedAccount) -> bytes:
    return script.scorer.dump(script.account)


def alike(one: Any, other: Any) -> bool:
    """Equal, numbers up to what another order of sums rounds."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, float):
        return bool(abs(one - other) < 1e-9)
    return bool(one == other)


def test_the_script_writes_the_golden_body_of_this_format() -> None:
    path = GOLDEN / f"format_{FORMAT}.hex"
    anew = (
        "the format of accounts has changed: leave the golden files as they are, raise FORMAT, add a file beside them"
    )
    assert path.exists(), anew
    assert body_of(with_people()) == bytes.fromhex(path.read_text()), anew


def test_the_body_of_this_format_is_read() -> None:
    live = with_people()
    account = live.scorer.load("acme", body_of(live))
    assert account.facts == live.account.facts
    assert account.people.known == live.account.people.known
    assert account.override == live.account.override is not None
    assert live.scorer.find_due(account) == live.scorer.find_due(live.account)
    read, expected = (live.scorer.view(each, DAWN + 40 * DAY) for each in (account, live.account))
    assert alike(to_builtins(read), to_builtins(expected)), (read, expected)


@pytest.mark.parametrize("path", sorted(set(GOLDEN.glob("format_*.hex")) - {GOLDEN / f"format_{FORMAT}.hex"}))
def test_of_bodies_of_former_formats_all_is_read_that_the_card_still_has(path: Path) -> None:
    """Active days came with format 3, and so did the definition that milestones have. Format 4 reads ARR from
    facts and has a prior for distinct members, and counts the events of a ratio.
    """
    live = told()
    account = live.scorer.load("acme", bytes.fromhex(path.read_text()))
    assert account.facts == live.account.facts
    read, expected = (live.scorer.view(each, DAWN + 30.5 * DAY) for each in (account, live.account))
    values, of_live = ({c.metric: c.value for c in view.level.contributions} for view in (read, expected))
    assert values.keys() == of_live.keys()
    for name in values.keys() - {"days", "steps", "arr", "distinct", "ratio"}:
        assert alike(values[name], of_live[name]), name
    assert read.flags == expected.flags
    assert read.episode == EPISODES.get(path.stem, "a175d055-410c-50d2-aa8b-98c5f252a4ca")


@pytest.mark.parametrize("body", [b"", b"\x00", bytes([FORMAT + 1]) + b"\x90", b"\xff"])
def test_a_body_of_another_format_is_refused(body: bytes) -> None:
    with pytest.raises(UnknownFormat):
        Scorer(EVERY_KIND, "card").load("acme", body)


def test_a_part_belongs_to_its_definition_not_to_its_place() -> None:
    """A card with one metric changed and another order keeps the states of the others."""
    body = body_of(told())
    changed = Rate(name="new", dimension="adoption", events=("a",), half_life=3, curves=RISING)
    scorer = Scorer(card(EVERY_KIND.metrics[3], changed, RATE), "other")
    before = {c.metric: c.value for c in told().looks(40).level.contributions}
    account = scorer.load("acme", body)
    scorer.cancel_timer(account)
    after = {c.metric: c.value for c in scorer.view(account, DAWN + 40 * DAY).level.contributions}
    assert after == {"silence": before["silence"], "rate": before["rate"], "new": 0.0}


def test_a_new_account_is_stored_and_comes_back() -> None:
    scorer = Scorer(EVERY_KIND, "card")
    body = scorer.dump(scorer.create("acme"))
    account = scorer.load("acme", body)
    assert scorer.dump(account) == body
    assert (account.band, account.clock, scorer.today(account)) == (None, 0.0, None)
    assert scorer.find_due(account) is None


def test_the_id_of_a_signal_is_fixed() -> None:
    (signal,) = told().does("contract.renewed", 31).signals
    assert signal.signal_id == "f09913ac-b98a-5383-9cf5-e2637c0bb1e2"
