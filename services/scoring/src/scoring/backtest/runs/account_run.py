"""One account's events through the core, and what was seen at each midnight."""

from collections.abc import Iterable
from math import nan

import numpy as np

from common.contracts.events import Event
from common.contracts.signals import Kind, Level, Signal
from scoring.backtest.runs.trace import AccountTrace, RunPlan, Standing, TracedSignal
from scoring.cards.sentences import sentence, why_it_moved, why_it_stands
from scoring.health import Account, Scorer, Step, View
from scoring.health.moments import DAY


def run_account(scorer: Scorer, account_id: str, events: Iterable[tuple[float, Event]], plan: RunPlan) -> AccountTrace:
    """Everything that the running system would do for this account, and nothing that it would not.

    `events` come with the times (UTC) at which they are applied, in their order. There has to be one.
    """
    return _AccountRun(scorer, account_id, plan).play(events)


class _AccountRun:
    def __init__(self, scorer: Scorer, account_id: str, plan: RunPlan) -> None:
        self._scorer = scorer
        self._account: Account = scorer.create(account_id)
        self._plan = plan
        self._signals: list[TracedSignal] = []
        self._mismatches = 0
        names = [metric.name for metric in scorer.card.metrics]
        self._column = {name: index for index, name in enumerate(names)}
        days = plan.days if plan.scores else 0
        self._scores = np.full(days, nan, dtype=np.float32)
        self._parts = np.zeros((days if plan.parts else 0, len(names) + 1), dtype=np.float16)
        self._values = np.full((days if plan.values else 0, len(names)), nan, dtype=np.float32)
        self._looked = 0

    def play(self, events: Iterable[tuple[float, Event]]) -> AccountTrace:
        for at, event in events:
            self._look_until(at)
            self._take(self._scorer.apply(self._account, event, at))
        self._look_until(self._plan.end)
        self._take(self._scorer.advance(self._account, self._plan.end))
        return AccountTrace(
            account_id=self._account.account_id,
            signals=tuple(self._signals),
            standing=self._standing(),
            scores=self._scores,
            parts=self._parts,
            values=self._values,
            mismatches=self._mismatches,
        )

    def _look_until(self, at: float) -> None:
        """Looks at the account at every midnight that is not after `at`. An event of that moment comes later."""
        while self._looked < len(self._scores):
            midnight = (self._plan.first_day + self._looked) * DAY
            if midnight > at:
                return
            if self._account.has_records:
                # Timers fire at their own moments, so it makes no difference that somebody looks.
                self._take(self._scorer.advance(self._account, midnight))
                self._note(self._scorer.level(self._account, midnight))
            self._looked += 1

    def _note(self, level: Level) -> None:
        day = self._looked
        self._scores[day] = level.score
        for each in level.contributions:
            column = self._column.get(each.metric, -1)
            if self._plan.parts:
                self._parts[day, column] = each.contribution
            if self._plan.values and each.value is not None:
                self._values[day, column] = each.value

    def _take(self, step: Step) -> None:
        self._mismatches += step.mismatches
        for signal in step.signals:
            self._signals.append(_traced(signal, self._scorer))

    def _standing(self) -> Standing:
        view = self._scorer.view(self._account, self._plan.end)
        facts = self._account.facts
        return Standing(
            account_id=self._account.account_id,
            name=facts.name,
            owner=facts.owner,
            band=view.health.band,
            score=view.health.score,
            coverage=view.health.coverage,
            reason=_reason(view, self._scorer),
        )


def _traced(signal: Signal, scorer: Scorer) -> TracedSignal:
    change = signal.receipt.change
    return TracedSignal(
        account_id=signal.account_id,
        owner=signal.facts.owner,
        at=signal.at.timestamp(),
        since=signal.since.timestamp(),
        kind=signal.kind,
        to=signal.to,
        severity=signal.severity,
        before=None if signal.before is None else signal.before.score,
        after=signal.after.score,
        reason=sentence(change, why_it_moved(change, scorer.card)),
        band=signal.after.band if signal.kind is Kind.FIRST_LOOK else signal.told_band,
    )


def _reason(view: View, scorer: Scorer) -> str:
    missed = [each.step for each in view.missed]
    return ", ".join(map(str, why_it_stands(view.level, scorer.card, missed=missed)))
