"""While a feed is paused, what silence brings to the accounts that it speaks of is shown, and told when it is over."""

from datetime import UTC, datetime
from math import inf
from typing import Any

import pytest
from msgspec.structs import replace

from common.contracts.events import Announcement, FeedPaused, FeedResumed
from common.contracts.signals import Band, Kind
from scoring.health.card import Flag, When
from scoring.health.feeds import FeedPause, Sources, find_hold, note_source
from scoring.health.metrics.gauge.definition import Gauge
from scoring.health.metrics.milestone.definition import Milestone, MilestoneStep
from scoring.health.metrics.silence.definition import Silence
from scoring.health.view import Step
from scoring.partition.feeds import follow
from support.journeys import Traveller, of_kind
from support.random_cases import event
from support.scripted_account import DAWN, DAY, IDENTITY, SLIDE, ScriptedAccount, card, told

MOOD = Gauge(name="mood", dimension="engagement", events=("mood.read",), curves={"default": IDENTITY})
QUIET = Silence(
    name="quiet", dimension="adoption", events=("came",), prior_gap=1, curves={"default": ((0.0, 100.0), (9.0, 100.0))}
)
GONE = Flag(name="gone", cap=60, when=When(metric="quiet", op=">=", value=1))
UNPAID = Flag(name="unpaid", cap=30, events=("unpaid",), clear_on=("paid",))
HOUR = 3600.0


class FedAccount(ScriptedAccount):
    """Its events come from "web" unless `source` says otherwise. Feeds are announced, as the partition hears it."""

    pauses: tuple[FeedPause, ...] = ()

    def hears(self, said: Announcement, day: float) -> Step:
        at = DAWN + day * DAY
        step = self.scorer.advance(self.account, at)
        self.pauses = follow(self.pauses, said, at=at)
        self.reloads()
        return step

    def reloads(self) -> None:
        self.account = self.scorer.load("acme", self.scorer.dump(self.account), self.pauses)

    def pauses_at(self, day: float, *, since: float | None = None, source: str = "web") -> Step:
        begins = datetime.fromtimestamp(DAWN + (day if since is None else since) * DAY, UTC)
        return self.hears(FeedPaused(f"p{day}", source, begins), day)

    def resumes_at(self, day: float, *, source: str = "web") -> Step:
        return self.hears(FeedResumed(f"r{day}", source), day)

    def does_from(self, source: str, event_name: str, day: float, **properties: Any) -> Step:
        self._events += 1
        at = DAWN + day * DAY
        happened = replace(event(event_name, at, event_id=f"e{self._events}", **properties), source=source)
        return self.scorer.apply(self.account, happened, at)


def sliding() -> FedAccount:
    """It falls by a point a day from 100 on: yellow from day 30, told two days later."""
    script = FedAccount(card(SLIDE, flags=(UNPAID,)))
    script.does("mood.read", 0, value=100)
    return script


def test_without_a_pause_it_is_told_two_days_after_the_line() -> None:
    script = sliding()
    assert told(script.waits(40)) == ["band yellow"]
    assert script.account.clock == DAWN + 32 * DAY + 1


def test_a_worse_band_by_silence_waits_until_the_hold_is_over() -> None:
    script = sliding()
    script.pauses_at(25)
    assert told(script.waits(35)) == []
    shown = script.looks(35)
    assert shown.health.band is Band.GREEN
    assert shown.health.score == pytest.approx(65), "the score is what is known"
    assert shown.pending is not None
    assert (shown.pending.band, shown.pending.confirmed_at) == (Band.YELLOW, None)
    assert shown.on_hold is not None
    assert (shown.on_hold.source, shown.on_hold.until) == ("web", None)
    assert shown.forecast is None or shown.forecast.band is not Band.YELLOW
    assert told(script.resumes_at(35)) == []
    # The pause took ten days, so the hold lasts for the longest grace.
    assert told(script.waits(35.99)) == []
    step = script.waits(36)
    assert told(step) == ["band yellow"]
    assert step.signals[0].cause == f"silence@{datetime.fromtimestamp(DAWN + 30 * DAY + 1, UTC):%Y-%m-%dT%H:%M:%SZ}"
    assert script.looks(36).on_hold is None


def test_who_comes_back_with_the_feed_is_never_told_of() -> None:
    script = sliding()
    script.pauses_at(25)
    script.waits(35)
    script.resumes_at(35)
    # What the source kept meanwhile, with its own time.
    script.does("mood.read", 35.2, late=6, value=95)
    assert told(script.waits(50)) == []
    assert script.band is Band.GREEN


def test_what_an_event_brings_is_told_as_usual() -> None:
    script = sliding()
    script.does_from("billing", "nobody.listens", 1)
    script.pauses_at(25)
    assert told(script.does_from("billing", "unpaid", 28)) == ["flag unpaid: red"]


