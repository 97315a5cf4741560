"""What is in a message, and what is left out because it does not help to act."""

# ruff: noqa: RUF001 (a minus sign and Japanese punctuation)

from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec.structs import replace as changed

from alerts.channels.email.render import EmailRenderer
from alerts.channels.registry import Channel
from alerts.channels.slack.render import SlackRenderer
from alerts.decisions.reasons import DecisionReason
from alerts.messages.compose import compose
from alerts.messages.content import MessageContent
from alerts.messages.message import Message
from alerts.playbooks.playbooks import Playbooks
from alerts.routing.destination import Target
from alerts.samples import DANA, DESK, NOON, Sample, earlier_message, message_content
from common.contracts.signals import Band, Contribution, Driver, Facts, Forecast, Kind, Part, Severity

MINA = Target(Channel.EMAIL, "mina@example.com", language="ja", time_zone="Asia/Tokyo")

BIRCH = Facts(name="Birch Foods", tier="high", owner="Dana@Example.com", arr=48_000.0, contract_end=date(2025, 5, 17))
MOVED = (
    Part("active_seats", Driver.SILENCE, -44.2),
    Part("active_seats", Driver.EVENT, 30.0),
    Part("logins", Driver.SILENCE, -8.4),
    Part("silence", Driver.SILENCE, -3.0),
    Part("breadth", Driver.SILENCE, -1.2),
    Part("tickets", Driver.EVENT, 5.0),
)
VALUES = {"active_seats": 0.214, "logins": 4.96, "silence": 2.2}
RED = Forecast(Band.RED, datetime(2025, 3, 20, 14, tzinfo=UTC))
YELLOW = Sample(before=78, after=57, parts=MOVED, values=VALUES, facts=BIRCH, forecast=RED).build()
TURNED_RED = Sample(
    to="red", before=57, after=41, parts=MOVED, facts=BIRCH, at=NOON + timedelta(days=3), episode=YELLOW.signal_id
).build()


@pytest.fixture
def told(playbooks: Playbooks) -> "Teller":
    return Teller(playbooks)


class Teller:
    def __init__(self, playbooks: Playbooks) -> None:
        self._playbooks = playbooks

    def __call__(self, one: MessageContent) -> Message:
        renderer = SlackRenderer() if one.target.channel is Channel.SLACK else EmailRenderer("alerts.test")
        return compose(
            one,
            playbooks=self._playbooks,
            account_url=lambda account: f"https://app/{account}",
            in_thread=renderer.continues_thread(one),
        )


def row(message: Message, label: str) -> str | None:
    return next((row.text for row in message.rows if row.label == label), None)


def test_a_message_says_what_is_at_stake_why_what_comes_and_what_to_do(told: Teller) -> None:
    message = told(message_content(YELLOW, target=DANA))

    assert message.lead == ()
    assert message.stake == "ARR 48,000 · renewal in 64 days (17 May) · high touch, adoption"
    assert [one.label for one in message.rows] == ["Why", "Outlook", "Next step"]
    assert (
        row(message, "Why") == "seats in use 21% (−14 points), logins 5.0 a week (−8), regular visits (−3), others (+4)"
    )
    assert row(message, "Outlook") == "red on Thu 20 Mar (in 6 days) if they stay silent"
    assert (row(message, "Next step") or "").startswith("See which team stopped coming")
    assert message.small == ""
    assert message.link == "https://app/cust-001"


def test_the_same_in_japanese(told: Teller) -> None:
    message = told(message_content(YELLOW, target=MINA))

    assert message.stake == ("ARR 48,000 ｜ 契約更新まで64日（5月17日） ｜ ハイタッチ、活用期 ｜ 担当 Dana@Example.com")
    assert [(one.label, one.text) for one in message.rows[:2]] == [
        ("要因", "ライセンス利用率 21%（−14点）、ログイン頻度 週5.0回（−8点）、定期的な利用（−3点）、その他（+4点）"),
        ("見通し", "このまま利用がなければ、6日後の3月20日（木）に赤へ低下"),
    ]


# --- What is at stake ---------------------------------------------------------------------------------------


def test_whoever_is_nobody_in_particular_is_told_whose_the_account_is(told: Teller) -> None:
    assert told(message_content(YELLOW, target=DESK)).stake.endswith("· owner Dana@Example.com")
    assert told(message_content(changed(YELLOW, facts=Facts(tier="low")), target=DESK)).stake.endswith("· no owner")


