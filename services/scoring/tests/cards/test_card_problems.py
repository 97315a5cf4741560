"""Whatever is wrong with a card is said at its line, with what to write instead where that can be guessed."""

# ruff: noqa: E501 (a row of the table is a line)

from dataclasses import dataclass

import pytest

from scoring.cards.errors import InvalidCard
from scoring.cards.load import examine, load

CARD = """\
version: 1
metrics:
  logins:
    dimension: engagement
    kind: rate
    event: session.started
    half_life: 14d
    curve_per_week: [[0.5, 0], [10, 100]]
  active_seats: {dimension: deployment, kind: distinct, event: session.started, key: user_id, half_life: 14d, curve: [[1, 0], [9, 100]]}
  tickets: {dimension: engagement, kind: ratio, num: ticket.opened, den: active_seats, half_life: 14d, curve: [[0.1, 100], [3, 0]], quiet_follows: logins}
  quiet: {dimension: engagement, kind: silence, event: session.started, prior_gap: 2d, curve: [[0.5, 100], [3, 0]]}
  nps: {dimension: roi, kind: gauge, event: nps.answered, key: user_id, read: mean, hold: 60d, ttl: 240d, curve: [[0, 0], [10, 100]]}
  steps: {dimension: adoption, kind: milestone, steps: {kickoff: 7d}}
flags:
  unpaid: {event: invoice.payment_failed, cap: 60, ttl: 30d, clear_on: invoice.paid}
  gone_quiet: {when: "quiet >= 3", cap: 60}
outcomes:
  churned: {event: contract.ended}
weights:
  default: {deployment: 25, engagement: 25, adoption: 25, roi: 25}
bands:
  default: {red: 40, yellow: 70}
  renewal: {red: 50}
"""


@dataclass(frozen=True)
class Slip:
    """`wrong` written instead of `right`; what has to be said of it, and where."""

    right: str
    wrong: str
    said: str


