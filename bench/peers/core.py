"""The pure core in process: the topic's events, read beforehand, through `decode` and `apply` and nothing else."""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer

from bench.peers.job import Account, scored, scorer
from bench.peers.stretch import Stretch, asked

AT_ONCE = 2_000


async def read(bootstrap: str, topic: str, count: int) -> list[tuple[str, bytes, int]]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest")
    await consumer.start()
    records: list[tuple[str, bytes, int]] = []
    try:
        while len(records) < count:
            for some in (await consumer.getmany(timeout_ms=500, max_records=AT_ONCE)).values():
                records += [(one.key.decode(), one.value, one.timestamp) for one in some]
    finally:
        await consumer.stop()
    return records


def count_all(records: Sequence[tuple[str, bytes, int]], card: str) -> Stretch:
    stretch, core, accounts = Stretch(len(records)), scorer(card), dict[str, Account]()
    for begin in range(0, len(records), AT_ONCE):
        some = records[begin : begin + AT_ONCE]
        for account_id, value, stamp in some:
            account = accounts.get(account_id)
            if account is None:
                account = accounts[account_id] = core.create(account_id)
            stretch.signals += len(scored(core, account, value, stamp))
        stretch.took(len(some))
    return stretch


if __name__ == "__main__":
    wanted = asked()
    count_all(asyncio.run(read(wanted.bootstrap, wanted.topic, wanted.count)), wanted.card).tell()
