"""`card fit-curves EVENTS` and `card suggest EVENTS`: proposals for a scorecard, printed and nothing else."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.documents.findings import InvalidDocument
from scoring.backtest.errors import BacktestError
from scoring.commands.recorded import DEFAULT_CARD, Waiting, add_recording_arguments, read_card_text

if TYPE_CHECKING:
    from scoring.backtest.recordings.recording import Recording

FIT_CURVES, SUGGEST = "fit-curves", "suggest"
ACTIONS = (FIT_CURVES, SUGGEST)


def add_actions(actions: Any) -> None:
    """Adds the two to what argparse calls the sub-parsers of `card`."""
    curves = actions.add_parser(FIT_CURVES, help="propose curves by the percentiles of recorded events")
    weights = actions.add_parser(SUGGEST, help="learn weights from recorded events; needs the extra [analysis]")
    for each in (curves, weights):
        each.add_argument("events", type=Path, metavar="EVENTS", help="as for `backtest --events`")
        each.add_argument("--card", type=Path, default=DEFAULT_CARD, metavar="CARD", help=f"default {DEFAULT_CARD}")
        add_recording_arguments(each)
    weights.add_argument("--half", type=int, choices=(0, 1), default=1, help="judge on this half, learn on the other")
    weights.add_argument("--seed", type=int, default=1, help="of the samples behind the margins (default 1)")


def run(arguments: argparse.Namespace) -> int:
    """The exit code."""
    try:
        lines = _fit_curves(arguments) if arguments.action == FIT_CURVES else _suggest(arguments)
        for line in lines:
            print(line)
    except (BacktestError, InvalidDocument) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _fit_curves(arguments: argparse.Namespace) -> list[str]:
    from scoring.backtest.advice.curves import describe, propose_curves
    from scoring.cards.load import load

    card, waiting = load(read_card_text(arguments.card), str(arguments.card)), Waiting()
    recording = _recording(arguments, waiting)
    proposals = propose_curves(card, recording, processes=arguments.processes, progress=waiting.shares)
    waiting.done()
    return list(describe(proposals, card))


def _suggest(arguments: argparse.Namespace) -> list[str]:
    from scoring.backtest import packages
    from scoring.backtest.advice.suggestion import describe, suggest
    from scoring.backtest.back_test import BackTestPlan

    packages.load("scipy.optimize")
    text, waiting = read_card_text(arguments.card), Waiting()
    plan = BackTestPlan((), half=arguments.half, seed=arguments.seed, processes=arguments.processes)
    suggestion = suggest(
        text, str(arguments.card), _recording(arguments, waiting), plan, say=waiting.say, progress=waiting.shares
    )
    waiting.done()
    return list(describe(suggestion))


def _recording(arguments: argparse.Namespace, waiting: Waiting) -> "Recording":
    from scoring.backtest.recordings.event_files import read_recording

    return read_recording(
        arguments.events, deadlines=arguments.deadlines, outcomes=arguments.outcomes, progress=waiting.events
    )
