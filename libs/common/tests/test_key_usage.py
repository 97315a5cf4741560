"""When keys were last used: written once a minute, in one statement, and never lost to an outage."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from structlog.testing import capture_logs

from common.key_usage import KeyUsage
from common.keys import KeysUnavailable

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Written:
    """Keeps what was written; `away` simulates an outage."""

    def __init__(self) -> None:
        self.away = False
        self.written: list[dict[str, datetime]] = []
        self.asked = asyncio.Event()

    async def note_used(self, used: Mapping[str, datetime]) -> None:
        self.asked.set()
        if self.away:
            raise KeysUnavailable("away")
        self.written.append(dict(used))


async def test_all_keys_of_a_round_are_written_at_once_and_only_once() -> None:
    store = Written()
    usage = KeyUsage(store, now=lambda: NOON)
    await usage.write()
    for key_id in ("web", "crm", "web"):
        usage.used.add(key_id)
    await usage.write()
    await usage.write()
    assert store.written == [{"web": NOON, "crm": NOON}]


async def test_a_use_during_an_outage_keeps_its_time() -> None:
    store, present = Written(), [NOON]
    usage = KeyUsage(store, now=lambda: present[0])
    store.away = True
    usage.used.update(("web", "crm"))
    with capture_logs() as logs:
        await usage.write()
        present[0] += timedelta(minutes=1)
        usage.used.add("web")
        await usage.write()
    assert [line["event"] for line in logs] == ["key_usage.not_written"], "once for each outage"
    store.away = False
    present[0] += timedelta(hours=1)
    await usage.write()
    assert store.written == [{"web": NOON + timedelta(minutes=1), "crm": NOON}]


async def test_the_last_uses_are_written_after_the_stop() -> None:
    store, stop = Written(), asyncio.Event()
    usage = KeyUsage(store, interval=0.001, now=lambda: NOON)
    task = asyncio.create_task(usage.keep_written(stop))
    usage.used.add("web")
    await store.asked.wait()
    usage.used.add("crm")
    stop.set()
    await task
    assert {key_id for round_ in store.written for key_id in round_} == {"web", "crm"}
