"""Which error a worker gets for which failure of its database."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from common.database import engine as create
from common.errors import Doubt, Unreachable
from local.fakes.tcp_server import HOST, TcpServer
from local.fakes.unavailable import mute, starting_up
from scoring.postgres.connection import connect


@pytest.mark.parametrize(
    ("server", "reason"),
    [(mute, "no answer in time"), (starting_up, "the database system is starting up")],
    ids=["silent", "starting up"],
)
async def test_a_database_that_cannot_be_used_yet_is_asked_again(
    server: Callable[[int], TcpServer], reason: str
) -> None:
    listener = server(0)
    await listener.start()
    engine = create(f"postgresql+asyncpg://churn@{HOST}:{listener.port}/churn", connect_timeout=0.5)
    try:
        with pytest.raises(Unreachable, match=reason):
            async with connect(engine, patience=5.0):
                pass
    finally:
        await engine.dispose()
        await listener.stop()


async def test_a_statement_that_the_database_cannot_do_is_a_doubt_and_no_outage(empty_database: str) -> None:
    engine = create(empty_database)
    try:
        with pytest.raises(Doubt, match="does not exist") as raised:
            async with connect(engine, patience=5.0) as connection:
                await connection.execute(text("SELECT * FROM scoring.journal"))
        assert type(raised.value) is Doubt
    finally:
        await engine.dispose()
