"""A scorecard that is sound becomes exactly the card that the core reads."""

from importlib import metadata

from scoring.cards.identity import identify, versions
from scoring.cards.load import load
from scoring.health.calendar.definition import CalendarRules, Closure
from scoring.health.card import Bands, Flag, Outcome, When, Where
from scoring.health.decay import LN2
from scoring.health.metrics.active_days.definition import ActiveDays
from scoring.health.metrics.distinct.definition import Distinct
from scoring.health.metrics.gauge.definition import Gauge
from scoring.health.metrics.milestone.definition import Milestone, MilestoneStep
from scoring.health.metrics.rate.definition import Rate
from scoring.health.metrics.ratio.definition import Ratio
from scoring.health.metrics.silence.definition import Silence

CARD = """
version: 1
metrics:
  logins: {dimension: engagement, kind: rate, event: session.started, half_life: 2w,
           curve_per_week: [[0.5, 0], [10, 100]], prior_per_week: 5}
  clicks: {dimension: engagement, kind: rate, share: 0.5, stages: [adoption, renewal], weight: clicks,
           event: [page.viewed, report.opened], half_life: 12h, curve: [[1, 0], [100, 100]]}
  active_seats: {dimension: deployment, kind: distinct, event: session.started, key: user_id, of: seats,
                 half_life: 14d, curve: {onboarding: [[0.05, 0], [0.5, 100]], default: [[0.1, 0], [0.8, 100]]}}
  tickets: {dimension: engagement, kind: ratio, num: ticket.opened, weight: severity, den: active_seats,
            half_life: 14d, curve: [[0.05, 70], [0.2, 100], [3, 0]], quiet_follows: logins}
  failures: {dimension: adoption, kind: ratio, num: run.failed, den: [run.failed, run.done], half_life: 7d,
             curve: [[0.01, 100], [0.5, 0]], min_denominator: 5}
  silence: {dimension: engagement, kind: silence, event: session.started, prior_gap: 1.5d,
            curve: [[0.5, 100], [3, 0]]}
  nps: {dimension: roi, kind: gauge, event: nps.answered, value: score, key: user_id, read: net_promoter,
        curve: [[-100, 0], [70, 100]], hold: 60d, ttl: 240d, neutral: 50}
  arr_ratio: {dimension: roi, kind: gauge, event: contract.changed, value: arr/arr_peak_12m, ttl: never,
              curve: [[0.5, 0], [1.0, 85]]}
  onboarding: {dimension: deployment, kind: milestone, stages: [onboarding], steps: {kickoff: 7d, sso_live: 3w},
               planned: true, grace: 10d}
  deadlines: {dimension: roi, kind: milestone, planned: true, weight: size, told: false,
              steps: {draft: 7d, essay: {due: 2w, weight: 3, told: true}, exam: {due: 30d}}}
  days: {dimension: engagement, kind: active_days, event: [session.started, report.created], half_life: 4w,
         curve_per_week: {default: [[0.2, 0], [5, 100]]}, prior_per_week: 2}
flags:
  payment_failed: {event: invoice.payment_failed, cap: 45, ttl: 30d, clear_on: invoice.paid}
  on_hold: {event: account.held, cap: 60, ttl: never, clear_on: [account.released, account.left]}
  gone_quiet: {when: "silence >= 3", cap: 45}
  detractor: {event: nps.answered, key: user_id, where: "score <= 6", ttl: 60d, tell: false}
  shelfware: {when: "active_seats < 0.5", for: 60d}
outcomes:
  churned: {event: [contract.ended, contract.cancelled]}
weights:
  onboarding: {deployment: 50, engagement: 25, adoption: 20, roi: 5}
  default: {deployment: 20, engagement: 40, roi: 40}
bands:
  default: {red: 40, yellow: 70, hysteresis: 8, min_duration: 12h}
  renewal: {red: 50, yellow: 75}
default_stage: renewal
min_coverage: 0.4
"""


def test_every_kind_is_read_with_its_units_and_defaults() -> None:
    metrics = {metric.name: metric for metric in load(CARD, "card.yml").metrics}

    assert metrics["logins"] == Rate(
        name="logins",
        dimension="engagement",
        events=("session.started",),
        half_life=14.0,
        per_week=True,
        prior_per_week=5.0,
        curves={"default": ((0.5, 0.0), (10.0, 100.0))},
    )
    assert metrics["clicks"] == Rate(
        name="clicks",
        dimension="engagement",
        share=0.5,
        stages=("adoption", "renewal"),
        events=("page.viewed", "report.opened"),
        half_life=0.5,
        weight="clicks",
        # A card that gives new accounts nothing gives them what earns the most: 100, as a weekly rate.
        prior_per_week=100.0 * LN2 / 0.5 * 7.0,
        curves={"default": ((1.0, 0.0), (100.0, 100.0))},
    )
    assert metrics["active_seats"] == Distinct(
        name="active_seats",
        dimension="deployment",
        events=("session.started",),
        key="user_id",
        of="seats",
        half_life=14.0,
        prior=0.5,
        curves={"onboarding": ((0.05, 0.0), (0.5, 100.0)), "default": ((0.1, 0.0), (0.8, 100.0))},
    )
    assert metrics["silence"] == Silence(
        name="silence",
        dimension="engagement",
        events=("session.started",),
        prior_gap=1.5,
        curves={"default": ((0.5, 100.0), (3.0, 0.0))},
    )
    assert metrics["nps"] == Gauge(
        name="nps",
        dimension="roi",
        events=("nps.answered",),
        value="score",
        key="user_id",
        read="net_promoter",
        hold=60.0,
        ttl=240.0,
        neutral=50.0,
        curves={"default": ((-100.0, 0.0), (70.0, 100.0))},
    )
    assert metrics["arr_ratio"] == Gauge(
        name="arr_ratio",
        dimension="roi",
        events=("contract.changed",),
        value="arr/arr_peak_12m",
        ttl=None,
        curves={"default": ((0.5, 0.0), (1.0, 85.0))},
    )
    assert metrics["onboarding"] == Milestone(
        name="onboarding",
        dimension="deployment",
        stages=("onboarding",),
        steps={"kickoff": MilestoneStep(7.0), "sso_live": MilestoneStep(21.0)},
        planned=True,
        grace=10.0,
    )
    assert metrics["deadlines"] == Milestone(
        name="deadlines",
        dimension="roi",
        steps={
            "draft": MilestoneStep(7.0, told=False),
            "essay": MilestoneStep(14.0, weight=3.0),
            "exam": MilestoneStep(30.0, told=False),
        },
        planned=True,
        weight="size",
        told=False,
    )
    assert metrics["days"] == ActiveDays(
        name="days",
        dimension="engagement",
        events=("session.started", "report.created"),
        half_life=28.0,
        per_week=True,
        prior_per_week=2.0,
        curves={"default": ((0.2, 0.0), (5.0, 100.0))},
    )


