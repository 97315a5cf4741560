"""The age of scores, known to the read API though nobody owns their partition."""

from contextlib import AbstractAsyncContextManager

import pytest
from prometheus_client import CollectorRegistry

from common.database_errors import DatabaseUnavailable
from scoring.api.active_card import ActiveCardReader
from scoring.api.freshness import FreshnessMonitor
from scoring.api.metrics import ApiMetrics
from scoring.postgres.snapshot import SnapshotSource, TableSnapshot
from support.scoring_api import FRESH, Api, live
from support.scoring_harness import DAY, START, ScoringHarness


class Monitored:
    """A freshness monitor over a harness, at the time of its clock."""

    def __init__(self, harness: ScoringHarness) -> None:
        self.registry = CollectorRegistry()
        self.tables = SnapshotSource(harness.engine, patience=5.0)
        self.card = ActiveCardReader(self.tables)
        self.metrics = ApiMetrics(self.registry, clock=harness.clock)
        self.freshness = FreshnessMonitor(
            self.tables, self.card, metrics=self.metrics, fresh=FRESH, clock=harness.clock
        )

    async def check(self) -> None:
        await self.card.read()
        await self.freshness.check()

    def ranking_age(self) -> float | None:
        return self.registry.get_sample_value("churn_scoring_ranking_age_seconds")

    def age(self, of: str, partition: int = 0) -> float | None:
        return self.registry.get_sample_value(f"churn_scoring_{of}_age_seconds", {"partition": str(partition)})


async def test_scores_are_of_now_while_their_owner_keeps_up_and_grow_old_when_it_is_gone(wall_api: Api) -> None:
    harness, monitored = wall_api.harness, Monitored(wall_api.harness)
    await monitored.check()
    assert monitored.age("scores") is None, "scoring has not begun"
    await live(harness, "acme", days=1)
    await harness.tick(START)
    await harness.score()

    harness.clock.now = START + DAY
    await wall_api.heartbeat(at=harness.clock.now)
    await monitored.check()
    assert (monitored.age("scores"), monitored.age("heartbeat")) == (0.0, 0.0)
    harness.clock.now += 2.0
    assert monitored.age("scores") == 2.0, "nobody has looked since"

    harness.clock.now += FRESH
    await monitored.check()
    assert [monitored.age("scores", n) for n in range(harness.partitions)] == [DAY + 2.0 + FRESH] * harness.partitions
    assert monitored.age("heartbeat") == 2.0 + FRESH


async def test_a_stream_has_no_now_to_be_behind_of(stream_api: Api) -> None:
    monitored = Monitored(stream_api.harness)
    await live(stream_api.harness, "acme", days=1)
    await stream_api.harness.score()
    await stream_api.heartbeat(at=START)
    await monitored.check()
    assert monitored.age("scores") is None
    assert monitored.age("heartbeat") == 0.0


async def test_a_partition_without_a_record_has_no_scores_that_could_be_old(wall_api: Api) -> None:
    harness, monitored = wall_api.harness, Monitored(wall_api.harness)
    await live(harness, "acme", days=1)
    await harness.score()
    empty = 1 - harness.partition_of("acme")
    await wall_api.heartbeat(at=harness.clock.now)
    await monitored.check()
    assert monitored.age("scores", empty) == 0.0, "its owner says that there is nothing"

    harness.clock.now += 600.0
    await monitored.check()
    assert monitored.age("scores", harness.partition_of("acme")) == pytest.approx(600.0)
    assert monitored.age("scores", empty) is None
    assert monitored.age("heartbeat", empty) == 600.0
    await wall_api.heartbeat(at=harness.clock.now)
    await monitored.check()
    assert monitored.age("scores", empty) == 0.0


async def test_while_the_database_is_away_the_last_ages_grow(wall_api: Api) -> None:
    harness, monitored = wall_api.harness, Monitored(wall_api.harness)
    await live(harness, "acme", days=1)
    await harness.score()
    await wall_api.heartbeat(at=harness.clock.now)
    await monitored.check()
    away = FreshnessMonitor(Away(), monitored.card, metrics=monitored.metrics, fresh=FRESH, clock=harness.clock)
    harness.clock.now += 600.0
    await away.check()
    assert monitored.age("scores") == 600.0


async def test_the_age_of_the_ranking_is_shown_by_processes_that_made_none(wall_api: Api) -> None:
    harness, monitored = wall_api.harness, Monitored(wall_api.harness)
    await monitored.check()
    assert monitored.ranking_age() == 0.0, "scoring has not begun"
    await live(harness, "acme", days=1)
    await harness.score()
    await monitored.check()
    harness.clock.now += 60.0
    await monitored.check()
    assert monitored.ranking_age() == 60.0, "there should have been one since"
    await wall_api.rank()
    harness.clock.now += 30.0
    await monitored.check()
    assert monitored.ranking_age() == 30.0
    await wall_api.execute("TRUNCATE scoring.finished_ranking")  # as after a crash of the server
    await monitored.check()
    assert monitored.ranking_age() == 0.0
    harness.clock.now += 90.0
    await monitored.check()
    assert monitored.ranking_age() == 90.0


class Away:
    """A database that does not answer."""

    def snapshot(self) -> AbstractAsyncContextManager[TableSnapshot]:
        raise DatabaseUnavailable("away")
