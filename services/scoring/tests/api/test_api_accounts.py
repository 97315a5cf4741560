"""The list: what is filtered and how it is sorted. Pages are in `test_api_pages`, rankings in `test_api_ranking`."""

from typing import Any

import pytest

from support.scoring_api import Api, live
from support.scoring_harness import DAY, START, event

COMPANIES: dict[str, dict[str, Any]] = {
    "acme": {
        "name": "Acme",
        "tier": "high",
        "country": "US",
        "segment": "mid",
        "owner": "eva@us.test",
        "arr": 90_000,
        "contract_end": "2026-04-01",
    },
    "bolt": {
        "name": "bolt",
        "tier": "low",
        "country": "DE",
        "owner": "Eva@us.test",
        "arr": 5_000,
        "contract_end": "2027-03-01",
    },
    "core": {"name": "Acrobat", "tier": "low", "country": "DE", "owner": "tom@us.test", "stage": "onboarding"},
    "dusk": {"stage": "no such stage", "arr": 0, "contract_end": "2026-03-01"},
}


@pytest.fixture
async def api(stream_api: Api) -> Api:
    for account_id, facts in COMPANIES.items():
        await live(stream_api.harness, account_id, days=3, **facts)
    await stream_api.harness.tick(START + 3 * DAY)
    await stream_api.harness.score()
    return stream_api


FILTERS: list[tuple[dict[str, Any], str]] = [
    ({}, "acme bolt core dusk"),
    ({"tier": "low"}, "bolt core"),
    ({"country": "DE"}, "bolt core"),
    ({"segment": ["mid", "large"]}, "acme"),
    ({"country": ["US", "FR"]}, "acme"),
    ({"tier": ["low", "high"]}, "acme bolt core"),
    ({"tier": "low", "owner": "eva@us.test"}, "bolt"),
    ({"owner": "nobody"}, ""),
    ({"owner": "EVA@Us.test"}, "acme bolt"),  # as people compare addresses
    ({"owner": ["TOM@us.test", "nobody"]}, "core"),
    # What the card does not know as a stage is scored as adoption, and so is who never said.
    ({"stage": "adoption"}, "acme bolt dusk"),
    ({"stage": ["onboarding", "renewal"]}, "core"),
    ({"min_arr": 5000}, "acme bolt"),
    ({"max_arr": 5000}, "bolt dusk"),
    ({"min_arr": 1, "max_arr": 6000}, "bolt"),
    ({"contract_end_from": "2026-04-01"}, "acme bolt"),
    ({"contract_end_to": "2026-04-01"}, "acme dusk"),
    # Today is the day of the stream, 5 March 2026; a contract that has ended is up for nothing.
    ({"renewal_within_days": 27}, "acme"),
    ({"renewal_within_days": 26}, ""),
    ({"renewal_within_days": 400}, "acme bolt"),
    ({"renewal_within_days": 400, "contract_end_from": "2026-05-01"}, "bolt"),
    # A contract that ends today is not over yet.
    ({"renewal_overdue": "true"}, "dusk"),
    ({"renewal_overdue": "true", "contract_end_to": "2026-04-01"}, "dusk"),
    ({"renewal_overdue": "true", "renewal_within_days": 400}, ""),
    ({"renewal_overdue": "false"}, "acme bolt core dusk"),
    ({"starts_with": "AC"}, "acme core"),
    ({"starts_with": "bo"}, "bolt"),
    ({"starts_with": "%"}, ""),
    ({"starts_with": "a_"}, ""),
    ({"band": ["green", "yellow", "red", "insufficient_data"]}, "acme bolt core dusk"),
]


async def test_filters_hold_together(api: Api) -> None:
    for query, expected in FILTERS:
        answer = await api.get("/v1/accounts", **query)
        assert sorted(row["account_id"] for row in answer["accounts"]) == expected.split(), query
        assert answer["total"] == len(answer["accounts"])


async def test_who_has_left_is_listed_only_when_asked_for(api: Api) -> None:
    later = START + 4 * DAY
    await api.harness.post(event("acme", "contract.cancel_requested", later), event("bolt", "contract.ended", later))
    await api.harness.score()
    assert sorted(await api.ids()) == ["acme", "core", "dusk"]
    assert await api.ids(status="leaving") == ["acme"]
    assert await api.ids(status="churned") == ["bolt"]
    assert sorted(await api.ids(status=["active", "churned"])) == ["bolt", "core", "dusk"]
    bolt = await api.get("/v1/accounts/bolt")
    assert (bolt["status"], bolt["forecast"]) == ("churned", None)
    await api.harness.post(event("bolt", "contract.started", later + DAY))
    await api.harness.score()
    assert sorted(await api.ids()) == ["acme", "bolt", "core", "dusk"]


async def test_who_was_merged_is_listed_only_when_asked_for_and_says_into_whom(api: Api) -> None:
    later = START + 4 * DAY
    await api.harness.post(event("bolt", "contract.ended", later))
    await api.harness.post(event("bolt", "account.merged", later, properties={"into": "core/1"}))
    await api.harness.score()
    assert sorted(await api.ids()) == ["acme", "core", "dusk"]
    assert await api.ids(status="merged") == ["bolt"]
    assert await api.ids(status="churned") == []
    assert sorted(await api.ids(status=["merged", "active"])) == ["acme", "bolt", "core", "dusk"]
    bolt = await api.get("/v1/accounts/bolt")
    assert (bolt["status"], bolt["forecast"]) == ("merged", None)
    assert bolt["merged_into"] == {"account_id": "core/1", "path": "/v1/accounts/core%2F1"}
    assert "goes on as another one" in bolt["band_words"]
    assert (await api.get("/v1/accounts/core"))["merged_into"] is None
    await api.rank()
    assert sorted(await api.ids()) == ["acme", "core", "dusk"]
    assert await api.harness.scalar("SELECT count(*) FROM scoring.ranking WHERE account_id = 'bolt'") == 0


SORTS = [
    ("arr", "dusk bolt acme core"),
    ("-arr", "acme bolt dusk core"),  # unknown comes last either way
    ("renewal", "dusk acme bolt core"),
    ("-renewal", "bolt acme dusk core"),
    ("name", "acme core bolt dusk"),
    ("-name", "dusk bolt core acme"),
]


async def test_sorts_by_what_is_stored(api: Api) -> None:
    for sort, expected in SORTS:
        assert await api.ids(sort=sort) == expected.split(), sort


async def test_the_band_is_sorted_by_how_bad_it_is(api: Api) -> None:
    for band, account_id in (("green", "acme"), ("red", "bolt"), ("insufficient_data", "core"), ("yellow", "dusk")):
        await api.execute("UPDATE scoring.account SET band = :band WHERE account_id = :id", band=band, id=account_id)
    assert await api.ids(sort="band") == ["bolt", "dusk", "core", "acme"]
    assert await api.ids(sort="-band") == ["acme", "core", "dusk", "bolt"]
    assert await api.ids(band="red") == ["bolt"]


async def test_a_row_says_why_and_what_comes_next(api: Api) -> None:
    (row,) = (await api.get("/v1/accounts", starts_with="Acme"))["accounts"]
    full = await api.get("/v1/accounts/acme")
    assert row["name"] == "Acme"
    assert row["contract_end"] == "2026-04-01"
    assert row["error"] is None
    for same in ("score", "band", "coverage", "stage", "forecast", "as_of"):
        assert row[same] == full[same], same
    assert row["drivers"] == full["drivers"][:3]
    assert row["drivers"]