def test_a_denominator_is_a_metric_by_name_or_a_list_of_events() -> None:
    metrics = {metric.name: metric for metric in load(CARD, "card.yml").metrics}

    assert metrics["tickets"] == Ratio(
        name="tickets",
        dimension="engagement",
        events=("ticket.opened",),
        weight="severity",
        denominator_metric="active_seats",
        half_life=14.0,
        min_events=1.5,
        quiet_follows="logins",
        curves={"default": ((0.05, 70.0), (0.2, 100.0), (3.0, 0.0))},
    )
    assert metrics["failures"] == Ratio(
        name="failures",
        dimension="adoption",
        events=("run.failed",),
        denominator_events=("run.failed", "run.done"),
        min_denominator=5.0,
        min_events=1.5,
        half_life=7.0,
        curves={"default": ((0.01, 100.0), (0.5, 0.0))},
    )


def test_flags_rise_by_events_or_by_a_metric() -> None:
    card = load(CARD, "card.yml")

    assert card.flags == (
        Flag(
            name="payment_failed",
            events=("invoice.payment_failed",),
            cap=45.0,
            ttl=30.0,
            clear_on=("invoice.paid",),
        ),
        Flag(
            name="on_hold",
            events=("account.held",),
            cap=60.0,
            ttl=None,
            clear_on=("account.released", "account.left"),
        ),
        Flag(name="gone_quiet", when=When("silence", ">=", 3.0), cap=45.0),
        Flag(
            name="detractor",
            events=("nps.answered",),
            key="user_id",
            raised_if=Where("score", "<=", 6.0),
            ttl=60.0,
            tell=False,
        ),
        Flag(name="shelfware", when=When("active_seats", "<", 0.5), hold=60.0),
    )
    assert card.outcomes == (Outcome(name="churned", events=("contract.ended", "contract.cancelled")),)


def test_gaps_of_a_stage_are_filled_from_default() -> None:
    card = load(CARD, "card.yml")

    assert card.bands == {
        "default": Bands(red=40.0, yellow=70.0, hysteresis=8.0, min_duration=0.5),
        "renewal": Bands(red=50.0, yellow=75.0, hysteresis=8.0, min_duration=0.5),
    }
    others = {"deployment": 20.0, "engagement": 40.0, "adoption": 0.0, "roi": 40.0}
    assert card.weights == {
        "onboarding": {"deployment": 50.0, "engagement": 25.0, "adoption": 20.0, "roi": 5.0},
        "adoption": others,
        "renewal": others,
        "expansion": others,
    }
    assert (card.default_stage, card.min_coverage, card.reference) == ("renewal", 0.4, 100.0)


def test_seconds_and_minutes_are_durations_too() -> None:
    text = CARD.replace("half_life: 12h", "half_life: 90m").replace("min_duration: 12h", "min_duration: 2s")
    card = load(text, "card.yml")

    assert [metric.half_life for metric in card.metrics if isinstance(metric, Rate)] == [14.0, 90 / 1440]
    assert card.bands["default"].min_duration == 2 / 86_400


def test_comments_and_layout_do_not_change_the_id_of_a_card_but_a_value_does() -> None:
    card = load(CARD, "card.yml")

    assert identify(load("# ours\n" + CARD.replace("  ", "    "), "other.yml")) == identify(card)
    assert identify(load(CARD.replace("red: 50", "red: 51"), "card.yml")) != identify(card)
    assert versions(card).keys() == {"tzdata"}


def test_public_holidays_are_part_of_the_id_of_a_card_that_counts_them() -> None:
    card = load(CARD + "clock: {profile: business}\n", "card.yml")

    assert versions(card) == {"tzdata": metadata.version("tzdata"), "holidays": metadata.version("holidays")}
    assert versions(load(CARD + "clock: {profile: business, holidays: none}\n", "card.yml")).keys() == {"tzdata"}
    assert identify(card) != identify(load(CARD, "card.yml"))


def test_the_clock_of_a_card_is_read_with_its_closures() -> None:
    closures = "{christmas: {from: 12-24, until: 01-01}, obon: {from: 2026-08-10, until: 2026-08-14, country: JP}}"
    card = load(CARD + f"clock: {{profile: daily, floor: 0.05, closures: {closures}}}\n", "card.yml")

    assert card.clock == CalendarRules(
        profile="daily",
        floor=0.05,
        closures=(
            Closure(first=(0, 12, 24), until=(0, 1, 1)),
            Closure(first=(2026, 8, 10), until=(2026, 8, 14), country="JP"),
        ),
    )
