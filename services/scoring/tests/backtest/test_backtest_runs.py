"""An account in a back-test goes through exactly what it would go through in the running system."""

from datetime import UTC, datetime

import numpy as np
import pytest

from common.contracts.signals import Kind, Severity, Signal
from scoring.backtest.recordings.recording import Recording, unpack
from scoring.backtest.runs.card_runs import CardsRequest, run_cards, scorer_of
from scoring.backtest.runs.trace import AccountTrace, RunPlan
from scoring.cards.load import load
from scoring.health import Card
from scoring.health.moments import DAY
from support.cards import SMALL
from support.recorded import event, recorded

CARD: Card = load(SMALL, "small")


def plan(recording: Recording, **more: bool) -> RunPlan:
    return RunPlan(recording.first_day, recording.last_date + 1, recording.end, **more)


def traces(recording: Recording, *, processes: int = 1, **more: bool) -> list[AccountTrace]:
    request = CardsRequest((CARD,), plan(recording, **more))
    return [trace for (trace,) in run_cards(request, recording.accounts, processes=processes)]


def test_signals_and_scores_are_those_of_an_account_that_nobody_looks_at() -> None:
    """The midnights at which a back-test looks must leave no trace."""
    recording = recorded(
        {"acme": [0, 1, 2, 3, 7, 8, 9, 30, 31, 45]},
        days=90,
        more=[
            *(event("acme", day, "session.started", user_id="ann") for day in (0, 0.1, 1, 5, 30, 31, 45)),
            event("acme", 20, "contract.cancel_requested"),
            event("acme", 33, "contract.renewed"),
            event("acme", 2, "nps.answered", user_id="ann", properties={"score": 9}),
        ],
    )
    (trace,) = traces(recording, scores=True, parts=True, values=True)

    scorer = scorer_of(CARD)
    account = scorer.create("acme")
    expected: list[Signal] = []
    for at, body in recording.accounts[0].events:
        expected += scorer.apply(account, unpack(body), at).signals
    expected += scorer.advance(account, recording.end).signals

    assert len(expected) > 5
    assert [(one.at, one.kind, one.to, one.severity, one.after) for one in trace.signals] == [
        (one.at.timestamp(), one.kind, one.to, one.severity, one.after.score) for one in expected
    ]
    assert trace.standing.score == scorer.view(account, recording.end).health.score
    assert trace.mismatches == 0


def test_what_was_retracted_is_no_alert_and_no_decision_to_leave() -> None:
    recording = recorded(
        {"acme": range(20), "birch": range(20)},
        days=60,
        more=[
            event("acme", 20, "contract.cancel_requested", event_id="cancel"),
            event("acme", 21, "contract.ended", event_id="end"),
            event("birch", 21, "contract.ended", event_id="end"),
            event("acme", 22, "event.retracted", properties={"event_id": "cancel"}),
            event("acme", 23, "event.retracted", properties={"event_id": "end"}),
            event("birch", 20, "event.retracted", properties={"event_id": "end"}),
        ],
    )
    assert recording.decisions == {"birch": event("birch", 21).time.timestamp()}
    withdrawn = [one for one in traces(recording)[0].signals if one.kind is Kind.RETRACTED]
    assert [(one.to, one.is_alert) for one in withdrawn] == [("cancel_intent", False)]


def test_a_score_of_a_date_knows_the_days_before_it_and_nothing_of_the_day_itself() -> None:
    with_day_9 = recorded({"acme": []}, days=20, more=[event("acme", day, "session.started") for day in (0, 5, 9)])
    without = recorded({"acme": []}, days=20, more=[event("acme", day, "session.started") for day in (0, 5)])

    (seen,), (unseen,) = (traces(each, scores=True) for each in (with_day_9, without))

    assert np.isnan(seen.scores[0]), "before the first record there is no score"
    assert seen.scores[1:10].tolist() == unseen.scores[1:10].tolist()
    assert seen.scores[10] > unseen.scores[10]
    assert len(seen.scores) == 21


