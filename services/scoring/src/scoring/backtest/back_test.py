"""One back-test: a card over a recording, beside another card and the baselines. Values in, values out."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from scoring.backtest import packages
from scoring.backtest.baselines import learned, simple
from scoring.backtest.baselines.features import Counts28, Features
from scoring.backtest.baselines.learned import FeatureTable, learn
from scoring.backtest.errors import MissingPackages, TooFewEvents
from scoring.backtest.measuring.bootstrap import SAMPLES, Bootstrap
from scoring.backtest.measuring.measures import Measures, Method, measure, measure_ranking, ranking_method
from scoring.backtest.measuring.population import (
    EARLY,
    FIRST_DATE,
    SILENT_DAYS,
    Indexes,
    Numbers,
    Observations,
    Population,
    half_of,
    is_activity,
    observe,
    populate,
)
from scoring.backtest.recordings.recording import Recording
from scoring.backtest.runs import pool
from scoring.backtest.runs.card_runs import CardsRequest, run_cards
from scoring.backtest.runs.trace import AccountTrace, RunPlan
from scoring.cards.identity import identify
from scoring.health import Card
from scoring.health.moments import DAY

CARD, AGAINST = "card", "against"
SHUFFLED = "shuffled control"
LOGISTIC, BOOSTING = "28-day counts, logistic", "gradient boosting"

Say = Callable[[str], None]
"""Told what is being done, for the person who waits."""


class BackTestPlan(Struct, frozen=True):
    """`half` judges only the accounts of that half. No `activity`: what people do is known by the events' names."""

    cards: tuple[Card, ...]
    half: int | None = None
    activity: tuple[str, ...] = ()
    seed: int = 1
    processes: int | None = None
    samples: int = SAMPLES
    baselines: bool = True


class CardRun(Struct, frozen=True):
    """`role` is CARD or AGAINST. A trace for each judged account, in the order of the population."""

    role: str
    card: Card
    card_id: str
    traces: tuple[AccountTrace, ...]

    @property
    def scores(self) -> Numbers:
        return np.stack([trace.scores for trace in self.traces]).astype(np.float64)


class BackTest(Struct, frozen=True):
    """`population` are the judged accounts. `notes` say what was left out of the measures, and why."""

    recording: Recording
    population: Population
    observations: Observations
    activity: tuple[str, ...]
    runs: tuple[CardRun, ...]
    measures: tuple[Measures, ...]
    notes: tuple[str, ...]
    half: int | None

    @property
    def weeks(self) -> float:
        return (self.recording.end / DAY - self.recording.first_day) / 7


def run_back_test(
    recording: Recording,
    plan: BackTestPlan,
    *,
    say: Say = lambda text: None,
    progress: pool.Progress = lambda done, total: None,
) -> BackTest:
    """Raises `TooFewEvents` for activity that nobody recorded, and for a half without accounts."""
    activity = _activity(recording, plan.activity)
    everybody = populate(recording, activity)
    judged = _judged(recording, plan.half)
    population = everybody.of(judged)
    run_plan = RunPlan(recording.first_day, recording.last_date + 1, recording.end, parts=True)
    accounts = [recording.accounts[index] for index in judged]
    traced = run_cards(CardsRequest(plan.cards, run_plan), accounts, processes=plan.processes, progress=progress)
    runs = tuple(
        CardRun(role, card, identify(card), tuple(each[index] for each in traced))
        for index, (role, card) in enumerate(zip((CARD, AGAINST), plan.cards, strict=False))
    )
    observations = observe(population)
    notes = list(_notes(population, observations))
    methods = [_card_method(run, observations, recording) for run in runs]
    if plan.baselines:
        methods += _baselines(recording, everybody, judged, plan=plan, say=say, notes=notes)
    bootstrap = Bootstrap(population.size, seed=plan.seed, samples=plan.samples)
    measures = []
    for method in methods:
        say(f"measuring: {method.name}")
        measures.append(measure(method, population, observations, bootstrap))
    control = simple.shuffled(runs[0].scores, population, seed=plan.seed)
    measures.append(measure_ranking(ranking_method(SHUFFLED, control, observations), observations, bootstrap))
    return BackTest(
        recording=recording,
        population=population,
        observations=observations,
        activity=activity,
        runs=runs,
        measures=tuple(measures),
        notes=tuple(notes),
        half=plan.half,
    )


