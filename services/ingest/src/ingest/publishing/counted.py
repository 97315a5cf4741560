"""Publishes events and counts them, for events, SDKs and webhooks."""

import time
from collections.abc import Sequence
from typing import Protocol

from common.contracts.events import Event
from ingest.metrics import IngestMetrics
from ingest.publishing.event_names import EventNames
from ingest.publishing.publisher import NotAcknowledged


class EventPublisher(Protocol):
    async def publish(self, events: Sequence[Event]) -> None:
        """Raises `NotAcknowledged`."""


class SourceCounts(Protocol):
    def accepted(self, source: str, events: Sequence[Event], *, not_standard: int) -> None:
        """Counts the acknowledged events of one request, at least one."""


class CountingPublisher:
    """Publishes, then counts what Kafka has acknowledged; otherwise like the publisher behind it."""

    def __init__(
        self, publisher: EventPublisher, *, names: EventNames, sources: SourceCounts, metrics: IngestMetrics
    ) -> None:
        self._publisher = publisher
        self._names = names
        self._sources = sources
        self._metrics = metrics

    async def publish(self, events: Sequence[Event]) -> None:
        """Returns after every acknowledgement. Raises `NotAcknowledged`."""
        began = time.perf_counter()
        try:
            await self._publisher.publish(events)
        except NotAcknowledged:
            self._metrics.not_acknowledged(len(events))
            raise
        finally:
            self._metrics.published(time.perf_counter() - began)
        not_standard = self._names.count(events)
        self._metrics.acknowledged(len(events), not_standard=not_standard)
        self._sources.accepted(events[-1].source, events, not_standard=not_standard)
