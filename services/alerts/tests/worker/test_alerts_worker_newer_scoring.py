"""A newer scoring publishes before alerts is upgraded: from the bytes on the topic to the message and the read API."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from alerts.signals.decoding import decode_record, decode_signal
from common.bus.partitioner import partition_of
from common.contracts.signals import Signal, decode_signals_record
from common.topics import Topics
from support.alerts_api import AlertsApi, Rows, alerts_api
from support.alerts_replicas import PARTITIONS, ReplicasHarness, titles
from support.golden import golden_records, newer, revisions

TOPIC = Topics().signals
BAND = (revisions(TOPIC)[-1] / "band.json").read_bytes().replace(b'"history":true', b'"history":false')
HERE = partition_of(b"acme", PARTITIONS)


@pytest.fixture
async def api(replicas: ReplicasHarness) -> AsyncIterator[AlertsApi]:
    async with alerts_api(Rows(replicas.engine)) as built:
        yield built


async def read(replicas: ReplicasHarness, *bodies: bytes) -> None:
    """Published as they are, at the moment of today's golden signal."""
    signal = decode_record(BAND)
    assert isinstance(signal, Signal)
    replicas.clock.now = signal.at.timestamp()
    await replicas.start()
    for body in bodies:
        await replicas.append(HERE, body)
    await replicas.settled()


async def test_a_signal_of_an_unknown_kind_is_recorded_told_plainly_and_shown(
    replicas: ReplicasHarness, api: AlertsApi
) -> None:
    body = newer(TOPIC, "unknown_kind")
    with pytest.raises(msgspec.ValidationError):
        decode_signals_record(body)  # the contract of today does not know it
    await read(replicas, body)
    signal = decode_signal(body)
    assert titles(replicas.post.arrived) == ["🔴 Acme: peer rank two flags"]
    assert await replicas.reasons("acme") == [("two_flags", "new")]
    assert replicas.count("signals_total", outcome="unreadable") == 0
    shown = await api.one(signal)
    assert (shown["what"], shown["signal"]["kind"]) == ("peer rank two flags", "peer_rank")
    assert [one["status"] for one in shown["notifications"]] == ["sent"]
    [listed] = await api.list(account="acme")
    assert (listed["kind"], listed["error"]) == ("peer_rank", None)


async def test_fields_that_a_newer_scoring_added_change_nothing(replicas: ReplicasHarness, api: AlertsApi) -> None:
    await read(replicas, newer(TOPIC, "unknown_fields"))
    as_today = decode_record(BAND)
    assert isinstance(as_today, Signal)
    assert decode_record(newer(TOPIC, "unknown_fields")) == as_today
    assert titles(replicas.post.arrived) == ["🔴 Acme: asked to cancel, now red (72 → 38)"]
    assert msgspec.convert((await api.one(as_today))["signal"], Signal) == as_today


async def test_a_record_of_an_unknown_type_is_counted_and_what_comes_after_it_is_told(
    replicas: ReplicasHarness,
) -> None:
    await read(replicas, newer(TOPIC, "unknown_type"), BAND)
    assert replicas.count("signals_total", outcome="unreadable") == 1
    assert titles(replicas.post.arrived) == ["🔴 Acme: asked to cancel, now red (72 → 38)"]


@pytest.mark.parametrize("path", golden_records(TOPIC), ids=lambda path: "/".join(path.parts[-3:]))
def test_alerts_reads_golden_records_of_every_revision(path: Path) -> None:
    """From the topic, and as it stored them."""
    record = decode_record(path.read_bytes())
    assert record == decode_signals_record(path.read_bytes())
    assert not isinstance(record, Signal) or decode_signal(path.read_bytes()) == record
