"""What a client sent, as it stands on the log."""

from collections.abc import Sequence

from common.bus.ports import Outgoing
from common.contracts.events import Event, Tick, decode_events_record, encode_events_record
from support.audit import read
from support.system import System


async def on_the_log(system: System, account: str) -> list[Event]:
    """All events of an account, in the order of the log, copies included."""
    topic, partition = system.deployment.topics.events, system.partition_of(account)
    # Only the acknowledgement of a later record tells how far the log reaches.
    (ack,) = await system.append(topic, [Outgoing(partition, None, encode_events_record(Tick()))])
    records = await read(system, topic, {partition: ack.offset + 1})
    events = [decode_events_record(record.value or b"") for record in records]
    return [event for event in events if isinstance(event, Event) and event.account_id == account]


def counted(events: Sequence[Event]) -> list[Event]:
    """As scoring counts them: the first of each (source, account, id)."""
    first: dict[tuple[str, str, str], Event] = {}
    for event in events:
        first.setdefault((event.source, event.account_id, event.event_id), event)
    return list(first.values())