def test_an_account_without_a_human_in_the_loop_is_not_missing_an_owner(told: Teller) -> None:
    assert told(message_content(changed(YELLOW, facts=Facts(tier="tech")), target=DESK)).stake == "tech touch, adoption"


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (date(2025, 3, 14), "renewal today"),
        (date(2025, 3, 15), "renewal in 1 day (15 Mar)"),
        (date(2025, 3, 10), "contract ended 4 days ago (10 Mar)"),
        (date(2025, 9, 10), "renewal in 180 days (10 Sep)"),
        (date(2025, 9, 11), ""),  # nobody decides by what is half a year away
        (None, ""),
    ],
)
def test_the_renewal_is_told_when_it_is_near(end: date | None, said: str, told: Teller) -> None:
    assert told(message_content(changed(YELLOW, facts=Facts(contract_end=end)), target=DANA)).stake.split(" · ") == [
        *filter(None, [said]),
        "adoption",
    ]


@pytest.mark.parametrize(
    ("arr", "english", "japanese"),
    [
        (950.4, "ARR 950", "ARR 950"),
        (999_999_999.0, "ARR 999,999,999", "ARR 999,999,999"),
        # nobody reads ten digits
        (1_250_000_000.0, "ARR 1.25B", "ARR 12.5億"),
    ],
)
def test_the_arr_is_written_as_the_language_writes_amounts(
    arr: float, english: str, japanese: str, told: Teller
) -> None:
    signal = changed(YELLOW, facts=Facts(arr=arr))

    assert told(message_content(signal, target=DANA)).stake.startswith(f"{english} · ")
    assert told(message_content(signal, target=changed(DANA, language="ja"))).stake.startswith(f"{japanese} ｜ ")


def test_the_renewal_stage_is_not_said_twice(told: Teller) -> None:
    renewing = changed(YELLOW, after=changed(YELLOW.after, stage="renewal"))

    assert told(message_content(renewing, target=DANA)).stake == "ARR 48,000 · renewal in 64 days (17 May) · high touch"


def test_a_flag_alone_says_how_the_account_stands(told: Teller) -> None:
    flag = Sample(kind=Kind.FLAG, to="payment_failed", after=45.4, facts=BIRCH).build()

    assert told(message_content(flag, target=DANA)).stake.startswith("Health 45, yellow · ARR 48,000")
    assert told(message_content(flag, YELLOW, target=DANA)).stake.startswith("ARR 48,000")


def test_an_outcome_names_the_money_and_not_a_contract_that_has_just_ended(told: Teller) -> None:
    renewed = Sample(kind=Kind.OUTCOME, to="renewed", facts=BIRCH).build()

    assert told(message_content(renewed, target=DANA)).stake == "ARR 48,000 · high touch, adoption"


# --- Why ----------------------------------------------------------------------------------------------------


def test_what_the_title_has_said_is_not_said_again(told: Teller) -> None:
    parts = (Part("cancel_intent", Driver.CAP, -64.0), Part("logins", Driver.SILENCE, -4.0))
    red = Sample(to="red", before=78, after=10, parts=parts).build()
    flag = Sample(kind=Kind.FLAG, to="cancel_intent", severity=Severity.CRITICAL).build()

    message = told(message_content(red, flag))

    assert row(message, "Why") is None
    assert row(message, "Also") is None
    assert (row(message, "Next step") or "").startswith("Call today and ask for the reason")


def test_a_small_part_of_it_is_left_to_the_others(told: Teller) -> None:
    parts = (Part("onboarding", Driver.SILENCE, -16.0), Part("logins", Driver.SILENCE, -2.0))

    assert row(told(message_content(Sample(before=62, after=44, parts=parts).build())), "Why") == (
        "onboarding steps (−16 points), others (−2)"
    )


@pytest.mark.parametrize(
    ("target", "label", "words"),
    [
        (DESK, "Why", "asked to downgrade (−30 points), NPS -100 (−20), but a cap hides 20 of these points"),
        (
            MINA,
            "要因",
            "プラン縮小の申し出（−30点）、NPS -100（−20点）、ただし、うち20点は上限のためスコアに表れません",
        ),
    ],
)
def test_points_that_a_cap_hides_are_not_said_to_be_anothers(
    target: Target, label: str, words: str, told: Teller
) -> None:
    parts = (
        Part("downgrade", Driver.CAP, -30.0),
        Part("nps", Driver.EVENT, -20.0),
        Part("champion_left", Driver.CAP, 20.0),
    )
    level = (Contribution("nps", "roi", 0.0, 0.2, -20.0, -100.0),)
    yellow = Sample(to="yellow", before=80, after=50, parts=parts, level=level).build()
    said = row(told(message_content(yellow, target=target)), label)
    assert said == words


