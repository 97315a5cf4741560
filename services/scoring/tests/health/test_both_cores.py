"""The new core against the one that it replaces: random cards and stories, cut, reloaded, woken and looked at.

Signals with their ids, their order, due moments and days must be equal; scores and ledgers to 1e-9 where half-lives
are days. Where they are seconds, points move by tens a second, and a float of seconds since 1970 holds 2e-7 of one.
"""

import os
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.contracts.signals import Change, Level, Signal
from scoring.core.card import Card as FormerCard
from scoring.core.scorer import Scorer as FormerScorer
from scoring.core.view import Day, Step
from scoring.health.kinds import Milestone
from scoring.health.scorer import Scorer
from support.worlds import World, worlds


class Comparison:
    def __init__(self, tolerance: float) -> None:
        self._tolerance = tolerance

    def same(self, one: Any, other: Any, where: str) -> None:
        if isinstance(one, float) and not isinstance(other, bool):
            assert abs(one - other) <= 2 * self._tolerance, (where, one, other)
        elif isinstance(one, list | tuple):
            assert len(one) == len(other), (where, one, other)
            for index, (p, q) in enumerate(zip(one, other, strict=True)):
                self.same(p, q, f"{where}[{index}]")
        elif isinstance(one, dict):
            assert one.keys() == other.keys(), (where, one, other)
            for key in one:
                self.same(one[key], other[key], f"{where}.{key}")
        else:
            assert one == other, (where, one, other)

    def change(self, one: Change | Day, other: Change | Day) -> None:
        sums = [{(part.metric, part.driver): part.points for part in each.parts} for each in (one, other)]
        for key in sums[0].keys() | sums[1].keys():
            self.same(sums[0].get(key, 0.0), sums[1].get(key, 0.0), f"part {key}")
        # Of two events that moved alike rounding says which is the larger.
        moved = [sorted(abs(e.points) for e in each.events if abs(e.points) > 4e-9) for each in (one, other)]
        self.same(moved[0], moved[1], "events")
        self.same((one.before, one.after, one.since), (other.before, other.after, other.since), "change")

    def level(self, one: Level, other: Level) -> None:
        # Where a cap is the mean but for rounding, either may be the lower.
        said = [
            [c for c in each.contributions if c.dimension != "cap" or abs(c.contribution) > 1e-9]
            for each in (one, other)
        ]
        values = [[c.value for c in each] for each in said]
        for p, q in zip(values[0], values[1], strict=True):
            assert (p is None) == (q is None)
            assert p is None or q is None or p == pytest.approx(q, rel=max(1e-8, self._tolerance * 10))
        plain = [[msgspec.structs.replace(c, value=None) for c in each] for each in said]
        self.same(msgspec.to_builtins(plain[0]), msgspec.to_builtins(plain[1]), "level")
        self.same((one.score, one.reference), (other.score, other.reference), "level")

    def signal(self, one: Signal, other: Signal) -> None:
        self.change(one.receipt.change, other.receipt.change)
        self.level(one.receipt.level, other.receipt.level)
        said = [msgspec.to_builtins(each) for each in (one, other)]
        for each in said:
            del each["receipt"]
        self.same(said[0], said[1], "signal")

    def step(self, one: Any, other: Any) -> None:
        assert [s.signal_id for s in one.signals] == [s.signal_id for s in other.signals]
        for p, q in zip(one.signals, other.signals, strict=True):
            self.signal(p, q)
        assert [day.day for day in one.days] == [day.day for day in other.days]
        for day, its in zip(one.days, other.days, strict=True):
            self.change(day, its)

    def view(self, one: Any, other: Any) -> None:
        self.change(one.change, other.change)
        self.level(one.level, other.level)
        said = [msgspec.to_builtins(each) for each in (one, other)]
        for each in said:
            del each["change"], each["level"]
        self.same(said[0], said[1], "view")


def agree(world: World, seed: int) -> None:
    # A milestone without grace falls by a hundred points a second.
    steep = any(isinstance(metric, Milestone) and metric.grace == 0.0 for metric in world.card.metrics)
    tolerance = 1e-9 if world.unit == 1.0 and not steep else 5e-5 if world.unit > 1e-5 else 5e-4
    compare, draw = Comparison(tolerance), Random(seed)
    former = FormerScorer(msgspec.convert(msgspec.to_builtins(world.card), FormerCard), "card")
    scorer = Scorer(world.card, "card")
    one, other = former.create("acme"), scorer.create("acme")
    for moment in world.story:
        if draw.random() < 0.3:
            other = scorer.load("acme", scorer.dump(other))
        if draw.random() < 0.15:
            one = former.load("acme", one.encode(), former.alarm(one))
        if draw.random() < 0.3:
            at = min(one.clock + draw.choice([0.4, 3, 1e3, 1e5]), moment.at)
            compare.step(former.advance(one, at), scorer.advance(other, at))
        step: Step = former.apply(one, moment.event, moment.at)
        compare.step(step, scorer.apply(other, moment.event, moment.at))
        assert (one.clock, one.band, one.facts) == (other.clock, other.band, other.facts)
        if draw.random() < 0.5:
            assert one.due == scorer.find_due(other)
        if draw.random() < 0.3:
            at = one.clock + draw.choice([0, 0.3, 20, 86_400, 4e7])
            compare.view(former.look(one, at), scorer.look(other, at))
        if draw.random() < 0.3:
            timer, due = scorer.timer(other, None), scorer.find_due(other)
            assert due is None or (timer is not None and other.clock < timer <= due)
        today, its = former.today(one), scorer.today(other)
        assert today is not None and its is not None
        compare.change(today, its)
    for _ in range(3):
        due = scorer.find_due(other)
        assert one.due == due
        if due is None:
            break
        compare.step(former.advance(one, due), scorer.advance(other, due))
    end = one.clock + draw.choice([3.0, 1e4, 1e7])
    compare.step(former.advance(one, end), scorer.advance(other, end))
    body = scorer.dump(other)
    assert scorer.dump(scorer.load("acme", body)) == body


@pytest.mark.timeout(0)
def test_both_cores_say_the_same() -> None:
    examples = int(os.environ.get("N", "300"))
    relaxed = settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    relaxed(given(worlds(), st.integers(0, 1 << 30))(agree))()
