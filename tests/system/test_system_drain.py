"""Guarantee 1, and how a process ends: what is in flight is finished, what was accepted is counted."""

from support.audit import audit
from support.load import loaded
from support.service import Service
from support.system import System


async def ends_in_good_order(service: Service) -> None:
    assert await service.terminate() == 0, service.last_words()
    assert service.said("process.ended", drained=True, failed=None), service.last_words()


async def test_processes_that_are_told_to_end_under_load_lose_nothing(embedded: System) -> None:
    await embedded.up("ingest", "worker", "api")
    async with loaded(embedded) as load:
        for name in ("worker", "ingest"):
            await embedded.commits(10)
            await ends_in_good_order(embedded.the(name))
            await embedded.up(name)
        await embedded.commits(10)
    await embedded.scored()
    for name in ("ingest", "worker", "api"):
        await ends_in_good_order(embedded.the(name))
    found = await audit(embedded, accepted=load.accepted)
    assert found.figures.duplicates >= load.again > 0
    assert found.figures.signals > 0


async def test_ingest_killed_under_load_has_lost_nothing_that_it_accepted(embedded: System) -> None:
    await embedded.up("ingest", "worker")
    async with loaded(embedded) as load:
        await embedded.commits(10)
        embedded.the("ingest").kill()
        await embedded.up("ingest")
        await embedded.commits(10)
    await embedded.scored()
    assert await embedded.the("worker").terminate() == 0
    assert load.waits > 0, "it was missed"
    await audit(embedded, accepted=load.accepted)
