"""The order by score: made in the background, whole or not at all, and kept for those who are on their way through."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from common.database_errors import DatabaseUnavailable
from scoring.api.refresher import RankingWriter
from scoring.postgres.rankings import PostgresRankingStore
from support.scoring_api import KEEP, Api, live
from support.scoring_harness import DAY, START, event

SINCE = {"gone": 10, "late": 16, "here": 20}


@pytest.fixture
async def api(stream_api: Api) -> Api:
    """Three accounts, the one that is silent for longest scores worst."""
    for account_id, days in SINCE.items():
        await live(stream_api.harness, account_id, days=days)
    await stream_api.harness.tick(START + 20 * DAY)
    await stream_api.harness.score()
    return stream_api


async def test_before_the_first_ranking_accounts_are_listed_by_id_and_no_order_is_claimed(api: Api) -> None:
    answer = await api.get("/v1/accounts")
    assert [row["account_id"] for row in answer["accounts"]] == ["gone", "here", "late"]
    assert answer["ordered_as_of"] is None
    assert all(row["score"] is not None for row in answer["accounts"])


async def test_rows_are_of_now_though_the_order_is_of_the_ranking(api: Api) -> None:
    await api.rank()
    before = await api.get("/v1/accounts")
    await api.harness.tick(START + 23 * DAY)
    await api.harness.post(event("gone", "session.started", START + 23 * DAY, user_id="ann"))
    await api.harness.score()
    after = await api.get("/v1/accounts")
    assert [row["account_id"] for row in after["accounts"]] == ["gone", "late", "here"]
    assert moment(after["ordered_as_of"]) == moment(before["ordered_as_of"]) == START + 20 * DAY
    assert moment(after["as_of"]) == START + 23 * DAY
    for row in after["accounts"]:
        assert row["score"] == (await api.get(f"/v1/accounts/{row['account_id']}"))["score"]

    await api.rank()
    assert await api.ids() == ["late", "here", "gone"]
    assert await api.ids(sort="-score") == ["gone", "here", "late"]
    assert moment((await api.get("/v1/accounts"))["ordered_as_of"]) == START + 23 * DAY


async def test_orders_that_follow_no_score_claim_no_other_moment(api: Api) -> None:
    await api.rank()
    assert (await api.get("/v1/accounts", sort="name"))["ordered_as_of"] is None


async def test_an_account_that_no_ranking_has_met_is_listed_last_either_way(api: Api) -> None:
    await api.rank()
    await live(api.harness, "acme", days=20)
    await api.harness.score()
    assert await api.ids() == ["gone", "late", "here", "acme"]
    assert await api.ids(sort="-score") == ["here", "late", "gone", "acme"]
    assert await api.walk(limit=1) == ["gone", "late", "here", "acme"]
    await api.rank()
    assert "acme" in (await api.ids())[:3]


async def test_an_account_that_cannot_be_read_is_listed_last_with_its_error(api: Api) -> None:
    await api.execute("UPDATE scoring.state SET body = 'nonsense' WHERE account_id = 'late'")
    await api.rank()
    for sort, expected in (("score", ["gone", "here", "late"]), ("-score", ["here", "gone", "late"])):
        answer = await api.get("/v1/accounts", sort=sort)
        assert [row["account_id"] for row in answer["accounts"]] == expected
        assert answer["accounts"][-1]["error"]


async def test_a_walk_sees_one_order_whatever_is_ranked_meanwhile(api: Api) -> None:
    await api.rank()
    first = await api.get("/v1/accounts", limit=1)
    await api.harness.post(event("gone", "session.started", START + 20 * DAY, user_id="ann"))
    await api.harness.post(event("here", "contract.cancel_requested", START + 20 * DAY))
    await api.harness.score()
    await move(api, "gone", "here")
    second = await api.get("/v1/accounts", limit=1, cursor=first["next_cursor"])
    third = await api.get("/v1/accounts", limit=1, cursor=second["next_cursor"])
    pages = (first, second, third)
    assert [page["accounts"][0]["account_id"] for page in pages] == ["gone", "late", "here"]
    assert len({page["ordered_as_of"] for page in pages}) == 1
    assert third["next_cursor"] is None


async def test_a_walk_that_began_before_the_first_ranking_meets_every_account(api: Api) -> None:
    first = await api.get("/v1/accounts", limit=1)
    await api.rank()
    rest = await api.get("/v1/accounts", cursor=first["next_cursor"])
    assert [row["account_id"] for row in (*first["accounts"], *rest["accounts"])] == ["gone", "here", "late"]


async def test_an_order_is_kept_for_a_while_after_the_next_one_and_then_the_walk_goes_on_in_the_newest(
    api: Api,
) -> None:
    await api.rank()
    first = await api.get("/v1/accounts", limit=1)
    api.harness.clock.now += 100 * KEEP  # for that long nothing replaced it
    await move(api, "gone", "here")
    assert await behind(api, first) == ["late", "here"]

    api.harness.clock.now += KEEP - 1
    await api.rank()
    assert await behind(api, first) == ["late", "here"]

    api.harness.clock.now += 1
    await api.rank()
    assert await behind(api, first) == ["here", "late", "gone"], "one that has moved is shown twice"
    assert await api.harness.scalar("SELECT count(*) FROM scoring.finished_ranking") == 3
    assert await api.harness.scalar("SELECT count(*) FROM scoring.ranking") == 9


async def test_a_ranking_that_was_not_finished_is_never_read_and_goes_with_time(api: Api) -> None:
    await api.rank()
    await api.execute("UPDATE scoring.state SET body = body")
    stopped = asyncio.Event()
    stopped.set()
    await api.refresher.refresh(stopped)
    await api.execute("INSERT INTO scoring.ranking SELECT 'gone', nextval('scoring.ranking_id'), 100")
    assert await api.ids() == ["gone", "late", "here"]
    api.harness.clock.now += 1
    await api.rank()
    api.harness.clock.now += KEEP
    await api.rank()
    assert await api.harness.scalar("SELECT count(*) FROM scoring.ranking") == 6


async def test_one_process_at_a_time_makes_a_ranking(api: Api) -> None:
    rankings = PostgresRankingStore(api.harness.engine, patience=5.0)
    async with rankings.exclusive_writer() as store:
        assert store is not None
        await api.rank()
        assert await api.harness.scalar("SELECT count(*) FROM scoring.finished_ranking") == 0
    await api.rank()
    assert await api.harness.scalar("SELECT count(*) FROM scoring.finished_ranking") == 1


async def test_what_another_process_has_just_made_is_not_made_again(api: Api) -> None:
    another = api.refreshes(PostgresRankingStore(api.harness.engine, patience=5.0), every=10.0)
    await api.rank()
    for seconds, rankings in ((0.0, 1), (4.0, 1), (6.0, 2)):
        api.harness.clock.now += seconds
        await another.refresh(asyncio.Event())
        assert await api.harness.scalar("SELECT count(*) FROM scoring.finished_ranking") == rankings


async def test_rankings_go_on_when_the_database_is_back(api: Api) -> None:
    store = AwayAtFirst(PostgresRankingStore(api.harness.engine, patience=5.0), times=2)
    stop = asyncio.Event()
    await api.active_card.read()
    running = asyncio.create_task(api.refreshes(store, every=0.01).run(stop))
    with capture_logs() as logs:
        await api.harness.until(lambda: store.asked > 3)
        stop.set()
        await running
    assert (await api.get("/v1/accounts"))["ordered_as_of"] is not None
    assert [line["event"] for line in logs].count("ranking.gave_up") == 1, "told once"


class AwayAtFirst:
    """Rankings in a database that does not answer some times."""

    def __init__(self, store: PostgresRankingStore, *, times: int) -> None:
        self.asked = 0
        self._store = store
        self._times = times

    @asynccontextmanager
    async def exclusive_writer(self) -> AsyncIterator[RankingWriter | None]:
        self.asked += 1
        if self.asked <= self._times:
            raise DatabaseUnavailable("away")
        async with self._store.exclusive_writer() as store:
            yield store


async def test_the_commit_of_a_worker_writes_no_ranking(api: Api) -> None:
    await api.rank()
    before = await rows(api)
    await live(api.harness, "acme", days=3)
    await api.harness.score()
    assert await rows(api) == before


async def behind(api: Api, page: dict[str, str]) -> list[str]:
    return await api.ids(cursor=page["next_cursor"])


async def move(api: Api, *account_ids: str) -> None:
    """A new ranking in which the states of these two have been exchanged."""
    first, second = account_ids
    await api.execute(
        "UPDATE scoring.state SET body = other.body FROM scoring.state AS other WHERE (state.account_id, "
        "other.account_id) IN ((:first, :second), (:second, :first))",
        first=first,
        second=second,
    )
    await api.rank()


async def rows(api: Api) -> list[tuple[object, ...]]:
    async with api.harness.engine.connect() as connection:
        found = await connection.execute(text("SELECT * FROM scoring.ranking ORDER BY account_id"))
        return [tuple(row) for row in found]


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