def _judged(recording: Recording, half: int | None) -> Indexes:
    wanted = [half is None or half_of(each.account_id) == half for each in recording.accounts]
    if not any(wanted):
        raise TooFewEvents(f"half {half} of the accounts is empty")
    return np.flatnonzero(wanted)


def _activity(recording: Recording, given: Sequence[str]) -> tuple[str, ...]:
    for name in given:
        if name not in recording.names:
            raise TooFewEvents(f"no event '{name}' was recorded, only {', '.join(sorted(recording.names))}")
    return tuple(given) or tuple(sorted(name for name in recording.names if is_activity(name)))


def _notes(population: Population, observations: Observations) -> Iterator[str]:
    needed = FIRST_DATE + SILENT_DAYS
    if not len(observations):
        yield (
            f"auc: nothing to observe. It needs accounts that are active for {FIRST_DATE} days after day 0 and "
            f"{needed} recorded days; here are {population.last_date}."
        )
    elif not observations.decided.any():
        yield "auc_outcome: nobody decided to leave within 28 days of an observation. --outcomes says who left."
    if not population.churned.any():
        yield (
            f"early_recall: no churn was confirmed after day {FIRST_DATE + EARLY}. It needs a silence of "
            f"{SILENT_DAYS} days or a decision, and {EARLY} days before it in which it can be alerted."
        )


def _card_method(run: CardRun, observations: Observations, recording: Recording) -> Method:
    raised = [(index, each) for index, trace in enumerate(run.traces) for each in trace.signals if each.is_alert]
    signals = [index for index, _ in raised], [each.at / DAY - recording.first_day for _, each in raised]
    return ranking_method(run.role, run.scores, observations, signals=signals)


def _baselines(
    recording: Recording,
    everybody: Population,
    judged: Indexes,
    *,
    plan: BackTestPlan,
    say: Say,
    notes: list[str],
) -> Iterator[Method]:
    """The simple ones, then the learned ones, which learn from everybody but are judged with the others."""
    population = everybody.of(judged)
    observations = observe(population)
    yield ranking_method("days since last event", simple.days_since_last_event(population), observations)
    yield ranking_method("rule score", simple.rule_score(population), observations)
    yield ranking_method("decayed counter, 14 days", simple.decayed_count(population), observations)
    yield ranking_method("chance", simple.chance(population, seed=plan.seed), observations)
    if not packages.is_installed("sklearn"):
        notes.append(str(MissingPackages("scikit-learn", packages.LEARNED)) + ". They are left out.")
        return
    tables: list[tuple[str, Callable[[Recording, Population], FeatureTable], Callable[[], Any]]] = [
        (LOGISTIC, Counts28, learned.logistic_regression),
        (BOOSTING, Features, learned.gradient_boosting),
    ]
    for name, table, make in tables:
        say(f"learning: {name}")
        yield _learned_method(name, make, table(recording, everybody), everybody, judged, plan)


def _learned_method(
    name: str, make: Callable[[], Any], table: FeatureTable, everybody: Population, judged: Indexes, plan: BackTestPlan
) -> Method:
    observations = observe(everybody)
    halves = (0, 1) if plan.half is None else (plan.half,)
    found = learn(make, table, everybody, observations, halves=halves)
    # Those of everybody are by date, then by account; so are those of the judged, which are in the same order.
    kept = np.isin(observations.account, judged)
    return Method(
        name,
        None if found.score is None else found.score[judged],
        None if found.silent is None else found.silent[kept],
        None if found.decided is None else found.decided[kept],
    )
