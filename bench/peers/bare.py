"""aiokafka's bare consume: what the topic gives if nothing is done with it."""

import asyncio

import uvloop
from aiokafka import AIOKafkaConsumer

from bench.peers.stretch import Stretch, asked

AT_ONCE = 500


async def consume(bootstrap: str, topic: str, count: int) -> None:
    stretch = Stretch(count)
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest")
    await consumer.start()
    try:
        while not stretch.over:
            polled = await consumer.getmany(timeout_ms=500, max_records=AT_ONCE)
            if polled:
                stretch.took(sum(map(len, polled.values())))
    finally:
        await consumer.stop()
    stretch.tell()


if __name__ == "__main__":
    wanted = asked()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(consume(wanted.bootstrap, wanted.topic, wanted.count))