def test_the_parts_of_a_day_add_up_to_what_the_score_lacks() -> None:
    recording = recorded(
        {"acme": []},
        days=40,
        more=[
            *(event("acme", day, "session.started", user_id="ann") for day in range(8)),
            event("acme", 12, "contract.cancel_requested"),
        ],
    )

    (trace,) = traces(recording, scores=True, parts=True, values=True)

    lacking = 100 + trace.parts[1:].astype(float).sum(axis=1)
    assert lacking.tolist() == pytest.approx(trace.scores[1:].tolist(), abs=0.15)
    assert trace.parts[20, -1] < -10, "the last column is the cap"
    # Logins a week, as the curve reads them: one a day on the eighth day, with what is left of the prior five.
    assert trace.values[8, 0] == pytest.approx(7.2, abs=1.0)


def test_many_processes_find_what_one_finds() -> None:
    recording = recorded({f"account-{number}": range(number, 60, 3) for number in range(300)}, days=60)

    alone = traces(recording, processes=1, scores=True, parts=True)
    together = traces(recording, processes=2, scores=True, parts=True)

    assert [each.account_id for each in alone] == [each.account_id for each in together]
    assert [each.signals for each in alone] == [each.signals for each in together]
    assert all(np.array_equal(a.scores, b.scores, equal_nan=True) for a, b in zip(alone, together, strict=True))


def test_an_alert_is_worse_news_and_an_import_counts_as_if_live() -> None:
    sessions = [event("acme", day, "session.started", user_id="ann") for day in range(20)]
    imported = event("birch", 3, "contract.cancel_requested", history=True)

    acme, birch = traces(recorded({"acme": [], "birch": []}, days=60, more=[*sessions, imported]))

    alerts = [one for one in acme.signals if one.is_alert]
    assert {one.to for one in alerts} >= {"gone_quiet", "yellow", "red"}
    assert all(" since " in one.reason for one in alerts)
    assert all(one.severity is not Severity.INFO for one in alerts)
    assert [one.is_alert for one in birch.signals if one.to == "cancel_intent"] == [True]


def test_who_stands_badly_at_first_sight_is_one_alert_at_the_first_look() -> None:
    """In the first fifteen minutes there are no alarms; who comes in well is looked at, and is none."""
    busy = [event("birch", hour / 24, "session.started", user_id=f"user {hour}") for hour in range(8)]
    answer = event("acme", 0.0, "nps.answered", user_id="ann", properties={"score": 0})
    opened = event("acme", 0.001, "ticket.opened", user_id="ann")

    acme, birch = traces(recorded({"acme": [], "birch": []}, days=1, more=[*busy, answer, opened]))

    first = acme.signals[0]
    assert (first.kind, first.is_alert, first.before) == (Kind.FIRST_LOOK, True, None)
    assert first.at - first.since == pytest.approx(900, abs=1)
    assert [(one.kind, one.is_alert) for one in birch.signals] == [(Kind.FIRST_LOOK, False)]


def test_a_signal_names_the_owner_of_its_moment() -> None:
    before, after = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 22, tzinfo=UTC)
    recording = recorded(
        {"acme": []},
        days=60,
        more=[
            event("acme", 5, "contract.cancel_requested"),
            event("acme", 20, "account.updated", properties={"owner": "new@example.com"}),
            event("acme", 25, "contract.renewed"),
            event("acme", 30, "contract.cancel_requested"),
        ],
    )

    (trace,) = traces(recording)

    owners = [(one.owner, one.at) for one in trace.signals if one.to == "cancel_intent"]
    assert [owner for owner, _ in owners] == ["a@example.com", "new@example.com"]
    assert before.timestamp() < owners[0][1] < after.timestamp() < owners[1][1]
    assert trace.standing.owner == "new@example.com"
    assert recording.end / DAY - recording.first_day == 60