SLIPS = (
    # tiers by ARR
    Slip("version: 1\n", "version: 1\ntiers: {high: 50000, tech: 0}\n", "2:22: tiers.tech: 'tech' is the tier of every ARR below the other amounts: leave it out"),
    Slip("version: 1\n", "version: 1\ntiers: {high: 5000, low: 5000}\n", "tiers.low: begins at 5000 as 'high' does: one of them is never used"),
    Slip("version: 1\n", "version: 1\ntiers: {high: -1}\n", "tiers.high: must be from 0 to 1e+12, not -1"),
    Slip("version: 1\n", "version: 1\ntiers: {High: 5}\n", "tiers.High: 'High' must be a word in small letters, such as high or low"),
    Slip("version: 1\n", "version: 1\ntiers: {}\n", "tiers"),
    # words that are not known
    Slip("half_life: 14d\n", "halflife: 14d\n", "7:5: metrics.logins.halflife: unknown key 'halflife', did you mean 'half_life'?"),
    Slip("    half_life: 14d\n", "", "3:3: metrics.logins: 'half_life' is missing"),
    Slip("kind: rate", "kind: rat", "5:5: metrics.logins.kind: unknown kind 'rat', did you mean 'rate'?"),
    Slip("kind: rate\n    event: session.started\n    half_life: 14d\n    curve_per_week", "kind: trend\n    event: session.started\n    key: user_id\n    fast: 60d\n    slow: 4d\n    curve", "9:5: metrics.logins.slow: must be longer than fast (60d)"),
    Slip("kind: rate\n    event: session.started\n    half_life: 14d\n    curve_per_week", "kind: trend\n    event: session.started\n    per: [page.viewed, session.started]\n    key: user_id\n    fast: 4d\n    slow: 60d\n    curve", "7:5: metrics.logins.per: 'session.started' is in 'event' as well"),
    Slip("kind: rate\n    event: session.started\n    half_life: 14d", "kind: trend\n    event: session.started\n    fast: 4d\n    slow: 60d", "3:3: metrics.logins: 'key' is missing"),
    Slip("    kind: rate\n", "", "3:3: metrics.logins: 'kind' is missing: one of rate, active_days, ratio"),
    Slip("version: 1\n", "version: 1\nclock: {floor: 0.03}\n", "2:1: clock: 'profile' is missing"),
    # the clock
    Slip("version: 1\n", "version: 1\nclock: {profile: weekly}\n", "clock.profile: must be one of business, daily, not 'weekly'"),
    Slip("version: 1\n", "version: 1\nclock: {profile: daily, floor: 0}\n", "clock.floor: must be from 0.01 to 1, not 0"),
    Slip("version: 1\n", "version: 1\nclock: {profile: daily, holidays: Germany}\n", "clock.holidays: must be account, none or a country such as DE, not 'Germany'"),
    Slip("version: 1\n", "version: 1\nclock: {profile: daily, timezone: Mars}\n", "clock.timezone: must be account, or a time zone such as Europe/Berlin, not 'Mars'"),
    Slip("version: 1\n", "version: 1\nclock: {profile: daily, closures: {may: {from: 02-30, until: 03-01}}}\n", "clock.closures.may.from: must be a day such as 2026-08-24, or 12-24 for every year, not '02-30'"),
    Slip("version: 1\n", "version: 1\nclock: {profile: daily, closures: {may: {from: 2026-05-02, until: 05-08}}}\n", "clock.closures.may: 'from' and 'until' both have a year, or neither has"),
    Slip("version: 1\n", "version: 1\nclock: {profile: daily, closures: {may: {from: 2026-05-02, until: 2026-05-01}}}\n", "clock.closures.may.until: is before 'from'"),
    Slip("version: 1\n", "", "1:1: 'version' is missing"),
    Slip("version: 1\n", "version: 2\n", "1:1: version: must be one of 1, not 2"),
    Slip("dimension: engagement\n", "dimension: engagment\n", "metrics.logins.dimension: must be one of deployment, engagement, adoption, roi, not 'engagment', did you mean 'engagement'?"),
    Slip("  renewal: {red: 50}", "  renewl: {red: 50}", "23:3: bands.renewl: unknown name 'renewl', did you mean 'renewal'?"),
    Slip("  logins:\n", "  Logins:\n", "3:3: metrics.Logins: 'Logins' must be a name of a-z, 0-9 and _"),
    Slip("{kickoff: 7d}", "{Kick-off: 7d}", "metrics.steps.steps.Kick-off: 'Kick-off' must be a name"),
    Slip("  default: {deployment: 25,", "  default: {depolyment: 25,", "20:13: weights.default.depolyment: unknown name 'depolyment', did you mean 'deployment'?"),
    # references
    Slip("den: active_seats", "den: active_seat", "10:69: metrics.tickets.den: unknown metric 'active_seat', did you mean 'active_seats'?"),
    Slip("den: active_seats", "den: orders", "metrics.tickets.den: unknown metric 'orders'; if it is an event, write [orders]"),
    Slip("den: active_seats", "den: quiet", "metrics.tickets.den: 'quiet' is a silence: only a rate or a distinct can be below the line"),
    Slip("half_life: 14d, curve: [[1, 0]", "half_life: 7d, curve: [[1, 0]", "metrics.tickets.den: 'active_seats' has a half_life of 7d, this one 14d: they must be the same"),
    Slip("quiet_follows: logins", "quiet_follows: login", "metrics.tickets.quiet_follows: unknown metric 'login', did you mean 'logins'?"),
    Slip("quiet_follows: logins", "quiet_follows: tickets", "metrics.tickets.quiet_follows: follows in a circle"),
    Slip("quiet_follows: logins", "quiet_bonus: 5", "metrics.tickets.quiet_bonus: 'quiet_bonus' needs 'quiet_follows' beside it"),
    Slip('when: "quiet >= 3"', 'when: "quite >= 3"', "16:16: flags.gone_quiet.when: unknown metric 'quite', did you mean 'quiet'?"),
    Slip('when: "quiet >= 3"', 'when: "steps < 3"', "flags.gone_quiet.when: 'steps' is a milestone: it has no value to compare"),
    Slip('when: "quiet >= 3"', 'when: "quiet = 3"', "flags.gone_quiet.when: must be like \"silence >= 3\", not 'quiet = 3'"),
    Slip('when: "quiet >= 3", cap: 60', 'when: "quiet >= 3", cap: 60, for: 14d', "flags.gone_quiet.for: a flag with a cap has no 'for': the cap would hold before the time is over"),
    Slip("ttl: 30d, ", "ttl: 30d, where: amount < many, ", "flags.unpaid.where: must be like \"score <= 6\", not 'amount < many'"),
    Slip("ttl: 30d, ", "ttl: 30d, for: 3d, ", "15:62: flags.unpaid.for: 'for' needs 'when' beside it"),
    Slip("prior_gap: 2d", "prior_gap: 2d, who: champion", "metrics.quiet.who: must be one of champions, not 'champion', did you mean 'champions'?"),
    Slip("  gone_quiet:", "  quiet:", "flags.quiet: 'quiet' is already a metric"),
    # the journey
    Slip("flags:\n", "journey: {expansion: {when: ['quite >= 3']}}\nflags:\n", "journey.expansion.when: unknown metric 'quite', did you mean 'quiet'?"),
    Slip("flags:\n", "journey: {expansion: {when: ['steps >= 3']}}\nflags:\n", "journey.expansion.when: 'steps' is a milestone: it has no value to compare"),
    Slip("flags:\n", "journey: {expansion: {when: []}}\nflags:\n", "journey.expansion.when: must be a list of 1 to 64 entries"),
    Slip("flags:\n", "journey: {value: kick_off}\nflags:\n", "journey.value: no metric takes the milestone step 'kick_off', did you mean 'kickoff'?"),
    Slip("flags:\n", "journey: {renewal_window: 3 months}\nflags:\n", "journey.renewal_window: must be a duration above zero"),
    # curves
    Slip("[[0.5, 0], [10, 100]]", "[[10, 0], [5, 100]]", "8:31: metrics.logins.curve_per_week[1]: points must ascend in value: 5 comes after 10"),
    Slip("[[0.5, 0], [10, 100]]", "[[1e6, 0], [1000000.0000000001, 100]]", "8:32: metrics.logins.curve_per_week[1]: 1000000.0000000001 is too close to 1000000.0 to tell them apart"),
    Slip("[[0.5, 0], [10, 100]]", "[[0.5, 0], [10, 120]]", "8:37: metrics.logins.curve_per_week[1][1]: must be from 0 to 100, not 120"),
    Slip("[[0.5, 0], [10, 100]]", "[[0, 0], [10, 100]]", "8:23: metrics.logins.curve_per_week[0][0]: must be more than 0, not 0"),
    Slip("[[0.5, 0], [10, 100]]", "[['0.5', 0], [10, true]]", "8:23: metrics.logins.curve_per_week[0][0]: must be a number, not '0.5'"),
    Slip("[[0.5, 0], [10, 100]]", "[['0.5', 0], [10, true]]", "8:39: metrics.logins.curve_per_week[1][1]: must be a number, not true"),
    Slip("[[0.5, 0], [10, 100]]", "[[0.5, 0]]", "metrics.logins.curve_per_week: must be 2 to 32 [value, points], not a list of 1 entry"),
    Slip("[[0.5, 0], [10, 100]]", "[[0.5, 0, 1], [10, 100]]", "metrics.logins.curve_per_week[0]: must be [value, points]"),
    Slip("[[0.5, 0], [10, 100]]", "{renewal: [[0.5, 0], [10, 100]]}", "metrics.logins.curve_per_week: 'default' is missing"),
    Slip("[[0.5, 0], [10, 100]]", "{default: [[1, 0], [2, 1]], renwal: [[1, 0], [2, 1]]}", "unknown stage 'renwal', did you mean 'renewal'?"),
    Slip("curve_per_week:", "curve: [[1, 0], [2, 100]]\n    curve_per_week:", "3:3: metrics.logins: one of 'curve' or 'curve_per_week' is needed, and only one"),
    Slip("curve: [[0.5, 100], [3, 0]]}", "curve: [[-1, 100], [3, 0]]}", "metrics.quiet.curve[0][0]: must be from 0 to"),
    # durations and numbers
    Slip("half_life: 14d\n", "half_life: 0d\n", "7:5: metrics.logins.half_life: must be a duration above zero such as 20s, 90m, 12h, 14d, 2w, not '0d'"),
    Slip("half_life: 14d\n", "half_life: 14\n", "metrics.logins.half_life: must be a duration above zero such as 20s, 90m, 12h, 14d, 2w, not 14"),
    Slip("half_life: 14d\n", "half_life: 0.1s\n", "metrics.logins.half_life: must be from one second to a hundred years, not 0.1s"),
    Slip("half_life: 14d\n", "half_life: never\n", "metrics.logins.half_life: must be a duration"),
    Slip("ttl: 30d", "ttl: -1d", "flags.unpaid.ttl: must be a duration above zero such as 20s, 90m, 12h, 14d, 2w or never, not '-1d'"),
    Slip("cap: 60, ttl", "cap: 100, ttl", "15:43: flags.unpaid.cap: must be from 0 to 99.99, not 100"),
    Slip("cap: 60, ttl", "cap: .inf, ttl", "flags.unpaid.cap: must be a number, not '.inf'"),
    Slip("cap: 60, ttl", "cap: 0x20, ttl", "flags.unpaid.cap: must be a number, not '0x20'"),
    Slip("cap: 60, ttl", "cap: yes, ttl", "flags.unpaid.cap: must be a number, not 'yes'"),
    Slip("cap: 60, ttl", "cap: true, ttl", "flags.unpaid.cap: must be a number, not true"),
    Slip("cap: 60, ttl", "cap: , ttl", "flags.unpaid.cap: must be a number, not nothing"),
    Slip("event: session.started\n", "event: [session.started, session.started]\n", "6:30: metrics.logins.event[1]: 'session.started' is in the list twice"),
    Slip("event: session.started\n", "event: []\n", "metrics.logins.event: must be a list of 1 to 64 entries"),
    Slip("event: session.started\n", "event: account.updated\n", "metrics.logins.event: 'account.updated' is no activity"),
    Slip("num: ticket.opened", "num: milestone.planned", "metrics.tickets.num: 'milestone.planned' is no activity"),
    # what each kind asks for
    Slip("hold: 60d, ttl: 240d", "hold: 60d, ttl: 60d", "metrics.nps.hold: must be shorter than ttl (60d)"),
    Slip(", ttl: 240d", "", "metrics.nps: 'ttl' is missing"),
    Slip("read: mean", "read: last", "metrics.nps.read: with a 'key' must be mean or net_promoter"),
    Slip("read: mean, ", "", "metrics.nps.key: 'key' needs 'read' beside it"),
    Slip("key: user_id, read: mean", "read: mean", "metrics.nps.read: 'mean' needs a 'key'"),
    Slip("read: mean", "read: mean, value: arr/arr_peak_12m", "metrics.nps.key: 'arr/arr_peak_12m' is of the account"),
    Slip("read: mean", "read: mean, value: arr/seats", "metrics.nps.value: must be a property or arr/arr_peak_12m"),
    Slip("key: user_id, half_life", "key: user_id, of: seat, half_life", "metrics.active_seats.of: must be a number or seats, not 'seat'"),
    Slip("key: user_id, half_life", "key: user_id, of: true, half_life", "metrics.active_seats.of: must be a number, not true"),
    Slip(", steps: {kickoff: 7d}}", "}", "metrics.steps: needs 'steps', or 'planned: true'"),
    Slip(", steps: {kickoff: 7d}}", ", planned: yes}", "metrics.steps.planned: must be true or false, not 'yes'"),
    Slip("{kickoff: 7d}", "{kickoff: 7}", "13:57: metrics.steps.steps.kickoff: must be a duration above zero such as 20s, 90m, 12h, 14d, 2w, not 7"),
    Slip("{kickoff: 7d}", "{kickoff: {due: 7}}", "metrics.steps.steps.kickoff.due: must be a duration above zero"),
    Slip("{kickoff: 7d}", "{kickoff: {weight: 2}}", "13:57: metrics.steps.steps.kickoff: 'due' is missing"),
    Slip("{kickoff: 7d}", "{kickoff: {due: 7d, tols: false}}", "13:76: metrics.steps.steps.kickoff.tols: unknown key 'tols', did you mean 'told'?"),
    Slip("{kickoff: 7d}", "{kickoff: {due: 7d, told: no}}", "metrics.steps.steps.kickoff.told: must be true or false, not 'no'"),
    Slip("{kickoff: 7d}", "{kickoff: {due: 7d, weight: -1}}", "metrics.steps.steps.kickoff.weight: must be from 0 to"),
    Slip("{kickoff: 7d}}", "{kickoff: 7d}, told: 0}", "metrics.steps.told: must be true or false, not 0"),
    Slip("kind: rate", "kind: rate\n    optional: yes", "6:5: metrics.logins.optional: must be true or false, not 'yes'"),
    Slip("{kickoff: 7d}}", "{kickoff: 7d}, optional: true}", "metrics.steps.optional: has 'steps' that are due for everybody: only planned steps can be optional"),
    # names that ingest takes from nobody
    Slip("    event: session.started\n", "    event: Session Started\n", "6:5: metrics.logins.event: must be the name of an event: object.verbed in a-z, 0-9 and _, such as report.created, not 'Session Started'"),
    Slip("    event: session.started\n", "    event: login\n", "6:5: metrics.logins.event: must be the name of an event"),
    Slip("    event: session.started\n", "    event: [session.started, Session.Ended]\n", "metrics.logins.event[1]: must be the name of an event"),
    Slip("    event: session.started\n", f"    event: a.{'b' * 99}\n", "metrics.logins.event: must be the name of an event"),
    Slip("den: active_seats", "den: Seat Added", "metrics.tickets.den: must be a metric, or the name of an event such as report.created, not 'Seat Added'"),
    Slip("event: invoice.payment_failed", "event: payment-failed", "flags.unpaid.event: must be the name of an event"),
    Slip("event: contract.ended", "event: churned", "outcomes.churned.event: must be the name of an event"),
    Slip("kind: rate", "kind: active_day", "5:5: metrics.logins.kind: unknown kind 'active_day', did you mean 'active_days'?"),
    Slip("kind: rate\n    event: session.started\n    half_life: 14d", "kind: active_days\n    event: session.started\n    half_life: 12h", "7:5: metrics.logins.half_life: must be at least 1d: whole days are counted"),
    Slip("kind: rate", "kind: active_days\n    prior_per_week: 8", "6:5: metrics.logins.prior_per_week: must be from 0 to 7, not 8"),
    Slip("kind: rate", "kind: active_days\n    weight: clicks", "6:5: metrics.logins.weight: unknown key 'weight'"),
    Slip("kind: rate\n    event: session.started", "kind: active_days\n    event: milestone.planned", "6:5: metrics.logins.event: 'milestone.planned' is no activity"),
    Slip("cap: 60, ttl: 30d, clear_on: invoice.paid", "cap: 60", "flags.unpaid.event: 'event' needs 'ttl' beside it"),
    Slip('when: "quiet >= 3", ', 'when: "quiet >= 3", ttl: 3d, ', "flags.gone_quiet.ttl: 'ttl' needs 'event' beside it"),
    Slip('when: "quiet >= 3", ', "", "16:3: flags.gone_quiet: one of 'event' or 'when' is needed, and only one"),
    Slip("clear_on: invoice.paid", "clear_on: invoice.payment_failed", "flags.unpaid.clear_on: 'invoice.payment_failed' both raises and clears the flag"),
    # weights and bands
    Slip("  default: {deployment: 25", "  adoption: {deployment: 25", "19:1: weights: stage 'onboarding' has no weights, and there is no 'default'"),
    Slip("{deployment: 25, engagement: 25, adoption: 25, roi: 25}", "{deployment: 0, roi: 0}", "20:3: weights.default: all weights of stage 'adoption' are zero"),
    Slip("adoption: 25, roi: 25}", "adoption: -1, roi: 25}", "weights.default.adoption: must be from 0 to"),
    Slip("red: 40, yellow: 70", "red: 70, yellow: 70", "22:13: bands.default.red: must be below yellow (70 is not below 70)"),
    Slip("red: 40, yellow: 70", "red: 40, yellow: 95", "bands.default.yellow: green would need 103 points"),
    Slip("red: 40, yellow: 70", "red: 40, yellow: 70, hysteresis: -1", "bands.default.hysteresis: must be from 0 to 100, not -1"),
    Slip("red: 40, yellow: 70", "red: 40", "22:3: bands.default: 'yellow' is missing"),
    Slip("  renewal: {red: 50}", "  renewal: {red: 75}", "23:13: bands.renewal.red: must be below yellow (75 is not below 70)"),
    Slip("  default: {red: 40, yellow: 70}\n", "", "bands: 'default' is missing"),
    # YAML
    Slip("flags:\n", "metrics: {}\nflags:\n", "14:1: metrics: 'metrics' is already set on line 2"),
    Slip("    kind: rate\n", "    kind: rate\n    kind: ratio\n", "6:5: metrics.logins.kind: 'kind' is already set on line 5"),
    Slip("    kind: rate\n", "   kind: rate\n", "not YAML"),
    Slip("  logins:\n", "  logins: [\n", "not YAML"),
    Slip("version: 1", "version: &one 1", "1:10: anchors and aliases (& and *) are not part of a scorecard"),
    Slip("version: 1", "version: !!python/object/apply:os.getcwd []", "1:10: tags such as tag:yaml.org,2002:python/object/apply:os.getcwd"),
    Slip("version: 1", "%YAML 1.1\n---\nversion: 1", "directives (%) are not part of a scorecard"),
    Slip("version: 1", "version: 1\n---\nversion: 1", "not YAML"),
    Slip("version: 1", "[1, 2]: 3\nversion: 1", "1:1: a key must be a word"),
    Slip("metrics:\n", "metrics: 3\nmore:\n", "2:1: metrics: must be a mapping (name: value), not 3"),
)  # fmt: skip