def test_an_event_that_crosses_the_next_line_is_told_over_what_silence_had_begun() -> None:
    script = sliding()
    script.pauses_at(25)
    script.waits(34)
    step = script.does_from("billing", "mood.read", 34, value=30)
    assert told(step) == ["band red"]
    assert step.signals[0].cause == ("billing", "e2")


@pytest.mark.parametrize(
    ("source", "last", "holds"),
    [
        ("web", 0.0, True),  # its last event came within 28 days before the pause
        ("web", -5.0, False),  # it came long before, so this silence is its own
        ("app", 0.0, False),  # another source speaks of it
    ],
)
def test_only_who_the_source_has_spoken_of_is_on_hold(source: str, last: float, holds: bool) -> None:
    script = FedAccount(card(SLIDE))
    script.does_from(source, "mood.read", last, value=100)
    script.pauses_at(25)
    assert (script.looks(25).on_hold is not None) is holds
    assert (told(script.waits(40)) == []) is holds


def test_an_event_of_the_paused_source_puts_an_account_on_hold() -> None:
    """It sends a little: the rest of what it has to say is missing."""
    script = FedAccount(card(SLIDE))
    script.does_from("app", "mood.read", 0, value=100)
    script.pauses_at(25)
    assert script.looks(26).on_hold is None
    script.does("nobody.listens", 26)
    assert script.looks(26).on_hold is not None
    assert told(script.waits(40)) == []


def test_a_flag_that_silence_raises_waits_and_brings_its_band() -> None:
    script = FedAccount(card(MOOD, QUIET, flags=(GONE,)))
    script.does("mood.read", 0, value=100)
    script.does("came", 0)
    script.pauses_at(1)
    assert told(script.waits(20)) == []
    (up,) = script.looks(20).flags
    assert (up.name, up.told) == ("gone", False)
    script.resumes_at(20)
    assert told(script.waits(30)) == ["flag gone: yellow"]


def test_a_flag_that_follows_a_metric_waits_whoever_moved_it_and_so_does_its_band() -> None:
    """Half of the people use an app whose feed is silent, so the metric counts the other half."""
    low = Flag(name="low", cap=60, when=When(metric="mood", op="<=", value=50))
    for paused in (False, True):
        script = FedAccount(card(replace(MOOD, curves={"default": ((0.0, 90.0), (100.0, 90.0))}), flags=(low, UNPAID)))
        script.does("mood.read", 0, value=80)
        if paused:
            script.pauses_at(1)
        assert told(script.does_from("app", "mood.read", 2, value=40)) == ([] if paused else ["flag low: yellow"])
    script.resumes_at(3)
    assert told(script.waits(3.9)) == []
    script.reloads()
    assert told(script.does_from("billing", "unpaid", 3.95)) == ["flag unpaid: red"]
    assert "flag low" in told(script.waits(6))[0]


def test_a_missed_step_waits_and_one_that_comes_late_is_not_missed() -> None:
    steps = Milestone(
        name="plan", dimension="deployment", steps={"live": MilestoneStep(5), "sso": MilestoneStep(6)}, planned=False
    )
    script = FedAccount(card(MOOD, steps))
    script.does("account.updated", 0, contract_start="2024-01-10", stage="onboarding")
    script.does("mood.read", 0, value=100)
    script.pauses_at(2)
    assert told(script.waits(9)) == []
    script.resumes_at(9)
    script.does("milestone.reached", 9.1, late=5.0, step="live")
    assert [each for each in told(script.waits(20)) if "missed" in each] == ["milestone_missed sso"]


@pytest.mark.parametrize("done", [False, True])
def test_a_late_onboarding_waits_too(done: bool) -> None:
    account = Traveller()
    account.signs(0.5, starts=0, ends=365)
    account.does("mood.read", 1, value=100)
    begins, ends = DAWN + 2 * DAY, DAWN + 200 * DAY
    for until in (inf, ends):
        pauses = (FeedPause("web", begins, until),)
        account.account = account.scorer.load("acme", account.scorer.dump(account.account), pauses)
        assert of_kind(account.waits(190).signals, Kind.ONBOARDING_LATE) == []
    if done:
        for step in ("kickoff", "first_value"):
            account.does("milestone.reached", 195, late=194.0, step=step)
    found = of_kind(account.waits(201).signals, Kind.ONBOARDING_LATE)
    assert [each.at.timestamp() for each in found] == ([] if done else [ends])


def test_a_band_that_a_person_set_ends_green_while_the_feed_is_silent() -> None:
    script = sliding()
    script.does_from("csm", "health.overridden", 20, to="green", until="2024-02-12", reason="r", by="dana@example.com")
    script.pauses_at(25)
    assert told(script.waits(50)) == []
    assert script.band is Band.GREEN
    script.resumes_at(50)
    assert told(script.waits(53)) == ["band yellow"]


