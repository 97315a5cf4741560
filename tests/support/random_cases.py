"""Random scorecards and random events for them, built to be nasty: second-long and month-long half-lives, late and
simultaneous events, huge numbers, flags, missing facts."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import Struct

from common.contracts.events import Event
from scoring.health.account import Account
from scoring.health.card import UNCAPPED, Bands, Card, Flag, Outcome, When, Where
from scoring.health.context import STAGES, Stage
from scoring.health.metrics.active_days.definition import ActiveDays
from scoring.health.metrics.definition import Dimension, Knots, MetricDefinition
from scoring.health.metrics.distinct.definition import Distinct
from scoring.health.metrics.gauge.definition import Gauge
from scoring.health.metrics.milestone.definition import Milestone, MilestoneStep
from scoring.health.metrics.rate.definition import Rate
from scoring.health.metrics.ratio.definition import Ratio
from scoring.health.metrics.silence.definition import Silence
from scoring.health.metrics.trend.definition import Trend
from scoring.health.scorer import Scorer
from scoring.health.view import Step

START = 1_700_000_000.0
SECOND = 1 / 86_400
DIMENSIONS: tuple[Dimension, ...] = ("deployment", "engagement", "adoption", "roi")
KINDS = ("rate", "active_days", "ratio", "distinct", "silence", "gauge", "milestone", "trend")
NAMES = ("a.done", "b.done", "c.done", "d.done")
RAISE, CLEAR, OUTCOME = "flag.raised", "flag.cleared", "goal.reached"


class Moment(Struct, frozen=True):
    """An event and the time of its record."""

    event: Event
    at: float


class RandomCase(Struct, frozen=True):
    card: Card
    moments: tuple[Moment, ...]
    unit: float


def event(
    event_name: str,
    moment: float,
    /,
    *,
    event_id: str = "e",
    history: bool = False,
    more: bool = False,
    **properties: Any,
) -> Event:
    """`user_id` among the properties becomes the event's own."""
    time = datetime.fromtimestamp(0, UTC) + timedelta(seconds=moment)
    user_id = properties.pop("user_id", None)
    return Event(
        event_id=event_id,
        account_id="acme",
        name=event_name,
        time=time,
        source="web",
        received_at=time,
        user_id=user_id,
        properties=properties,
        history=history,
        more=more,
    )


def played(scorer: Scorer, moments: Iterable[Moment]) -> tuple[Account, list[Step]]:
    account = scorer.create("acme")
    return account, [scorer.apply(account, moment.event, moment.at) for moment in moments]


def durations(unit: float, low: float = 1.0, high: float = 60.0) -> st.SearchStrategy[float]:
    """Days."""
    return st.floats(low, high, allow_nan=False).map(lambda length: length * unit)


def points() -> st.SearchStrategy[float]:
    return st.sampled_from([0.0, 25.0, 40.0, 55.0, 70.0, 100.0]) | st.floats(0, 100)


@st.composite
def curves(draw: st.DrawFn, values: tuple[float, ...]) -> dict[str, Knots]:
    xs = draw(st.lists(st.sampled_from(values), min_size=1, max_size=4, unique=True).map(sorted))
    by_stage = {"default": tuple((x, draw(points())) for x in xs)}
    if draw(st.integers(0, 4)) == 0:
        by_stage["renewal"] = tuple((x, draw(points())) for x in xs)
    return by_stage


_POSITIVE = (0.05, 0.2, 0.5, 1.0, 2.0, 3.5, 8.0, 20.0, 1e6)
_PHI = (0.1, 0.5, 1.0, 3.0, 6.0)
_ANSWERS = (-100.0, -50.0, 0.0, 3.0, 5.5, 7.0, 9.0, 30.0, 70.0)


@st.composite
def metrics(draw: st.DrawFn, unit: float, kinds: tuple[str, ...]) -> tuple[MetricDefinition, ...]:
    made: list[MetricDefinition] = []
    half_life = draw(durations(unit))
    for index in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(kinds))
        common: dict[str, Any] = {
            "name": f"m{index}",
            "dimension": draw(st.sampled_from(DIMENSIONS)),
            "share": draw(st.sampled_from([1.0, 1.0, 2.0, 0.3])),
            "stages": draw(st.sampled_from([(), (), (), ("onboarding",), ("adoption", "renewal")])),
            "optional": draw(st.sampled_from([msgspec.UNSET, msgspec.UNSET, True])),
        }
        made.append(draw(_metric(kind, common, made=tuple(made), unit=unit, half_life=half_life)))
    return tuple(made)


