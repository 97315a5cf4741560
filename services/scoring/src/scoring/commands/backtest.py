"""`backtest`: a scorecard over recorded events, over the running system's log, or over a year of simulated firms."""

import argparse
import asyncio
import sys
import time
import uuid
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scoring.backtest.errors import BacktestError
from scoring.cards.errors import InvalidCard
from scoring.commands.recorded import DEFAULT_CARD, Waiting, add_recording_arguments, read_card_text

if TYPE_CHECKING:
    from common.bus.ports import Admin, Consumer
    from scoring.backtest.recordings.recording import Recording
    from scoring.health import Card
    from scoring.settings import ScoringSettings

DEFAULT_DAYS: Final = 35
_DAY: Final = 86_400.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The parsed arguments go to `run`."""
    parser.description = "docs/backtest.md says how to read what comes out."
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--events", type=Path, metavar="FILE", help="events as CSV, JSON lines or Parquet; course data")
    what.add_argument("--log", action="store_true", help="the running system's own events topic")
    what.add_argument("--healthy", action="store_true", help="a year of simulated firms that are well, and die")
    what.add_argument("--rhythms", action="store_true", help="a year of simulated firms that are steady, by rhythm")
    parser.add_argument("--card", type=Path, default=DEFAULT_CARD, metavar="CARD", help=f"default {DEFAULT_CARD}")
    parser.add_argument("--against", type=Path, metavar="CARD", help="what changes for people beside this card")
    add_recording_arguments(parser)
    parser.add_argument("--days", type=int, default=DEFAULT_DAYS, metavar="N", help="of --log: the last N (default 35)")
    parser.add_argument("--half", type=int, choices=(0, 1), help="judge only these accounts: crc32(account_id) %% 2")
    parser.add_argument(
        "--activity", action="append", default=[], metavar="NAME", help="an event that people do (default: by names)"
    )
    parser.add_argument("--no-baselines", action="store_true", help="only the cards: faster")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn (default 1)")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="every alert with its reason")
    parser.add_argument("--png", type=Path, metavar="FILE", help="early recall against the budget of alerts")


def run(arguments: argparse.Namespace) -> int:
    """The exit code."""
    # Not before a back-test is asked for: `--help` has to answer at once.
    from common.bus.errors import BusUnavailable

    try:
        if arguments.healthy or arguments.rhythms:
            return _healthy(arguments)
        return _back_test(arguments)
    except (BacktestError, InvalidCard, BusUnavailable, OSError) as error:
        print(error, file=sys.stderr)
        return 1


def _back_test(arguments: argparse.Namespace) -> int:
    from scoring.backtest import packages
    from scoring.backtest.back_test import BackTestPlan, run_back_test
    from scoring.backtest.reports import documents, picture, text

    if arguments.png:
        packages.load("matplotlib.figure")
    cards = tuple(_card(path) for path in (arguments.card, arguments.against) if path)
    began, waiting = time.monotonic(), Waiting()
    recording = _recording(arguments, waiting)
    plan = BackTestPlan(
        cards=cards,
        half=arguments.half,
        activity=tuple(arguments.activity),
        seed=arguments.seed,
        processes=arguments.processes,
        baselines=not arguments.no_baselines,
    )
    back_test = run_back_test(recording, plan, say=waiting.say, progress=waiting.shares)
    waiting.done()
    for line in text.describe(back_test, seconds=time.monotonic() - began):
        print(line)
    if arguments.json:
        arguments.json.write_bytes(documents.as_json(back_test))
    if arguments.csv:
        documents.write_alerts(back_test, arguments.csv)
    if arguments.png:
        picture.draw(back_test, arguments.png)
    return 0


def _healthy(arguments: argparse.Namespace) -> int:
    import msgspec

    from scoring.backtest.healthy import report
    from scoring.backtest.healthy.stories import GROUPS, RHYTHMS
    from scoring.backtest.healthy.trial import run_trial
    from scoring.cards.identity import identify

    card, waiting = _card(arguments.card), Waiting()
    groups = RHYTHMS if arguments.rhythms else GROUPS
    results = run_trial(card, groups, seed=arguments.seed, processes=arguments.processes, progress=waiting.shares)
    waiting.done()
    card_id, seed = identify(card), arguments.seed
    if arguments.rhythms:
        lines = report.describe_rhythms(results, card, card_id=card_id, seed=seed)
    else:
        lines = report.describe(results, card_id=card_id, seed=seed)
    for line in lines:
        print(line)
    if arguments.json:
        document = report.as_document(results, card_id=card_id, seed=seed)
        arguments.json.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
    return 0


def _recording(arguments: argparse.Namespace, waiting: Waiting) -> "Recording":
    if arguments.log:
        return asyncio.run(_read_log(arguments, waiting))
    from scoring.backtest.recordings.event_files import read_recording

    return read_recording(
        arguments.events, deadlines=arguments.deadlines, outcomes=arguments.outcomes, progress=waiting.events
    )


async def _read_log(arguments: argparse.Namespace, waiting: Waiting) -> "Recording":
    from common.topics import TimeMode, Topics
    from scoring.backtest.recordings.events_topic import read_events_topic
    from scoring.backtest.recordings.outcome_files import read_decisions
    from scoring.settings import ScoringSettings

    settings = ScoringSettings()
    # A replay's records carry the times of its events, which lie anywhere.
    wall, now = settings.time_mode is TimeMode.WALL, time.time()
    return await read_events_topic(
        _KafkaLog(settings),
        Topics(settings.topic_prefix).events,
        since=now - arguments.days * _DAY if wall else -inf,
        until=now if wall else -inf,
        decisions=read_decisions(arguments.outcomes) if arguments.outcomes else (),
        progress=waiting.events,
    )


class _KafkaLog:
    def __init__(self, settings: "ScoringSettings") -> None:
        self._settings = settings
        self._wait = settings.scoring_fetch_wait_ms / 1000

    def consumer(self, topic: str) -> "Consumer":
        from common.bus.kafka import KafkaConsumer

        group = f"{self._settings.topic_prefix}backtest-{uuid.uuid4().hex[:8]}"
        return KafkaConsumer(self._settings.kafka_bootstrap, topic, group=group, fetch_max_wait=self._wait)

    def admin(self) -> "Admin":
        from common.bus.kafka import KafkaAdmin

        return KafkaAdmin(self._settings.kafka_bootstrap, fetch_max_wait=self._wait)


def _card(path: Path) -> "Card":
    from scoring.cards.load import load

    return load(read_card_text(path), str(path))
