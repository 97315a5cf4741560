"""Publishes events and counts what became of them, for every way in."""

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


class CountingPublisher:
    """The same promise as the publisher's."""

    def __init__(self, publisher: EventPublisher, *, names: EventNames, metrics: IngestMetrics) -> None:
        self._publisher = publisher
        self._names = names
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
        self._metrics.acknowledged(len(events), not_standard=self._names.count(events))