def test_the_card_that_the_slips_are_made_in_is_sound() -> None:
    reading = examine(CARD)

    assert reading.problems == ()
    assert reading.warnings == ()


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.wrong[:40])
def test_a_slip_is_told_at_its_line(slip: Slip) -> None:
    assert slip.right in CARD

    reading = examine(CARD.replace(slip.right, slip.wrong, 1))

    assert reading.content is None
    assert any(slip.said in str(problem) for problem in reading.problems), [*map(str, reading.problems)]


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    text = CARD.replace("kind: rate", "kind: rat").replace("quiet >= 3", "quite >= 3").replace("roi: 25", "ro: 25")

    with pytest.raises(InvalidCard) as caught:
        load(text, "deploy/scorecard.yml")

    assert [(problem.line, problem.where) for problem in caught.value.problems] == [
        (5, "metrics.logins.kind"),
        (16, "flags.gone_quiet.when"),
        (20, "weights.default.ro"),
    ]
    assert str(caught.value).splitlines()[0] == (
        "deploy/scorecard.yml:5:5: metrics.logins.kind: unknown kind 'rat', did you mean 'rate'?"
    )


def test_a_broken_metric_is_not_called_unknown_where_others_name_it() -> None:
    reading = examine(CARD.replace("half_life: 14d, curve: [[1, 0], [9, 100]]", "curve: [[1, 0], [9, 100]]"))

    assert [str(problem) for problem in reading.problems] == ["9:3: metrics.active_seats: 'half_life' is missing"]


