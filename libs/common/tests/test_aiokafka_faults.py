"""aiokafka's connections on uvloop, on which every process of ours runs."""

import asyncio
from functools import partial

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from common.bus import aiokafka_faults
from local.stack.embedded_broker import EmbeddedBroker
from support.loop import new_event_loop


async def request_on_a_connection_that_has_just_gone(bootstrap: str) -> None:
    client = AIOKafkaClient(bootstrap_servers=bootstrap, request_timeout_ms=5_000)
    await client.bootstrap()
    try:
        await client.force_metadata_update()
        (connection,) = client._conns.values()
        connection._writer.transport.abort()
        await asyncio.sleep(0)  # the transport has told of its end, and aiokafka's reader has not run yet
        await connection.send(MetadataRequest([]))
    finally:
        await client.close()


def test_a_request_on_a_connection_that_has_just_gone_raises_an_error_that_aiokafka_expects(
    embedded_broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once aiokafka's own connection does so too, this module's first part can go."""
    request = partial(request_on_a_connection_that_has_just_gone, embedded_broker.bootstrap)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        monkeypatch.setattr(AIOKafkaConnection, "send", aiokafka_faults._aiokafka_send)
        with pytest.raises(RuntimeError, match="the handler is closed"):
            runner.run(request())
        aiokafka_faults.expect_closed_transports()
        with pytest.raises(KafkaConnectionError, match="the handler is closed"):
            runner.run(request())
