from collections.abc import AsyncIterator

import pytest

from common.topics import TimeMode
from support.cards import SMALL
from support.scoring_api import Api, scoring_api
from support.scoring_harness import scoring_harness

CARD = (
    SMALL.replace(
        "flags:",
        """  first_steps: {dimension: deployment, kind: milestone, stages: [onboarding], grace: 7d,
                steps: {kickoff: 5d, first_value: 10d}}
  depth:   {dimension: adoption, kind: rate, event: report.created, half_life: 7d, curve_per_week: [[0.1, 0], [10, 100]]}
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