def _events() -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True).map(tuple)


@st.composite
def _metric(
    draw: st.DrawFn,
    kind: str,
    common: dict[str, Any],
    *,
    made: tuple[MetricDefinition, ...],
    unit: float,
    half_life: float,
) -> MetricDefinition:
    if kind == "rate":
        return Rate(
            **common,
            events=draw(_events()),
            half_life=half_life,
            weight=draw(st.sampled_from([None, "weight"])),
            per_week=draw(st.booleans()),
            prior_per_week=draw(st.sampled_from([0.0, 0.0, 5.0, 1e4])),
            curves=draw(curves(_POSITIVE)),
        )
    if kind == "active_days":
        return ActiveDays(
            **common,
            events=draw(_events()),
            half_life=draw(durations(1.0, 1.0, 30.0)),
            per_week=draw(st.booleans()),
            prior_per_week=draw(st.sampled_from([0.0, 0.0, 3.0, 7.0])),
            curves=draw(curves(_POSITIVE)),
        )
    if kind == "distinct":
        return Distinct(
            **common,
            events=draw(_events()),
            key=draw(st.sampled_from(["user_id", "feature"])),
            half_life=half_life,
            of=draw(st.sampled_from([None, 4.0, "seats"])),
            prior=draw(st.sampled_from([0.0, 0.0, 0.6, 7.0])),
            curves=draw(curves(_POSITIVE)),
        )
    if kind == "ratio":
        sums = [m.name for m in made if isinstance(m, Rate | Distinct)]
        denominator = draw(st.sampled_from([None, *sums]))
        return Ratio(
            **common,
            events=draw(_events()),
            half_life=half_life,
            weight=draw(st.sampled_from([None, "weight"])),
            denominator_events=() if denominator else draw(_events()),
            denominator_metric=denominator,
            min_denominator=draw(st.sampled_from([0.3, 1.0, 2.0])),
            min_events=draw(st.sampled_from([0.0, 0.0, 0.7, 1.5])),
            quiet_follows=draw(st.sampled_from([None, *(m.name for m in made)])),
            quiet_bonus=draw(st.sampled_from([20.0, 0.0, -30.0])),
            curves=draw(curves(_POSITIVE)),
        )
    if kind == "trend":
        done = draw(_events())
        others = tuple(name for name in NAMES if name not in done)
        return Trend(
            **common,
            events=done,
            per=draw(st.sampled_from([(), others[:1]])),
            key=draw(st.sampled_from(["user_id", "feature"])),
            fast=draw(st.sampled_from([0.5, 1.0])),
            slow=draw(st.sampled_from([1.5, 4.0])),
            absence=draw(st.sampled_from([1.0, 2.5, 14.0])),
            min_people=draw(st.sampled_from([1.0, 1.0, 2.0])),
            curves=draw(curves(_POSITIVE)),
        )
    if kind == "silence":
        return Silence(
            **common,
            events=draw(_events()),
            prior_gap=draw(durations(unit)),
            curves=draw(curves(_PHI)),
            who=draw(st.sampled_from([msgspec.UNSET, "champions"])),
        )
    if kind == "gauge":
        return Gauge(
            **common,
            events=draw(_events()),
            value=draw(st.sampled_from(["value", "value", "arr/arr_peak_12m"])),
            key=draw(st.sampled_from([None, "user_id"])),
            read=draw(st.sampled_from(["last", "mean", "net_promoter"])),
            hold=draw(st.sampled_from([0.0, 20.0])) * unit,
            ttl=draw(st.sampled_from([None, 30.0, 300.0]).map(lambda ttl: ttl and ttl * unit)),
            neutral=draw(points()),
            curves=draw(curves(_ANSWERS)),
        )
    steps = draw(st.lists(st.sampled_from(["kickoff", "live", "value"]), max_size=2, unique=True))
    if steps:
        # Steps of the card are due for everybody, so the card may not call them optional.
        common = {**common, "optional": msgspec.UNSET}
    return Milestone(
        **common,
        steps={step: draw(_steps(unit)) for step in steps},
        planned=draw(st.booleans()),
        grace=draw(st.sampled_from([0.0, 7.5, 30.0])) * unit,
        weight=draw(st.sampled_from([None, "weight"])),
        told=draw(st.booleans()),
    )


