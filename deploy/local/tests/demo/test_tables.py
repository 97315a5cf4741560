"""What people read: it fits the width and says what was found."""

import io
from datetime import timedelta

from alerts.samples import NOON, Sample
from common.contracts.signals import Kind
from local.demo import tables
from local.demo.detection import GroundTruth, ScenarioRow, by_scenario, detect_all, false_alarms
from local.demo.real_time import latency
from local.demo.tables import AccountListing
from local.replay.evaluation import Evaluation
from local.replay.playback import PlaybackResult
from local.replay.report import report_lines
from local.terminal import WIDTH, Colour, Terminal, cut, fitted, table


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_table_of_stories_names_who_was_missed() -> None:
    missed = tuple(f"Birch Foods {number}" for number in range(9))
    rows = [ScenarioRow("slow decline", 14, 5, 21.4, 60.0, missed), ScenarioRow("downgrade", 4, 4, 9.0, None, ())]

    lines = tables.scenarios(rows)

    assert lines[2].split()[-2:] == ["21", "60"]
    assert lines[3].split()[-2:] == ["9", "-"]
    assert lines[4].startswith("Missed: Birch Foods 0 (slow decline), ")
    assert all(len(line) <= WIDTH for line in lines)
    assert tables.scenarios(rows[1:])[-1] == "Missed: nobody."


def test_accounts_show_as_many_reasons_as_there_is_room_for() -> None:
    reasons = ("-15 active seats", "-12 core users", "-9 a reason that is far too long to be told here")
    listed = [
        AccountListing("a", "Birch Foods", "low", 31.4, "red", reasons),
        AccountListing("b", "Cedar Labs", "tech", None, "insufficient_data", ()),
    ]

    lines = tables.accounts(listed, {"a": "slow decline (left)"})

    assert lines[2].endswith("-15 active seats, -12 core users")
    assert lines[3].split() == ["Cedar", "Labs", "tech", "-", "insufficient", "data"]
    assert all(len(line) <= WIDTH for line in lines)


def test_the_summary_names_every_false_alarm() -> None:
    wrong = GroundTruth("cust-001", "Birch Foods", "healthy", None, None)
    missed = GroundTruth("cust-002", "Cedar Labs", "slow decline", NOON, NOON + timedelta(days=50))
    signals = [Sample().build(), Sample(kind=Kind.FLAG, to="payment_failed").build()]
    judged = detect_all([wrong, missed], {"cust-001": signals})

    lines = tables.summary(judged, false_alarms(judged))

    assert lines[0] == "Caught 0 of 1 stories of trouble; 0 of the 1 that gave notice, before the notice."
    assert lines[1].startswith("False alarms: 2 on 1 of 1 healthy accounts; 0 on troubled accounts")
    assert lines[2] == "  Birch Foods: 1 x yellow, 1 x flag payment failed"
    assert [row.caught for row in by_scenario(judged)] == [0]


def test_a_false_alarm_on_a_story_without_trouble_names_the_story() -> None:
    moved = GroundTruth("cust-003", "Delta Bank", "moved to the API", None, None)
    judged = detect_all([moved], {"cust-003": [Sample(kind=Kind.FLAG, to="gone_quiet").build()]})

    assert tables.summary(judged, false_alarms(judged))[2] == "  Delta Bank (moved to the API): 1 x flag gone quiet"


def test_the_figures_of_a_replay_fit_and_say_both_speeds() -> None:
    found = Evaluation((("to yellow", 3),), 3, 1.25, 40, 30, 25, (("Pass", 100, 20),))

    lines = report_lines(
        found, PlaybackResult([], 10_000, 5.0, 20.0), accounts=378, first_day=14, lead=timedelta(days=14)
    )

    assert "2,000 accepted; 500 until the last signal was told" in lines[2]
    assert "30 of 40 (75%) at least 14 days ahead" in lines[6]
    assert all(len(line) <= WIDTH for line in lines)


def test_latency_is_by_nearest_rank() -> None:
    found = latency([0.1 * number for number in range(20, 0, -1)])

    assert (round(found.p50, 3), round(found.p99, 3), found.probes) == (1.0, 2.0, 20)


def test_without_a_terminal_there_is_no_colour_and_progress_is_a_line_a_tenth() -> None:
    out = io.StringIO()
    terminal = Terminal(out)

    for percent in range(0, 101, 5):
        terminal.progress(percent / 100, "going")
    terminal.line("bad news", Colour.RED)

    lines = out.getvalue().splitlines()
    assert len(lines) == 11
    assert lines[0] == "... 10% going"
    assert lines[-1] == "bad news"


def test_on_a_terminal_lines_are_printed_above_the_progress() -> None:
    screen = Screen()
    terminal = Terminal(screen)

    terminal.progress(0.5, "half")
    terminal.line("news", Colour.RED)
    terminal.done()

    shown = screen.getvalue()
    assert "\x1b[31mnews\x1b[0m\n[##########..........] half" in shown
    assert shown.endswith("\r\x1b[K")


def test_numbers_stand_to_the_right_and_words_to_the_left() -> None:
    assert table(("name", "score"), [("a", "7"), ("long name", "100")]) == [
        "name       score",
        "---------  -----",
        "a              7",
        "long name    100",
    ]


def test_what_is_twice_as_wide_takes_two_columns() -> None:
    assert table(("name", "messages"), [("田中 美奈", "10"), ("Dana Reyes", "8")]) == [
        "name        messages",
        "----------  --------",
        "田中 美奈         10",
        "Dana Reyes         8",
    ]
    assert (cut("田中 美奈", 4), cut("田中", 3)) == ("田中", "田")
    assert (fitted("田中", 6), fitted("Dana Reyes", 6)) == ("田中  ", "Dana  ")


def test_a_line_to_be_copied_is_whole() -> None:
    out = io.StringIO()

    Terminal(out).copied("curl " + "x" * 200)

    assert out.getvalue() == "curl " + "x" * 200 + "\n"
