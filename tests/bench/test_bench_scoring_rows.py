"""What the scoring and the latency part make of what they measured."""

from pathlib import Path

import pytest

from bench.code import INTERPRETED, Code, Codes
from bench.latency_rows import Waits, rows_beside, rows_of
from bench.report import markdown
from bench.results import TIMES, Machine, Part, Row, Whole
from bench.rounds import Measured
from bench.scoring_rows import BARE, BYTEWAX, QUIX, rows, shares, times

HERE = Path()
COMPILED = Code(name="compiled", checkout=HERE, python=HERE, compiled=HERE)
FORMER = Code(name="abc1234", checkout=HERE, python=HERE)
ALL = Codes((COMPILED, INTERPRETED), FORMER)
SPEEDS = {"compiled": 8.0, "interpreted": 1.5, "abc1234": 1.0}


def _measured(speed: float, *, signals: int = 0) -> Measured:
    return Measured(events=1_000, seconds=1 / speed, cpu=2 / speed, signals=signals)


def _found(codes: Codes, *peers: str) -> dict[str, list[Measured]]:
    found = {name: [_measured(2.0)] for name in (BARE, *peers)}
    for code in codes.all:
        speed = SPEEDS[code.name]
        found[f"the worker, {code.name}"] = [_measured(speed)]
        found[f"the pure core, {code.name}"] = [_measured(speed, signals=14)]
        found[f"the pure core, {code.name}, calm workload"] = [_measured(speed, signals=3)]
    return found


def _named(made: list[Row], *, ratios: bool) -> list[str]:
    return [one.name for one in made if (one.unit == TIMES) is ratios]


def test_every_code_has_a_worker_and_a_core_on_both_workloads() -> None:
    assert _named(rows(_found(ALL, QUIX, BYTEWAX), ALL), ratios=False) == [
        "the worker, compiled",
        "the worker, interpreted",
        "the worker, abc1234",
        QUIX,
        BYTEWAX,
        BARE,
        "the pure core, compiled",
        "the pure core, interpreted",
        "the pure core, abc1234",
        "the pure core, compiled, calm workload",
        "the pure core, interpreted, calm workload",
        "the pure core, abc1234, calm workload",
    ]


def test_each_code_is_divided_by_those_after_it_and_what_is_used_by_the_peers() -> None:
    ratios = _named(rows(_found(ALL, QUIX, BYTEWAX), ALL), ratios=True)
    for what, where in (("core", ""), ("core", ", calm workload"), ("worker", "")):
        for pair in ("compiled, against interpreted", "compiled, against abc1234", "interpreted, against abc1234"):
            assert f"{what}, {pair}{where}" in ratios
    assert ratios[-2:] == ["worker, compiled, against Quix Streams", "worker, compiled, against Bytewax"]
    assert len(ratios) == 11


def test_without_a_compiler_a_commit_and_peers_there_is_nothing_to_divide() -> None:
    alone = Codes(lacking="there is no C compiler")
    made = rows(_found(alone), alone)
    assert _named(made, ratios=True) == []
    assert [one.name for one in made if one.mark is not None] == ["the worker, interpreted"]


def test_marks_are_for_the_form_that_is_used() -> None:
    marked = [one.name for one in rows(_found(ALL, QUIX), ALL) if one.mark is not None]
    assert marked == ["the worker, compiled", "worker, compiled, against Quix Streams"]


def test_a_ratio_is_taken_within_each_round() -> None:
    # A noisy second round slows both.
    ours, theirs = [_measured(6.0), _measured(4.0)], [_measured(2.0), _measured(1.0)]
    made = times("ours against theirs", ours, theirs)
    assert made.values == pytest.approx([3.0, 4.0])
    assert made.cpu == pytest.approx([3.0, 4.0])


def test_rounds_that_do_not_belong_together_are_no_ratio() -> None:
    with pytest.raises(ValueError, match="shorter"):
        times("ours against theirs", [_measured(1.0)], [])


def test_the_share_of_events_that_make_a_signal_is_told_for_each_workload() -> None:
    mixed, calm = shares(_found(ALL), ALL, events=1_000)
    assert mixed == "The mixed workload: 14 signals of 1,000 events, 1.4 for every 100 events."
    assert calm == "The calm workload: 3 signals of 1,000 events, 0.3 for every 100 events."


def test_a_code_that_made_other_signals_is_named() -> None:
    found = _found(ALL)
    found["the pure core, abc1234"] = [_measured(1.0, signals=15)]
    mixed, calm = shares(found, ALL, events=1_000)
    assert mixed.endswith("1.4 for every 100 events; abc1234 made 15.")
    assert "made" not in calm


def test_latency_beside_a_commit_is_a_share_of_what_it_took() -> None:
    waits = [Waits(signal=[10.0], slack=[20.0], whole=[30.0]), Waits(signal=[10.0], slack=[30.0], whole=[40.0])]
    former = [Waits(signal=[40.0], slack=[80.0], whole=[90.0]), Waits(signal=[40.0], slack=[60.0], whole=[90.0])]
    made = {one.name: one for one in rows_beside(rows_of(waits), rows_of(former), "abc1234")}
    assert made["accepted to Slack, p99, abc1234"].values == [80.0, 60.0]
    assert made["accepted to Slack, p99, abc1234"].mark is None
    assert made["accepted to Slack, p99, against abc1234"].values == [0.25, 0.5]


def test_ratios_have_a_table_of_their_own() -> None:
    part = Part(
        name="scoring", title="Speed", setting="much", against="abc1234", rounds=1, rows=rows(_found(ALL, QUIX), ALL)
    )
    told = markdown(Whole(Machine("A CPU", 2, "24 GB", "Linux 6.1", {}), [part]))
    figures, ratios = told.split("The first divided by the second, round by round:")
    assert "much; today's code against abc1234; one round" in figures
    assert "| the worker, compiled | 8,000 events/s |" in figures
    assert "by CPU time" not in figures
    assert "| core, compiled, against abc1234 | 8.00 times |  | 8.00 |" in ratios