def test_followers_in_a_circle_are_all_named() -> None:
    more = CARD.replace("quiet_follows: logins", "quiet_follows: refunds").replace(
        "flags:\n",
        "  refunds: {dimension: roi, kind: ratio, num: a.b, den: [c.d], half_life: 1d, curve: [[1, 0], [2, 1]], "
        "quiet_follows: tickets}\nflags:\n",
    )

    assert [problem.where for problem in examine(more).problems] == [
        "metrics.tickets.quiet_follows",
        "metrics.refunds.quiet_follows",
    ]


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        # nothing would ever move the score by it
        ("dimension: roi, kind", "share: 0, dimension: roi, kind", "12:3: metrics.nps: can never count: its share is zero"),
        ("adoption: 25, roi: 25", "roi: 25", "13:3: metrics.steps: can never count: 'adoption' has no weight in its stages"),
        # weight that nothing earns
        ("kind: milestone, steps", "kind: milestone, stages: [renewal], steps", "20:45: weights.default.adoption: 'adoption' has weight but no metric in onboarding, adoption, expansion: its weight goes to the others"),
        # a property that the catalogue has under a name that is close
        ("ttl: 30d, ", 'ttl: 30d, where: "amonut >= 5", ', "flags.unpaid.where: 'invoice.payment_failed' has no property 'amonut' in the event catalogue, did you mean 'amount'?"),
        # a flag for ever
        ("ttl: 30d, clear_on: invoice.paid", "ttl: never", "15:3: flags.unpaid: nothing ever takes this flag down"),
        ("hold: 60d, ttl: 240d", "hold: 60d, ttl: never", "metrics.nps.hold: has no effect with ttl: never"),
        # a cap where two bands are possible: from the line on, and below what leaves it
        ("cap: 60, ttl", "cap: 40, ttl", "15:43: flags.unpaid.cap: 40 lies within the hysteresis of red (bands.default: 40 to 48): an account that it holds there is red or yellow, by what it was before"),
        ("cap: 60, ttl", "cap: 57.9, ttl", "flags.unpaid.cap: 57.9 lies within the hysteresis of red (bands.renewal: 50 to 58)"),
        ("cap: 60, ttl", "cap: 70, ttl", "flags.unpaid.cap: 70 lies within the hysteresis of yellow (bands.default: 70 to 78): an account that it holds there is yellow or green"),
        # a name that nobody posts
        ("    event: session.started\n", "    event: session.start\n", "metrics.logins: 'session.start' is not in the event catalogue, did you mean 'session.started'?"),
        ("clear_on: invoice.paid", "clear_on: invoice.payed", "flags.unpaid: 'invoice.payed' is not in the event catalogue, did you mean 'invoice.paid'?"),
        ("event: contract.ended", "event: contract.end", "outcomes.churned: 'contract.end' is not in the event catalogue"),
        ("red: 40, yellow: 70", "red: 65, yellow: 70", "bands.default.red: red is left only at 73, above the yellow line"),
    ],
)  # fmt: skip
def test_what_is_sound_but_surely_not_meant_is_a_warning(right: str, wrong: str, said: str) -> None:
    assert right in CARD

    reading = examine(CARD.replace(right, wrong, 1))

    assert reading.content is not None
    assert any(said in str(warning) for warning in reading.warnings), [*map(str, reading.warnings)]


