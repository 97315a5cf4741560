"""Of which partitions of a worker more records are polled: their inboxes hold what waits to be handled."""

from collections.abc import Mapping
from dataclasses import dataclass

from common.partition_consumer.inbox import Inbox


@dataclass(frozen=True, kw_only=True)
class InboxLimits:
    """They bound the memory for what was polled. A full inbox is left out of the next poll.

    Once all inboxes of a worker together hold `all_records` or `all_bytes`, only those with less than `few_records` and
    `few_bytes` are polled. So no partition starves when others cannot commit.
    """

    max_records: int
    max_bytes: int = 4_000_000
    all_records: int = 24_000
    all_bytes: int = 8_000_000
    few_records: int = 500
    few_bytes: int = 200_000

    def choose_polled(self, inboxes: Mapping[int, Inbox]) -> list[int]:
        """The partitions, of all that a worker owns, of which the next poll may bring more records."""
        records = sum(len(inbox) for inbox in inboxes.values())
        size = sum(inbox.size for inbox in inboxes.values())
        most_records, most_bytes = self.max_records, self.max_bytes
        if records >= self.all_records or size >= self.all_bytes:
            most_records, most_bytes = min(most_records, self.few_records), self.few_bytes
        return [number for number, inbox in inboxes.items() if len(inbox) < most_records and inbox.size < most_bytes]
