"""A fault that comes while another one lasts."""

from contextlib import AsyncExitStack
from random import Random
from types import SimpleNamespace
from typing import cast

import pytest

from chaos.faults import Fault
from chaos.plan import Strike
from chaos.servers import snapshot_held
from chaos.system_under_test import Missed, SystemUnderTest


async def test_a_snapshot_of_a_server_that_is_away_misses_its_moment() -> None:
    deployment = SimpleNamespace(database_url="postgresql+asyncpg://nobody@127.0.0.1:1/none")
    async with AsyncExitStack() as leaving:
        under_test = SimpleNamespace(leaving=leaving, system=SimpleNamespace(deployment=deployment))
        strike = Strike(Fault.SNAPSHOT_HELD, after=0, lasts=0, seed=1)
        with pytest.raises(Missed):
            await snapshot_held(cast(SystemUnderTest, under_test), strike, Random(1))
