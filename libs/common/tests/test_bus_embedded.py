from collections.abc import AsyncIterator
from typing import ClassVar

import pytest
from kafka_bus import KafkaBus, KafkaContract

from local.fakes.kafka_proxy import KafkaProxy
from local.stack.embedded_broker import FETCH_MAX_WAIT, SESSION_SECONDS, EmbeddedBroker


class EmbeddedBus(KafkaBus):
    stamps: ClassVar[bool] = False
    knows_its_bounds: ClassVar[bool] = False
    fetch_max_wait: ClassVar[float] = FETCH_MAX_WAIT
    session_timeout: ClassVar[float] = SESSION_SECONDS


@pytest.fixture
async def bus(embedded_broker: EmbeddedBroker) -> AsyncIterator[EmbeddedBus]:
    proxy = KafkaProxy(embedded_broker.port)
    await proxy.start()
    yield EmbeddedBus(proxy)
    await proxy.stop()


class TestContract(KafkaContract):
    pass