def _steps(unit: float) -> st.SearchStrategy[MilestoneStep]:
    weights = st.sampled_from([1.0, 1.0, 2.0, 0.3, 0.0])
    return st.builds(MilestoneStep, due=durations(unit, 0.0, 200.0), weight=weights, told=st.booleans())


@st.composite
def cards(draw: st.DrawFn, unit: float, kinds: tuple[str, ...] = KINDS) -> Card:
    made = draw(metrics(unit, kinds))
    return Card(
        version=1,
        metrics=made,
        weights={stage: draw(_weights()) for stage in STAGES},
        bands=draw(_bands(unit)),
        flags=draw(_flags(made, unit)),
        outcomes=(Outcome(name="goal", events=(OUTCOME,)),),
        default_stage=draw(st.sampled_from(STAGES)),
        reference=draw(st.sampled_from([100.0, 60.0])),
        min_coverage=draw(st.sampled_from([0.0, 0.5, 0.5, 0.9])),
        contraction=draw(st.sampled_from([0.2, 0.2, 0.0, 0.5])),
    )


@st.composite
def _weights(draw: st.DrawFn) -> dict[Dimension, float]:
    return {dimension: draw(st.sampled_from([0.0, 5.0, 20.0, 33.0, 50.0])) for dimension in DIMENSIONS}


@st.composite
def _bands(draw: st.DrawFn, unit: float) -> dict[str, Bands]:
    names = ["default", *draw(st.lists(st.sampled_from(STAGES), max_size=2, unique=True))]
    made = {}
    for name in names:
        red = draw(st.sampled_from([20.0, 40.0, 50.0]))
        made[name] = Bands(
            red=red,
            yellow=red + draw(st.sampled_from([5.0, 30.0])),
            hysteresis=draw(st.sampled_from([0.0, 8.0])),
            min_duration=draw(st.sampled_from([0.0, 2.0, 45.5])) * unit,
        )
    return made


@st.composite
def _flags(draw: st.DrawFn, made: tuple[MetricDefinition, ...], unit: float) -> tuple[Flag, ...]:
    flags = []
    heights = points() | st.just(UNCAPPED)
    if draw(st.booleans()):
        ttl = draw(st.sampled_from([None, 90.0]).map(lambda ttl: ttl and ttl * unit))
        key: str | msgspec.UnsetType = "feature" if draw(st.booleans()) else msgspec.UNSET
        raised_if: Where | msgspec.UnsetType = msgspec.UNSET
        if draw(st.booleans()):
            raised_if = Where("value", draw(_OPERATORS), draw(st.sampled_from([0.0, 6.0, 7.5])))
        flags.append(
            Flag(
                name="raised",
                cap=draw(heights),
                events=(RAISE,),
                clear_on=(CLEAR,),
                ttl=ttl,
                key=key,
                raised_if=raised_if,
                tell=draw(_TELL),
            )
        )
    watched = [metric.name for metric in made if not isinstance(metric, Milestone)]
    silences = [metric.name for metric in made if isinstance(metric, Silence)]
    # Two flags of silence may be of the champions and of everybody.
    for name in ("derived", "other") if len(silences) > 1 else ("derived",):
        names = silences if len(silences) > 1 else watched
        derived = draw(st.booleans())
        if names and derived:
            value = draw(st.sampled_from([0.0, 0.5, 1.0, 3.0, 20.0]))
            when = When(draw(st.sampled_from(names)), draw(_OPERATORS), value)
            ttl = draw(st.sampled_from([None, None, 50.0]).map(lambda ttl: ttl and ttl * unit))
            hold = 20.0 * unit if draw(st.integers(0, 2)) == 0 else msgspec.UNSET
            flags.append(Flag(name=name, cap=draw(heights), when=when, ttl=ttl, hold=hold, tell=draw(_TELL)))
    return tuple(flags)


_OPERATORS: st.SearchStrategy[Any] = st.sampled_from([">=", ">", "<=", "<"])
_TELL: st.SearchStrategy[Any] = st.sampled_from([msgspec.UNSET, msgspec.UNSET, False])


_NUMBERS: tuple[Any, ...] = (0, 1, 3, 6, 7.5, 9, 10, 1e15, -4.0, 1e-12, None, "x", True, 10**400)
_DATES: tuple[Any, ...] = ("2023-11-14", "2023-11-16T08:00:00Z", "2020-01-01", None, 7)
_ZONES = ("Pacific/Auckland", "America/Los_Angeles", "Asia/Tokyo", "Nowhere/At_All", None)
_STAGES: tuple[Stage | str | None, ...] = (*STAGES, None, "unheard of")