def test_a_cap_that_holds_a_rise_back_says_so(told: Teller) -> None:
    parts = (
        Part("payment_failed", Driver.CAP, 40.0),
        Part("logins", Driver.EVENT, 10.0),
        Part("champion_left", Driver.CAP, -1.0),
    )
    green = Sample(to="green", was=Band.YELLOW, before=45, after=94, parts=parts).build()
    said = row(told(message_content(green, reason=DecisionReason.RECOVERED)), "What helped")
    assert said == ("cleared: payment failed (+40 points), logins (+10), but a cap holds back one of these points")


def test_a_cap_that_is_gone_is_named_as_gone(told: Teller) -> None:
    parts = (Part("payment_failed", Driver.CAP, 54.0), Part("logins", Driver.EVENT, -4.0))
    green = Sample(to="green", was=Band.YELLOW, before=45, after=95, parts=parts).build()

    assert row(told(message_content(green, reason=DecisionReason.RECOVERED)), "What helped") == (
        "cleared: payment failed (+54 points), others (−4)"
    )


def test_what_holds_the_score_down_is_told_from_how_they_would_stand_without_it(told: Teller) -> None:
    """A cancellation of people who stopped coming is another talk than one of people who come every day."""
    cap = Contribution("cancel_intent", "cap", 10.0, 0.0, -31.4)
    seats = Contribution("active_seats", "deployment", 5.0, 0.15, -14.2, 0.11)
    people = Contribution("silence", "engagement", 0.0, 0.1, -10.0, 8.7)
    nps = Contribution("nps", "roi", 50.0, 0.1, -4.9, 0.0)
    parts = (Part("cancel_intent", Driver.CAP, -40.0),)
    flag = Sample(kind=Kind.FLAG, to="cancel_intent", after=10, level=(cap, nps, people, seats)).build()
    red = Sample(to="red", before=60, after=10, parts=parts, level=(cap, nps)).build()

    assert row(told(message_content(flag)), "Without the cap") == (
        "the score would be 41, kept low by seats in use 11%, regular visits"
    )
    assert row(told(message_content(red)), "Without the cap") == "the score would be 41"
    assert row(told(message_content(changed(flag, receipt=YELLOW.receipt))), "Without the cap") is None


# --- What is told with it -----------------------------------------------------------------------------------


def test_what_is_told_with_the_head_is_said_once_in_few_words(told: Teller) -> None:
    quiet = Sample(kind=Kind.FLAG, to="gone_quiet").build()
    missed = Sample(kind=Kind.MILESTONE_MISSED, to="first_value").build()

    assert (
        row(told(message_content(YELLOW, quiet, missed, quiet)), "Also")
        == "gone quiet, first value overdue (due 14 Mar)"
    )
    assert row(told(message_content(quiet, YELLOW)), "Also") == "now yellow (78 → 57)"


def test_a_long_list_is_cut(told: Teller) -> None:
    flags = [Sample(kind=Kind.FLAG, to=f"flag_{letter}").build() for letter in "abcdef"]

    assert row(told(message_content(YELLOW, *flags)), "Also") == "flag a, flag b, flag c, 3 more"


# --- What comes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("band", "forecast", "said"),
    [
        (Band.YELLOW, Forecast(Band.RED, NOON + timedelta(hours=5)), "red today at 17:00 if they stay silent"),
        (Band.YELLOW, Forecast(Band.RED, NOON + timedelta(hours=20)), "red tomorrow at 08:00 if they stay silent"),
        # That a healthy account would fall if everybody vanished is no news.
        (Band.GREEN, RED, None),
        # A cap that fades is no reason to wait.
        (Band.YELLOW, Forecast(Band.GREEN, NOON + timedelta(days=4)), None),
        (Band.YELLOW, Forecast(Band.RED, NOON + timedelta(days=22)), None),
        # Told late: it is not to come any more.
        (Band.YELLOW, Forecast(Band.RED, NOON), None),
        (Band.YELLOW, None, None),
    ],
)
def test_the_outlook_is_told_while_something_can_be_done(
    band: Band, forecast: Forecast | None, said: str | None, told: Teller
) -> None:
    flag = Sample(kind=Kind.FLAG, to="downgrade", band=band, forecast=forecast).build()

    assert row(told(message_content(flag)), "Outlook") == said


