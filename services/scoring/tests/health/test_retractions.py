"""`event.retracted` takes back what an event set, whatever came before and after it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from common.contracts.signals import Facts, Status
from scoring.health.card import Card, Flag, Outcome, Where
from scoring.health.metrics.gauge.definition import Gauge
from scoring.health.metrics.milestone.definition import Milestone, MilestoneStep
from scoring.health.metrics.rate.definition import Rate
from scoring.health.scorer import Scorer
from scoring.health.view import RetractionResult, Step
from support.examples import examples
from support.random_cases import event
from support.scripted_account import DAWN, DAY, IDENTITY, ScriptedAccount, card

CURVES = {"default": IDENTITY}
UNDOABLE: Card = replace(
    card(
        Gauge(name="mood", dimension="engagement", events=("mood.read",), curves=CURVES),
        Gauge(name="nps", dimension="roi", events=("nps.answered",), key="user_id", read="mean", curves=CURVES, ttl=90),
        Gauge(
            name="arr", dimension="roi", events=("contract.changed",), value="arr/arr_peak_12m",
            curves={"default": ((0, 0), (1, 100))},
        ),
        Milestone(
            name="steps", dimension="deployment", steps={"kickoff": MilestoneStep(3), "live": MilestoneStep(9)},
            planned=True, weight="size",
        ),
        flags=(
            Flag(name="cancel", cap=10, events=("contract.cancel_requested",), clear_on=("contract.renewed",), ttl=90),
            Flag(name="unpaid", cap=45, events=("unpaid",), clear_on=("paid",), ttl=30, key="invoice"),
            Flag(
                name="detractor", events=("nps.answered",), key="user_id", raised_if=Where("value", "<=", 50.0), ttl=60,
                tell=False,
            ),
        ),
    ),
    outcomes=(Outcome(name="churned", events=("contract.ended",)),),
    tiers={"low": 50, "high": 100},
)  # fmt: skip


# The name of an event and its properties.
Said = tuple[str, dict[str, Any]]


def says(*names: str, **properties: st.SearchStrategy[Any]) -> st.SearchStrategy[Said]:
    return st.tuples(st.sampled_from(names), st.fixed_dictionaries(properties))


SAID = st.one_of(
    says("mood.read", value=st.sampled_from([10.0, 50.0, 90.0])),
    says("nps.answered", user_id=st.sampled_from(["ann", "bo"]), value=st.sampled_from([0.0, 60.0, 95.0])),
    says(
        "contract.changed", "contract.started", "contract.renewed",
        arr=st.sampled_from([None, 40.0, 90.0, 100.0, 250.0]),
    ),
    says("contract.cancel_requested", "contract.ended"),
    says(
        "account.updated",
        name=st.sampled_from([None, "Acme", "Acme Ltd"]),
        seats=st.sampled_from([5, 10, "ten"]),
        contract_start=st.sampled_from([None, "2024-01-01", "2024-01-09"]),
        stage=st.sampled_from([None, "renewal"]),
        time_zone=st.sampled_from([None, "Asia/Tokyo"]),
        away=st.sampled_from([None, "soon", [], [{"from": "2024-05-01", "until": "2024-05-03"}]]),
    ),
    says(
        "health.overridden",
        to=st.sampled_from(["green", "yellow", "red", None]),
        until=st.sampled_from(["2024-01-10T12:00:00Z", "2024-01-11T06:00:00Z", "2024-03-01", "soon"]),
    ),
    says("unpaid", "paid", invoice=st.sampled_from(["i-1", "i-2", None])),
    says("milestone.reached", step=st.sampled_from(["kickoff", "live", "essay"])),
    says(
        "milestone.planned",
        step=st.sampled_from(["kickoff", "essay"]),
        due=st.sampled_from(["2024-01-11", "2024-01-12T12:00:00Z", "2024-03-01"]),
        size=st.sampled_from([1, 3]),
    ),
)  # fmt: skip
# How late each comes is in eighths of a day; then whether more of its request follows.
SEQUENCES = st.lists(st.tuples(SAID, st.integers(0, 40), st.booleans()), min_size=1, max_size=12)
END = 12.0


def play(sequence: list[tuple[Said, int, bool]], left_out: int | None, retracted: int | None) -> ScriptedAccount:
    """One event every eighth of a day, the n-th with the id `n`."""
    script = ScriptedAccount(UNDOABLE)
    script.does("account.updated", 0, name="First")
    for n, ((name, properties), late, more) in enumerate(sequence):
        if n != left_out:
            at = DAWN + (n + 1) * DAY / 8
            happened = event(name, at - late * DAY / 8, event_id=f"x{n}", more=more, **properties)
            script.scorer.apply(script.account, happened, at)
    if retracted is None:
        script.does("nobody.listens", END)
    else:
        retract(script, END, f"x{retracted}")
    return script


def standing(script: ScriptedAccount) -> tuple[object, ...]:
    view = script.looks(END)
    return (
        script.account.facts,
        list(script.account.away.days),
        [(each.name, each.count, each.cap and round(each.cap, 9)) for each in view.flags],
        {each.metric: (each.value, round(each.points, 9)) for each in view.level.contributions},
        script.account.open_steps,
        round(view.health.score, 9),
        view.health.override,
    )


@settings(max_examples=examples(400), deadline=None)
@given(SEQUENCES, st.data())
def test_after_its_retraction_all_stands_as_if_an_event_had_never_come(
    sequence: list[tuple[Said, int, bool]], data: st.DataObject
) -> None:
    """Receipts add up on the way, or the scorer raises."""
    n = data.draw(st.integers(0, len(sequence) - 1))
    after, never = play(sequence, None, n), play(sequence, n, None)
    assert standing(after) == standing(never)
    body = after.scorer.dump(after.account)
    loaded = after.scorer.load("acme", body)
    assert after.scorer.dump(loaded) == body
    assert after.scorer.find_due(loaded) == after.scorer.find_due(after.account)


@settings(max_examples=examples(200), deadline=None)
@given(SEQUENCES, st.lists(st.integers(0, 12), min_size=2, max_size=6))
def test_retractions_go_on_alike_from_memory_and_from_the_store(
    sequence: list[tuple[Said, int, bool]], retracted: list[int]
) -> None:
    script = play(sequence, None, None)
    stored = script.scorer.dump(script.account)
    for n, each in enumerate(retracted):
        at = DAWN + (END + 1 + n) * DAY
        happened = replace(event("event.retracted", at, event_id=f"r{n}"), properties={"event_id": f"x{each}"})
        account = script.scorer.load("acme", stored)
        assert script.scorer.apply(account, happened, at) == script.scorer.apply(script.account, happened, at)
        stored = script.scorer.dump(account)
        assert stored == script.scorer.dump(script.account)


def retract(script: ScriptedAccount, day: float, event_id: str, *, source: str = "web", **flags: Any) -> Step:
    at = DAWN + day * DAY
    happened = event("event.retracted", at, event_id=f"r-{day}-{event_id}", **flags)
    happened = replace(happened, source=source, properties={"event_id": event_id})
    return script.scorer.apply(script.account, happened, at)


def test_a_cancellation_by_mistake_takes_flag_and_status_back() -> None:
    script = ScriptedAccount(UNDOABLE)
    script.does("mood.read", 0, value=90)
    script.does("contract.cancel_requested", 1)
    assert (script.account.facts.status, script.score(1)) == (Status.LEAVING, 10)
    assert retract(script, 2, "e2").retraction is RetractionResult.UNDONE
    assert (script.account.facts.status, script.score(2), script.looks(2).flags) == (Status.ACTIVE, 95, ())


def test_a_contract_that_did_not_end_brings_the_account_back() -> None:
    script = ScriptedAccount(UNDOABLE)
    script.does("mood.read", 0, value=90)
    script.does("contract.ended", 1)
    assert script.account.facts.status is Status.CHURNED
    retract(script, 2, "e2")
    assert script.account.facts == Facts()


def test_another_source_takes_nothing_back() -> None:
    script = ScriptedAccount(UNDOABLE)
    script.does("contract.cancel_requested", 1)
    assert retract(script, 2, "e1", source="crm").retraction is RetractionResult.NOTHING_STANDING
    assert script.account.facts.status is Status.LEAVING


@pytest.mark.parametrize("properties", [{}, {"event_id": None}, {"event_id": 7}])
def test_a_retraction_that_names_no_event_takes_nothing_back(properties: dict[str, object]) -> None:
    script = ScriptedAccount(UNDOABLE)
    script.does("contract.cancel_requested", 1)
    at = DAWN + 2 * DAY
    step = script.scorer.apply(
        script.account, replace(event("event.retracted", at, event_id="r"), properties=properties), at
    )
    assert step.retraction is RetractionResult.NOTHING_STANDING
    assert script.account.facts.status is Status.LEAVING


def test_a_retraction_before_its_event_takes_nothing_back() -> None:
    """Also as the first record of an account."""
    script = ScriptedAccount(UNDOABLE)
    assert retract(script, 0, "e1").retraction is RetractionResult.NOTHING_STANDING
    script.does("contract.cancel_requested", 1)
    assert script.account.facts.status is Status.LEAVING


def test_an_event_is_taken_back_once() -> None:
    script = ScriptedAccount(UNDOABLE)
    script.does("account.updated", 0, name="Acme")
    script.does("account.updated", 1, name="Acme Ltd")
    results = [retract(script, 2 + n, "e2").retraction for n in range(2)]
    assert results == [RetractionResult.UNDONE, RetractionResult.NOTHING_STANDING]
    assert script.account.facts.name == "Acme"


def test_one_value_comes_back_and_no_more() -> None:
    script = ScriptedAccount(UNDOABLE)
    for day, value in enumerate([20, 40, 60]):
        script.does("mood.read", day, value=value)
    values = []
    for day, event_id in ((3, "e3"), (4, "e2")):
        retract(script, day, event_id)
        values.append(script.points("mood", day))
    assert values == [40, None]


def test_what_was_overwritten_does_not_come_back_once_it_is_retracted() -> None:
    script = ScriptedAccount(UNDOABLE)
    for day, value in enumerate([20, 40]):
        script.does("mood.read", day, value=value)
    assert retract(script, 2, "e1").retraction is RetractionResult.NOTHING_STANDING
    retract(script, 3, "e2")
    assert script.points("mood", 3) is None


def test_a_decayed_count_says_that_it_cannot_be_undone() -> None:
    logins = Rate(
        name="logins", dimension="adoption", events=("login",), half_life=7, curves={"default": ((1, 0), (9, 100))}
    )
    script = ScriptedAccount(card(logins))
    for day in range(6):
        script.does("login", day)
    value = script.value("logins", 6)
    assert retract(script, 6, "e6").retraction is RetractionResult.CANNOT_BE_UNDONE
    assert retract(script, 6, "e-unknown").retraction is RetractionResult.NOTHING_STANDING
    assert script.value("logins", 6) == value


def test_a_state_of_many_retractable_events_stays_bounded() -> None:
    scorer = Scorer(UNDOABLE, "card")
    account = scorer.create("acme")
    sizes = []
    for n in range(1500):
        at = DAWN + n * DAY / 24
        for name, said in (
            ("unpaid" if n % 3 else "paid", {"invoice": f"i-{n % 97}"} if n % 50 else {}),
            ("contract.changed", {"arr": 1e6 - n}),
            ("milestone.planned", {"step": f"s-{n % 80}", "due": "2024-03-01"}),
            ("nps.answered", {"user_id": f"u-{n % 300}", "value": n % 11}),
        ):
            scorer.apply(account, event(name, at, event_id=f"{name}{n}", **said), at)
        if n % 50 == 49:
            sizes.append(len(scorer.dump(account)))
    assert max(sizes) < 40_000
    assert max(sizes[-10:]) < 1.1 * max(sizes[10:20])


def test_a_late_value_that_is_only_kept_as_the_former_one_is_undone_too() -> None:
    """An event that cannot be applied by what it moves alone is undone in each metric that it has changed."""
    script = ScriptedAccount(UNDOABLE)
    script.does("mood.read", 1, value=90.0)
    script.does("milestone.reached", 1, step="kickoff")
    account, body = script.account, script.scorer.dump(script.account)
    late = {
        0: event("mood.read", DAWN, event_id="late", value=10.0),
        3: event("milestone.reached", DAWN + 2 * DAY, event_id="again", step="kickoff"),
    }
    for index, happened in late.items():
        metric, moment = account.metrics[index], happened.time.timestamp()
        assert metric.feed(happened, moment, moment, account.context)
        assert script.scorer.dump(account) != body
        metric.undo()
        assert script.scorer.dump(account) == body
