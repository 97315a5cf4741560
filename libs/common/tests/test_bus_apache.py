from collections.abc import AsyncIterator

import pytest
from kafka_bus import KafkaBus, KafkaContract

from local.fakes.kafka_proxy import KafkaProxy
from local.stack.apache_kafka import ApacheKafka

pytestmark = pytest.mark.kafka


@pytest.fixture
async def bus(apache_broker: ApacheKafka) -> AsyncIterator[KafkaBus]:
    proxy = KafkaProxy(apache_broker.ports[0])
    await proxy.start()
    yield KafkaBus(proxy)
    await proxy.stop()


class TestContract(KafkaContract):
    pass
