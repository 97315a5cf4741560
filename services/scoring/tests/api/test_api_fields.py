"""The list with some fields of each account: the same values, and nothing computed that nobody asked for."""

import pytest

from scoring.api.answers import Listed
from scoring.api.listed_fields import FACT_FIELDS, ListedField
from support.scoring_api import Api, live
from support.scoring_harness import DAY, START, event

CONSOLE = ("account_id", "name", "arr", "contract_end", "owner", "stage", "band", "score", "reasons", "trend", "as_of")


@pytest.fixture
async def api(stream_api: Api) -> Api:
    await live(stream_api.harness, "acme", days=3, name="Acme", owner="eva@us.test", arr=90_000, parent="group")
    await live(stream_api.harness, "bolt", days=3, contract_end="2026-04-01", tier="low")
    await live(stream_api.harness, "core", days=1, stage="onboarding")
    await stream_api.harness.post(event("core", "contract.cancel_requested", START + 2 * DAY))
    await stream_api.harness.tick(START + 4 * DAY)
    await stream_api.harness.score()
    await stream_api.rank()
    return stream_api


def test_every_field_of_a_row_can_be_asked_for() -> None:
    assert [field.value for field in ListedField] == list(Listed.__struct_fields__)
    for field in FACT_FIELDS:
        assert field in Listed.__struct_fields__


async def test_a_row_of_some_fields_has_what_the_whole_row_has(api: Api) -> None:
    asked = {"trend_days": 28, "exact": True, "limit": 2}
    whole = await api.get("/v1/accounts", **asked)
    assert any(row["forecast"] for row in whole["accounts"])
    for fields in (CONSOLE, *([field.value] for field in ListedField)):
        some = await api.get("/v1/accounts", **asked, fields=fields)
        expected = [{field: row[field] for field in fields} for row in whole["accounts"]]
        assert some == {**whole, "accounts": expected}, fields


async def test_the_pages_of_a_walk_may_have_fewer_fields(api: Api) -> None:
    first = await api.get("/v1/accounts", limit=2)
    rest = await api.get("/v1/accounts", limit=2, cursor=first["next_cursor"], fields="account_id")
    found = [row["account_id"] for page in (first, rest) for row in page["accounts"]]
    assert sorted(found) == ["acme", "bolt", "core"]


async def test_facts_alone_are_answered_of_a_state_that_cannot_be_read(api: Api) -> None:
    await api.execute("UPDATE scoring.state SET body = '\\x00' WHERE account_id = 'acme'")
    rows = (await api.get("/v1/accounts", starts_with="acme", fields=["name", "arr"]))["accounts"]
    assert rows == [{"name": "Acme", "arr": 90_000}]
    (row,) = (await api.get("/v1/accounts", starts_with="acme", fields=["name", "score", "error"]))["accounts"]
    assert (row["name"], row["score"]) == ("Acme", None)
    assert row["error"]


async def test_a_field_that_no_row_has_is_refused(api: Api) -> None:
    answer = await api.ask("/v1/accounts", fields="nonsense")
    assert answer.status_code == 422
