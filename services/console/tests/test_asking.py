"""A page waits for every service that it has asked, whatever one of them answers."""

import asyncio

import pytest

from console.clients.asking import Asking
from console.errors import ApiRefused, ApiUnavailable, ServiceName

REFUSED = ApiRefused(ServiceName.SCORING, 422, "bad_cursor", "next_cursor: cannot be read")
UNKNOWN = ApiRefused(ServiceName.ALERTS, 404, "not_found", "no such alert")


async def failing(error: Exception) -> str:
    raise error


async def slow(answered: list[str]) -> str:
    await asyncio.sleep(0.01)
    answered.append("slow")
    return "slow"


async def test_who_is_slow_is_waited_for_when_another_has_refused() -> None:
    asking, answered = Asking(), list[str]()
    refused, late = await asyncio.gather(asking.of(failing(REFUSED)), asking.of(slow(answered)))
    assert (refused, late, answered) == (None, "slow", ["slow"])
    with pytest.raises(ApiRefused, match="bad_cursor"):
        asking.check()


async def test_the_rest_is_shown_while_one_service_is_away() -> None:
    asking = Asking()
    away = await asking.of(failing(ApiUnavailable(ServiceName.ALERTS, "refused")))
    came = await asking.of(slow([]))
    asking.check()
    asking.check(away, came)
    assert asking.away == (ServiceName.ALERTS,)
    with pytest.raises(ApiUnavailable):
        asking.check(away)


async def test_a_part_that_is_missing_is_no_reason_while_every_service_answers() -> None:
    asking = Asking()
    asking.check(await asking.of(failing(UNKNOWN), unknown=True))


async def test_what_may_be_unknown_is_no_refusal() -> None:
    asking = Asking()
    assert await asking.of(failing(UNKNOWN), unknown=True) is None
    asking.check()
    await asking.of(failing(UNKNOWN))
    assert asking.refused
