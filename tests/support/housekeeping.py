"""Keeping small by hand: a round when the test says so, at a moment that it names."""

import asyncio
from collections.abc import Callable

from scoring.partition.commit import LogPosition
from scoring.worker.housekeeping.rules import RetentionRules
from scoring.worker.housekeeping.task import Housekeeping
from support.scoring_harness import ScoringHarness


def housekeeping_of(
    stream: ScoringHarness,
    rules: RetentionRules | None = None,
    *,
    at: float,
    partition: int = 0,
    remembered: int = 1000,
    is_open: Callable[[], bool] = lambda: True,
) -> Housekeeping:
    """Of a partition that has come to `at`, in seconds."""
    position = LogPosition(to_offset=9, clock=at, newest=at)
    return Housekeeping(
        partition,
        store=stream.housekeeping_store,
        rules=rules or RetentionRules(pause=0.0),
        remembered=remembered,
        metrics=stream.housekeeping_metrics,
        steady=asyncio.get_running_loop().time,
        position=lambda: position if is_open() else None,
    )
