"""Bad connections against ingest with the guard, behind Caddy and not; and what they do where it is missing."""

from pathlib import Path

import pytest

from fuzz import guards
from fuzz.connections import Caller
from fuzz.guards import ALONE, BOTH, GUARDED, PASSING_OFFERS, PASSING_OFFERS_GUARDED, Arrangement
from fuzz.smuggling import OFFER
from support import reverse_proxy

pytestmark = pytest.mark.servers

CADDY = pytest.mark.skipif(not reverse_proxy.available(), reason=reverse_proxy.MISSING)
PROTECTED = [GUARDED, pytest.param(BOTH, marks=CADDY)]


@pytest.mark.parametrize("arrangement", PROTECTED)
async def test_each_bad_connection_ends_and_nothing_is_executed_but_its_requests(
    arrangement: Arrangement, tmp_path: Path
) -> None:
    found = await guards.attacked(arrangement, tmp_path)
    assert found.keys() == set(guards.WAYS)
    assert [way.__name__ for way, result in found.items() if not result.ended] == []
    assert {way.__name__: result.smuggled for way, result in found.items() if result.smuggled} == {}
    assert [way.__name__ for way, result in found.items() if result.repeated] == []


@pytest.mark.parametrize("arrangement", PROTECTED)
async def test_silent_connections_take_no_place_for_long(arrangement: Arrangement, tmp_path: Path) -> None:
    assert await guards.served_after(arrangement, tmp_path) is not None


async def test_uvicorn_alone_keeps_connections_and_executes_a_body(tmp_path: Path) -> None:
    """Once it does not, the guard can go."""
    kept = [Caller.silent, Caller.slow_head, Caller.endless_head, Caller.never_reads]
    found = await guards.attacked(ALONE, tmp_path, [*kept, OFFER])
    assert [way for way in kept if found[way].ended] == []
    assert found[OFFER].smuggled > 0


@CADDY
async def test_a_proxy_that_passes_offers_on_has_a_body_executed_unless_there_is_the_guard(tmp_path: Path) -> None:
    """Caddy passes them on unless its file says otherwise."""
    assert (await guards.attacked(PASSING_OFFERS, tmp_path, [OFFER]))[OFFER].smuggled > 0
    assert (await guards.attacked(PASSING_OFFERS_GUARDED, tmp_path, [OFFER]))[OFFER].smuggled == 0
