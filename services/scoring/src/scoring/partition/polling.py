"""Of which partitions of a worker more records are polled: their inboxes hold what waits to be scored."""

from collections.abc import Mapping

from common.partition_consumer.inbox import Inbox

# A full inbox is left out of the next poll: this bounds memory, and keeps the scorer busy meanwhile. A deep one makes
# deep commits, which write fewer states an event.
MAX_RECORDS = 10_000
MAX_BYTES = 4_000_000
# What the inboxes of a worker hold together before only those with a few records are polled. So no partition starves
# when others cannot commit.
ALL_RECORDS = 24_000
ALL_BYTES = 8_000_000
FEW_RECORDS = 500
FEW_BYTES = 200_000


def choose_polled(inboxes: Mapping[int, Inbox]) -> list[int]:
    """The partitions, of all that a worker owns, of which the next poll may bring more records."""
    records = sum(len(inbox) for inbox in inboxes.values())
    size = sum(inbox.size for inbox in inboxes.values())
    within = records < ALL_RECORDS and size < ALL_BYTES
    most_records, most_bytes = (MAX_RECORDS, MAX_BYTES) if within else (FEW_RECORDS, FEW_BYTES)
    return [number for number, inbox in inboxes.items() if len(inbox) < most_records and inbox.size < most_bytes]
