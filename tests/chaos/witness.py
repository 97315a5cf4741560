"""What the log, the tables and the sinks hold, read for the checker: the log only as far as it is new."""

from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition

from chaos.check import Evidence, Sessions, event_of
from chaos.traffic import Traffic
from support import reckoning
from support.audit import STORED, WAITING, begun, read, told_of
from support.office import Office
from support.recount import Told
from support.system import System

_SEEN = "SELECT ids FROM scoring.seen"


class Witness:
    """Of one camp. It goes round the proxies."""

    def __init__(self, system: System, office: Office, traffic: Traffic) -> None:
        self._system = system
        self._office = office
        self._traffic = traffic
        self._recounts = begun(system)
        self._sessions = Sessions()
        self._read_to: dict[int, int] = {}
        self._heard_to: dict[int, int] = {}
        self._on_topic: dict[int, list[Told]] = {n: [] for n in self._recounts}

    async def ends(self, topic: str) -> Mapping[int, int]:
        """The next offset of each partition."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self._system.deployment.bootstrap)
        await consumer.start()
        try:
            partitions = [TopicPartition(topic, n) for n in self._recounts]
            return {one.partition: end for one, end in (await consumer.end_offsets(partitions)).items()}
        finally:
            await consumer.stop()

    async def evidence(self) -> Evidence:
        """No worker may run, and alerts must have come to the end of what there is."""
        scored = await self._system.snapshot({**STORED, "seen": _SEEN, "waiting": WAITING})
        await self._recount({row[0]: row[1] for row in scored["position"]})
        await self._listen()
        told = {n: list(each) for n, each in self._on_topic.items()}
        for partition, key, value in scored.pop("waiting"):
            told[partition].append(told_of(key, value))
        return Evidence(
            sent=self._traffic.sent,
            accepted=self._traffic.accepted,
            recounts=self._recounts,
            sessions=self._sessions,
            seen=[bytes(row[0]) for row in scored.pop("seen")],
            scored=scored,
            told=told,
            on_topic=self._on_topic,
            alerted=await self._system.snapshot(reckoning.STORED),
            mails=self._office.mailed,
            posts=self._office.posted,
        )

    async def _recount(self, ends: Mapping[int, int]) -> None:
        topic = self._system.deployment.topics.events
        for record in await read(self._system, topic, ends, starts=self._read_to):
            self._recounts[record.partition].read(record)
            if (event := event_of(record)) is not None:
                self._sessions.read(record, event)
        self._read_to.update(ends)

    async def _listen(self) -> None:
        topic = self._system.deployment.topics.signals
        ends = await self.ends(topic)
        for record in await read(self._system, topic, ends, starts=self._heard_to):
            if record.key is not None and record.value is not None:
                self._on_topic[record.partition].append(told_of(record.key, record.value))
        self._heard_to.update(ends)