def test_whoever_looks_again_finds_the_same() -> None:
    """In memory, or loaded anew before each step."""
    ends = []
    for again in (False, True):
        script = sliding()
        script.pauses_at(25)
        said: list[str] = []
        for day in (28.0, 31.0, 33.0, 34.5):
            if again:
                script.reloads()
            said += told(script.does_from("app", "nobody.listens", day))
        script.resumes_at(34.6)
        for day in (34.8, 35.5, 40.0):
            if again:
                script.reloads()
            said += told(script.waits(day))
        ends.append((said, script.scorer.dump(script.account), script.scorer.find_due(script.account)))
    assert ends[0] == ends[1]
    assert ends[0][0] == ["band yellow"]


def test_a_source_that_is_forgotten_for_eight_others_holds_no_more() -> None:
    """In memory as for whoever loads the account anew."""
    script = sliding()
    script.pauses_at(25)
    assert told(script.waits(33)) == []
    said = [told(script.does_from(f"source {n}", "nobody.listens", 33 + n / 100)) for n in range(8)]
    assert said == [[]] * 7 + [["band yellow"]]
    due = script.scorer.find_due(script.account)
    script.reloads()
    assert script.scorer.find_due(script.account) == due
    assert script.looks(34).on_hold is None


def test_what_waits_for_a_resume_is_looked_at_every_six_hours_and_nothing_else_is() -> None:
    script = sliding()
    script.pauses_at(25)
    far = script.scorer.choose_timer(script.account, None, script.account.clock)
    assert far is not None
    assert far > DAWN + 29 * DAY, "nothing is held back yet"
    script.waits(33)
    now = DAWN + 33 * DAY + 100
    assert script.scorer.choose_timer(script.account, None, now) == DAWN + 33 * DAY + 6 * HOUR
    script.resumes_at(34)
    assert script.scorer.find_due(script.account) == DAWN + 35 * DAY


def test_an_account_keeps_the_sources_that_spoke_of_it_last() -> None:
    sources: Sources = {}
    for n in range(12):
        note_source(sources, f"source {n % 10}", n * HOUR)
    note_source(sources, "x" * 201, 99 * HOUR)
    note_source(sources, "source 9", 2 * HOUR)
    assert sources == {f"source {n % 10}": n for n in range(4, 12)}


PAUSES = (FeedPause("web", 1000 * HOUR, inf), FeedPause("app", 900 * HOUR, 1100 * HOUR))


@pytest.mark.parametrize(
    ("sources", "hold"),
    [
        ({}, None),
        ({"web": 327}, None),  # more than 28 days before
        ({"web": 328}, PAUSES[0]),
        ({"app": 228}, PAUSES[1]),
        ({"app": 900, "web": 900}, FeedPause("web", 900 * HOUR, inf)),  # from the first to the last
        ({"crm": 999}, None),
    ],
)
def test_a_hold_is_of_the_pauses_whose_source_spoke_within_28_days(sources: Sources, hold: FeedPause | None) -> None:
    assert find_hold(sources, PAUSES) == hold


def paused(source: str, since: float) -> FeedPaused:
    return FeedPaused("p", source, datetime.fromtimestamp(since, UTC))


@pytest.mark.parametrize(
    ("said", "until"),
    [
        ([(paused("web", 10 * HOUR), 11.0)], inf),
        ([(paused("web", 10 * HOUR), 11.0), (FeedResumed("r", "web"), 12.0)], 18.0),  # at least six hours
        ([(paused("web", 10 * HOUR), 11.0), (FeedResumed("r", "web"), 20.0)], 30.0),  # as long as it took
        ([(paused("web", 10 * HOUR), 11.0), (FeedResumed("r", "web"), 99.0)], 123.0),  # a day at most
        ([(paused("web", 10 * HOUR), 11.0), (FeedResumed("r", "web"), 20.0), (FeedResumed("r2", "web"), 25.0)], 30.0),
        # It is silent again before all has come: the pause goes on.
        ([(paused("web", 10 * HOUR), 11.0), (FeedResumed("r", "web"), 20.0), (paused("web", 29 * HOUR), 29.5)], inf),
        ([(paused("web", 99 * HOUR), 10.0)], inf),  # nobody knows of a silence to come
    ],
)
def test_a_pause_lasts_until_some_hours_after_the_resume(said: list[tuple[Announcement, float]], until: float) -> None:
    pauses: tuple[FeedPause, ...] = ()
    for announcement, hour in said:
        pauses = follow(pauses, announcement, at=hour * HOUR)
    assert pauses == (FeedPause("web", 10 * HOUR, until * HOUR),)


def test_a_resume_of_a_feed_that_was_not_paused_changes_nothing() -> None:
    assert follow((), FeedResumed("r", "web"), at=0.0) == ()
