"""What people were told, as it is read on a terminal."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from alerts.api.filter import NotificationStatus
from alerts.channels.registry import Channel
from alerts.decisions.reasons import DecisionReason
from alerts.messages.wrapping import columns
from alerts.routing.destination import Target
from alerts.routing.people import People, Person
from alerts.routing.routes import Receiver, Routes
from alerts.routing.tree import Route
from alerts.samples import NOON
from common.contracts.signals import Kind
from local.demo import messages
from local.demo.detection import GroundTruth
from local.demo.messages import Recipients
from local.terminal import WIDTH, Colour
from support.notices import DESK, listed, message, notification, told

MINA = Person("mina@example.com", "田中 美奈", (Target(Channel.SLACK, "U1", language="ja"),))
ROUTES = Routes(
    root=Route("cs-desk", 0.0, 0.0),
    receivers={"cs-desk": Receiver("cs-desk", (Target(Channel.EMAIL, "cs-desk@example.com"),))},
    people=People({MINA.email: MINA}),
)
LEAVING = GroundTruth("cust-001", "Birch Foods", "slow decline", NOON, NOON + timedelta(days=50))


def test_people_are_called_by_their_names_and_desks_by_their_receivers() -> None:
    readers = Recipients(ROUTES)

    assert readers.greeting(message()) == "Slack to 田中 美奈:"
    assert readers.greeting(message(lane=DESK)) == "e-mail to cs-desk:"
    assert readers.greeting(message(lane="email:somebody@example.com")) == "e-mail to somebody@example.com:"
    assert (readers.language(message()), readers.language(message(lane=DESK))) == ("ja", "en")


def test_a_message_is_one_line_of_when_who_what_and_why() -> None:
    line = messages.line(told(message()), "Dana Reyes")

    assert line == "14 Mar  Dana Reyes, Slack      🔴 Birch Foods is red: 61 → 38              logins -14"
    assert messages.colour(message()) is Colour.RED


@pytest.mark.parametrize(
    ("title", "who", "end"),
    [
        ("🔴 Birch Foods is red: 61 → 38", "Dana Reyes", "active seats -15"),
        ("🟡 Birch Textilesのヘルススコアが黄に低下", "田中 美奈", "active seats -15"),
        ("🔴 Harbour Insurance: asked to cancel, now red (52 → 10)", "Theo Lindqvist", "(52 → 10)"),
    ],
)
def test_a_line_fits_and_reasons_are_whole_or_left_out(title: str, who: str, end: str) -> None:
    line = messages.line(told(message(title), why="active seats -15, core users -12"), who)

    assert title in line
    assert line.endswith(end)
    assert columns(line) <= WIDTH


def test_a_message_in_full_has_a_bar_at_its_side_and_is_folded_to_the_width() -> None:
    lines = messages.framed(message("🔴 " + "a long name " * 12))

    assert all(line.startswith("  │") and columns(line) <= WIDTH for line in lines)
    assert len(lines) == 4
    assert lines[2:] == ["  │", "  │ *Why*  logins (14 points)"]


def test_the_summary_counts_signals_messages_and_what_came_twice() -> None:
    come = [told(message()), told(message(lane=DESK)), told(message(lane=DESK), repeated=True)]

    assert messages.summary(come, [listed(notification("n1")), listed()]) == [
        "Of 2 signals 1 were told, in 3 messages (Slack 1, e-mail 2); 1 of them came twice."
    ]
    assert messages.summary(come[:2], [])[0].endswith("none of them came twice.")


def test_why_nothing_was_sent_is_counted_by_the_last_reason() -> None:
    alerts = [
        listed(notification("n1")),
        *[listed(reason=DecisionReason.HISTORY, to=to) for to in ("green", "green", "gone_quiet")],
        listed(reason=DecisionReason.REPEATED, to="payment_failed"),
    ]

    lines = messages.unsaid(alerts)

    assert [line.split("  ")[-1] for line in lines[2:]] == ["2 green, 1 gone quiet", "1 payment failed"]
    assert ["history" in line for line in lines[2:]] == [True, False]


def test_the_haste_of_the_play_is_owned_up_to_where_it_mattered() -> None:
    overtaken = listed(reason=DecisionReason.OVERTAKEN)

    assert messages.hurried([listed(), overtaken], day=0.17)[0].startswith("(A day takes 0.2 s here")
    assert messages.hurried([listed(), listed(reason=DecisionReason.HISTORY)], day=0.17) == []


def test_the_burden_is_counted_for_each_reader_by_week() -> None:
    monday = NOON - timedelta(days=date(2025, 3, 14).weekday())
    days = [0, 6, 7, 20]
    come = [told(message(), at=monday + timedelta(days=day)) for day in days] + [told(message(lane=DESK))]

    lines = messages.burden(come, Recipients(ROUTES), weeks=4)

    assert lines[2].split() == ["田中", "美奈", "Slack", "4", "1.0", "2"]
    assert lines[3].split() == ["cs-desk", "e-mail", "1", "0.2", "1"]


def test_a_message_that_was_sent_and_did_not_arrive_is_named() -> None:
    alerts = [
        listed(notification("n1"), notification("n2")),
        listed(notification("n2"), notification("n3", status=NotificationStatus.DROPPED)),
    ]

    assert messages.not_arrived([told(message(), name="n1")], alerts) == {"n2"}


def test_when_it_came_is_told_against_the_story() -> None:
    in_time = told(message(), at=NOON + timedelta(days=12))
    too_late = told(message(), at=NOON + timedelta(days=51))

    assert messages.when(in_time, LEAVING) == "12 days after it began, 38 days before they gave notice"
    assert messages.when(too_late, LEAVING) == "51 days after it began"


def test_a_message_is_of_a_story_if_it_speaks_of_its_trouble() -> None:
    days = [-1, 12, 51]
    come = [told(message(), at=NOON + timedelta(days=day)) for day in days]
    renewed = replace(come[1], alerts=(listed(kind=Kind.OUTCOME, to="renewed"),))

    assert [messages.of_trouble(one, LEAVING) for one in (*come, renewed)] == [False, True, True, False]
