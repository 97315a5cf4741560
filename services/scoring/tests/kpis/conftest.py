from collections.abc import AsyncIterator

import pytest

from common.topics import TimeMode
from support.cards import SMALL
from support.kpi_recount import card
from support.scoring_api import Api, scoring_api
from support.scoring_harness import scoring_harness

CARD = (
    SMALL.replace("tickets: {dimension: adoption", "tickets: {dimension: engagement").replace(
        "flags:",
        """  first_steps: {dimension: deployment, kind: milestone, stages: [onboarding], grace: 7d,
                steps: {kickoff: 5d, first_value: 10d}}
  depth:   {dimension: adoption, kind: gauge, event: depth.measured, value: share, curve: [[0, 0], [1, 100]],
            hold: 300d, ttl: 400d}
flags:""",
        1,
    )
    + "journey: {value: first_value}\n"
)


@pytest.fixture
async def api(database: str) -> AsyncIterator[Api]:
    """Nothing has been scored yet. Record times are the test's."""
    async with scoring_harness(database, CARD, mode=TimeMode.STREAM) as built, scoring_api(built) as found:
        yield found


@pytest.fixture
async def mood_api(database: str) -> AsyncIterator[Api]:
    """With the scorecard of the recount, of which the last `mood.read` nearly is the score."""
    async with scoring_harness(database, card.CARD, mode=TimeMode.STREAM) as built, scoring_api(built) as found:
        yield found
