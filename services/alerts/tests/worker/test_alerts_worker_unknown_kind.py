"""A signal of a kind that this release does not know is recorded, decided and told, not stepped over."""

from datetime import timedelta

from msgspec.structs import replace

from alerts.samples import NOON
from alerts.signals.signal_kinds import unknown_kind
from common.bus.partitioner import partition_of
from common.contracts.signals import Severity, Signal, encode_signals_record
from support.alerts_decisions import flag
from support.alerts_replicas import PARTITIONS, ReplicasHarness, titles

PEER_RANK = unknown_kind("peer_rank")
HERE = partition_of(b"cust-001", PARTITIONS)


def peer_rank(name: str, *, hours: float = 0.0) -> Signal:
    return replace(flag(name, hours=hours, severity=Severity.WARNING), kind=PEER_RANK)


async def test_it_is_recorded_and_told_by_its_plain_name(replicas: ReplicasHarness) -> None:
    await replicas.start()
    await replicas.tell(peer_rank("two_flags"))
    await replicas.settled()
    assert titles(replicas.post.arrived) == ["🟡 Birch Foods: peer rank two flags"]
    assert await replicas.rows("SELECT kind, \"to\", body->>'kind' FROM alerts.alert") == [
        ("peer_rank", "two_flags", "peer_rank")
    ]
    assert await replicas.reasons() == [("two_flags", "new")]
    assert replicas.count("signals_total", outcome="unreadable") == 0


async def test_it_is_not_repeated_within_the_repeat_interval(replicas: ReplicasHarness) -> None:
    await replicas.start()
    await replicas.tell(peer_rank("two_flags"))
    await replicas.settled()
    await replicas.tell(peer_rank("two_flags", hours=1))
    await replicas.settled()
    assert await replicas.reasons() == [("two_flags", "new"), ("two_flags", "told within the repeat interval")]


async def test_a_late_one_waits_for_caught_up_and_is_then_told(replicas: ReplicasHarness) -> None:
    await replicas.start()
    late = peer_rank("two_flags", hours=-2)
    await replicas.append(HERE, encode_signals_record(late))
    await replicas.settled()
    assert replicas.post.arrived == []
    await replicas.caught_up(HERE)
    await replicas.settled()
    assert titles(replicas.post.arrived) == ["🟡 Birch Foods: peer rank two flags"]
    assert late.at < NOON - timedelta(hours=1)


async def test_a_pending_one_is_decided_again_with_what_comes_after_it(replicas: ReplicasHarness) -> None:
    await replicas.tell(peer_rank("two_flags"))
    await replicas.start(max_records=1)
    await replicas.tell(flag("support_storm", hours=0.01))
    await replicas.settled()
    assert {to for to, reason in await replicas.reasons() if reason == "new"} == {"two_flags", "support_storm"}
    assert replicas.count("rows_unreadable_total") == 0