def test_a_metric_that_others_lean_on_may_weigh_nothing() -> None:
    reading = examine(CARD.replace("dimension: deployment, kind", "share: 0, dimension: deployment, kind"))

    assert not any(warning.where == "metrics.active_seats" for warning in reading.warnings)


def test_a_stage_in_which_nothing_counts_is_refused() -> None:
    reading = examine(CARD.replace("bands:\n", "  renewal: {adoption: 1}\nbands:\n").replace(
        "kind: milestone, steps", "kind: milestone, stages: [adoption], steps"
    ))  # fmt: skip

    assert [str(problem) for problem in reading.problems] == [
        "21:3: weights.renewal: no metric counts in stage 'renewal'"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("# nothing but a comment\n", "the file is empty"),
        ("- a\n- b\n", "must be a mapping (name: value), not a list of 2 entries"),
        ("just words", "must be a mapping (name: value), not 'just words'"),
        ("a: \x07", "not YAML"),
        # the classic: nine levels of ten aliases each
        ("a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", "anchors and aliases"),
        ("a: " + "[" * 5000 + "]" * 5000, "is nested deeper than 12"),
        ("a: [" + "1," * 30_000 + "]", "has more than 20,000 values"),
        ("a: " + "x" * 300_000, "more than 262,144 characters"),
    ],
)
def test_hostile_and_hopeless_files_are_refused_before_they_cost_anything(text: str, said: str) -> None:
    reading = examine(text)

    assert reading.content is None
    assert said in str(reading.problems[0])


@pytest.mark.parametrize("cap", [39.99, 58.0, 60.0, 69.9, 78.0, 99.99])
def test_a_cap_that_makes_one_band_whatever_was_before_is_no_warning(cap: float) -> None:
    assert examine(CARD.replace("cap: 60", f"cap: {cap}")).warnings == ()