# --- How sure -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("band", "coverage", "said"),
    [
        (Band.YELLOW, 0.8, ""),
        (Band.YELLOW, 0.62, "Only 62% of the score has data behind it."),
        (Band.INSUFFICIENT, 0.38, "Too little data for a band: 38% of the score is known."),
    ],
)
def test_doubt_is_told_where_there_is_doubt(band: Band, coverage: float, said: str, told: Teller) -> None:
    missed = Sample(kind=Kind.MILESTONE_MISSED, to="kickoff", band=band, coverage=coverage).build()
    message = told(message_content(missed))

    assert message.small == said
    assert ("Health" in message.stake) is (band is Band.YELLOW)


# --- What makes it another message than the first -----------------------------------------------------------


def test_worse_says_since_when_it_was_better(told: Teller) -> None:
    message = told(message_content(TURNED_RED, target=DANA, reason=DecisionReason.WORSE, first=earlier_message(YELLOW)))

    assert message.lead == ("Getting worse: it was yellow on Fri 14 Mar.",)
    assert str(message.thread) == "🟡 Birch Foods is yellow: 78 → 57"


def test_again_says_when_it_was_told_last(told: Teller) -> None:
    again = changed(YELLOW, at=NOON + timedelta(days=8))

    assert told(
        message_content(again, target=DANA, reason=DecisionReason.AGAIN, first=earlier_message(YELLOW))
    ).lead == ("Again: last told on Fri 14 Mar.",)
    assert told(message_content(again, target=DANA, reason=DecisionReason.AGAIN)).lead == (
        "Again: this has been told before.",
    )


def test_a_recovery_is_short(told: Teller) -> None:
    green = Sample(to="green", was=Band.RED, before=41, after=81, at=NOON + timedelta(days=14), facts=BIRCH).build()
    first, last = earlier_message(YELLOW), earlier_message(TURNED_RED, "n-2")

    message = told(message_content(green, target=DANA, reason=DecisionReason.RECOVERED, first=first, last=last))

    assert message.lead == ("Recovered after 14 days; the first alert was on Fri 14 Mar.",)
    assert (message.stake, message.rows, message.small) == ("", (), "")
    assert message.link is not None


def test_what_was_handed_on_still_says_what_it_is(told: Teller) -> None:
    green = Sample(to="green", was=Band.RED, before=41, after=81, at=NOON + timedelta(days=14), facts=BIRCH).build()
    failed = "Sent this way because the first way failed."

    worse = told(
        message_content(TURNED_RED, target=DANA, reason=DecisionReason.HANDED_ON, first=earlier_message(YELLOW))
    )
    recovered = told(
        message_content(green, target=DANA, reason=DecisionReason.HANDED_ON, first=earlier_message(YELLOW))
    )

    assert worse.lead == ("Getting worse: it was yellow on Fri 14 Mar.", failed)
    assert recovered.lead == ("Recovered after 14 days; the first alert was on Fri 14 Mar.", failed)
    assert (recovered.stake, recovered.rows) == ("", ())


def test_a_message_that_comes_late_says_so(told: Teller) -> None:
    assert told(message_content(YELLOW, target=DANA, after=299)).lead == ()
    assert told(message_content(YELLOW, target=DANA, after=7200)).lead == ("Happened 2 hours ago, today at 12:00.",)
    assert told(message_content(YELLOW, target=DANA, after=3 * 86_400)).lead == ("Happened 3 days ago, on Fri 14 Mar.",)


def test_a_webhooks_message_names_the_one_it_follows(told: Teller) -> None:
    """No thread shows it, for an incoming webhook does not say what to answer under."""
    desk = Target(Channel.SLACK, "cs-desk", webhook=True)

    assert told(
        message_content(TURNED_RED, target=desk, reason=DecisionReason.WORSE, first=earlier_message(YELLOW))
    ).lead == ("Follows: 🟡 Birch Foods is yellow: 78 → 57, on Fri 14 Mar",)
    assert told(
        message_content(
            TURNED_RED, target=DESK, reason=DecisionReason.WORSE, first=earlier_message(YELLOW, thread="17.1")
        )
    ).lead == ("Getting worse: it was yellow on Fri 14 Mar.",)


def test_a_stand_in_is_told_whose_place_they_take(told: Teller) -> None:
    eli = Target(Channel.EMAIL, "eli@example.com", person="eli@example.com")

    assert told(message_content(YELLOW, target=eli)).lead == ("You stand in for Dana@Example.com.",)
    assert told(message_content(YELLOW, target=eli, reason=DecisionReason.HANDED_ON)).lead == (
        "For Dana@Example.com, who could not be reached.",
    )
    assert told(message_content(YELLOW, target=DANA, reason=DecisionReason.HANDED_ON)).lead == (
        "Sent this way because the first way failed.",
    )