@st.composite
def moment_sequences(draw: st.DrawFn, unit: float, most: int = 12) -> tuple[Moment, ...]:
    at, moments = START + draw(st.sampled_from([0.0, 0.25])), []
    for index in range(draw(st.integers(1, most))):
        at += draw(st.sampled_from([0.0, 0.1, 1.0, 7.3, 40.0, 900.0])) * unit / SECOND
        late = draw(st.sampled_from([0.0, 0.0, 0.0, 0.4, 30.0, 20_000.0])) * unit / SECOND
        name, properties = draw(_deeds(at, unit))
        history = draw(st.integers(0, 5)) == 0
        event_id = f"e{index}"
        more = draw(st.integers(0, 3)) == 0
        happened = event(name, at - late, event_id=event_id, history=history, more=more, **properties)
        moments.append(Moment(happened, at))
    return tuple(moments)


_WRITERS = ("account.updated", "contract.changed", "contract.renewed", "account.updated")
_PLANS = ("milestone.planned", "milestone.reached")
_OVERRIDES = ("health.overridden", "health.overridden")
_OF_PEOPLE = ("user.updated", "user.updated", "champion.left")


@st.composite
def _deeds(draw: st.DrawFn, at: float, unit: float) -> tuple[str, dict[str, Any]]:
    name = draw(
        st.sampled_from(
            (
                *(NAMES * 3),
                RAISE,
                CLEAR,
                OUTCOME,
                *_WRITERS,
                "contract.ended",
                *_PLANS,
                *_OVERRIDES,
                *_OF_PEOPLE,
                "nobody.listens",
            )
        )
    )
    if name in _WRITERS:
        fields = {
            "seats": draw(st.sampled_from([4, 10, 0, None, "many"])),
            "stage": draw(st.sampled_from(_STAGES)),
            "contract_start": draw(st.sampled_from(_DATES)),
            "time_zone": draw(st.sampled_from(_ZONES)),
            "arr": draw(st.sampled_from([0, 100, 50.5, None])),
        }
        kept = draw(st.sets(st.sampled_from(sorted(fields)), min_size=1))
        return name, {field: value for field, value in fields.items() if field in kept}
    if name.startswith("milestone."):
        ahead = draw(st.sampled_from([-40.0, 0.0, 3.3, 60.0])) * unit / SECOND
        days = st.sampled_from(["2023-11-13", "2023-11-14", "2023-12-24"])
        due = draw(days) if draw(st.integers(0, 3)) == 0 else at + ahead
        step = draw(st.sampled_from(["kickoff", "live", "extra", 5]))
        return name, {"step": step, "due": due, "weight": draw(st.sampled_from(_NUMBERS))}
    if name in _OVERRIDES:
        ahead = draw(st.sampled_from([-40.0, 0.0, 3.3, 3.3, 60.0, 60.0, 4000.0])) * unit / SECOND
        moment = (datetime.fromtimestamp(0, UTC) + timedelta(seconds=at + ahead)).isoformat()
        return name, {
            "to": draw(st.sampled_from(["green", "yellow", "red", "green", "red", None, "blue"])),
            "until": draw(
                st.sampled_from([moment, moment, moment, "2023-11-14", "2023-11-15", "2023-12-24", "soon", 7])
            ),
            "reason": draw(st.sampled_from([None, "They said so."])),
            "by": draw(st.sampled_from([None, "csm@example.com"])),
            "user_id": draw(st.sampled_from([None, "dana"])),
        }
    return name, {
        "user_id": draw(st.sampled_from(["ann", "bob", "cem", None])),
        "feature": draw(st.sampled_from(["x", "y", 3, None, ["no"]])),
        "weight": draw(st.sampled_from(_NUMBERS)),
        "value": draw(st.sampled_from(_NUMBERS)),
        "arr": draw(st.sampled_from(_NUMBERS)),
        "champion": draw(st.sampled_from([True, True, False, None, "yes"])),
    }


@st.composite
def random_cases(draw: st.DrawFn, most: int = 12) -> RandomCase:
    """Half of them live by the second, half by the day, and some by the tenth of a second."""
    unit = draw(st.sampled_from([SECOND, SECOND, 1.0, 1.0, SECOND / 10]))
    return RandomCase(draw(cards(unit)), draw(moment_sequences(unit, most)), unit)
