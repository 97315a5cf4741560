"""Pages: whatever the accounts, the order and the filters, a walk meets each account once, where it belongs."""

from datetime import date
from itertools import count
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from scoring.api.cursor import Cursor, InvalidCursor, decode_cursor, encode_cursor
from scoring.postgres import sort_orders
from scoring.postgres.sort_orders import CursorPlace, Order, Sort
from support.examples import examples
from support.scoring_api import Api, live
from support.scoring_harness import DAY, START

FIRST = 7  # the number of the ranking that a test begins with
SEVERITY = ["red", "yellow", "insufficient_data", "green"]


class One(Struct, frozen=True):
    """What the list sorts and filters by; without a `score` no ranking has met the account."""

    account_id: str
    name: str | None
    owner: str | None
    tier: str | None
    arr: float | None
    contract_end: date | None
    band: str | None
    score: float | None


def one_of(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([*values, None])


# Few values of each, so that many are equal: then the account id decides.
ACCOUNTS = st.lists(
    st.builds(
        One,
        account_id=st.text("ab%_é\U0001f600", min_size=1, max_size=3),
        name=one_of("Acme", "acme", "ACME 2", "%", "Émile", "x" * 101, "x" * 102, ""),
        owner=one_of("Ana@x.io", "ana@X.io", " ana@x.io", "JÖRG@x.io", "jörg@x.io", "tom@x.io"),
        tier=one_of("high", "low"),
        arr=one_of(-5.0, 0.0, 0.1, 1e15),
        contract_end=one_of(date(1970, 1, 1), date(2026, 4, 1), date(9998, 12, 31)),
        band=one_of(*SEVERITY),
        score=one_of(0.0, 0.1 + 0.2, 50.0, 100.0),
    ),
    max_size=12,
    unique_by=lambda one: one.account_id,
)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "owner": st.lists(st.sampled_from(["ANA@x.io", "ana@x.io ", "Jörg@x.io", "nobody"]), min_size=1, max_size=2),
        "band": st.lists(st.sampled_from(SEVERITY), min_size=1, max_size=3),
        "tier": st.just(["low"]),
        "min_arr": st.just(0.0),
        "contract_end_to": st.just("2026-04-01"),
        "starts_with": st.sampled_from(["A", "ac", "x", "%", "x" * 102]),
    },
)


@pytest.fixture
async def api(stream_api: Api) -> Api:
    """One account has been scored; every other has its state."""
    await live(stream_api.harness, "model", days=3)
    await stream_api.harness.tick(START + 3 * DAY)
    await stream_api.harness.score()
    return stream_api


@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(accounts=ACCOUNTS, filters=FILTERS, limit=st.integers(1, 5), window=st.sampled_from([0, 3, 2_000]))
async def test_a_walk_is_all_accounts_that_match_each_once_in_order(
    api: Api, accounts: list[One], filters: dict[str, Any], limit: int, window: int
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sort_orders, "WINDOW", window)
        await walked(api, accounts, filters, limit)


async def walked(api: Api, accounts: list[One], filters: dict[str, Any], limit: int) -> None:
    await put(api, accounts)
    matching = [one for one in accounts if matches(one, filters)]
    for sort in Sort:
        expected = [one.account_id for one in in_order(matching, sort)]
        assert await api.walk(**filters, sort=sort.value, limit=limit) == expected, sort
    page = await api.get("/v1/accounts", **filters, limit=500)
    assert page["total"] == len(page["accounts"]) == len(matching)


@settings(
    max_examples=examples(30),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(accounts=ACCOUNTS, sort=st.sampled_from([Sort.SCORE, Sort.SCORE_DOWN]), random=st.randoms())
async def test_a_walk_keeps_its_order_whatever_is_ranked_between_its_pages(
    api: Api, accounts: list[One], sort: Sort, random: Random
) -> None:
    await put(api, accounts)
    found: list[str] = []
    cursor: dict[str, str] = {}
    for number in count(FIRST + 1):
        page = await api.get("/v1/accounts", sort=sort.value, limit=2, **cursor)
        found += [row["account_id"] for row in page["accounts"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
        await rank(api, number, {one.account_id: random.choice([0.0, 30.0, 50.0, 100.0]) for one in accounts})
    assert found == [one.account_id for one in in_order(accounts, sort)]


async def put(api: Api, accounts: list[One]) -> None:
    """These, and no other."""
    await api.execute("TRUNCATE scoring.ranking, scoring.finished_ranking")
    await api.execute("DELETE FROM scoring.account")
    for one in accounts:
        await api.execute(
            "INSERT INTO scoring.account (account_id, partition, name, owner, tier, arr, contract_end, band) "
            "VALUES (:account_id, 0, :name, :owner, :tier, :arr, :contract_end, :band)",
            **{name: getattr(one, name) for name in One.__struct_fields__ if name != "score"},
        )
        await api.execute(
            "INSERT INTO scoring.state SELECT :account_id, partition, body FROM scoring.state "
            "WHERE account_id = 'model' ON CONFLICT DO NOTHING",
            account_id=one.account_id,
        )
    await rank(api, FIRST, {one.account_id: one.score for one in accounts if one.score is not None})


async def rank(api: Api, number: int, scores: dict[str, float]) -> None:
    for account_id, score in scores.items():
        await api.execute(
            "INSERT INTO scoring.ranking VALUES (:account_id, :number, :score)",
            account_id=account_id,
            number=number,
            score=score,
        )
    await api.execute("INSERT INTO scoring.finished_ranking VALUES (:number, 0, 0, 0)", number=number)


def matches(one: One, filters: dict[str, Any]) -> bool:
    same = {owner.strip().casefold() for owner in filters.get("owner", ())}
    start = filters.get("starts_with", "").lower()
    return all(
        (
            not same or (one.owner is not None and one.owner.strip().casefold() in same),
            "band" not in filters or one.band in filters["band"],
            "tier" not in filters or one.tier in filters["tier"],
            "min_arr" not in filters or (one.arr is not None and one.arr >= 0.0),
            "contract_end_to" not in filters or (one.contract_end is not None and one.contract_end <= date(2026, 4, 1)),
            any(text.lower().startswith(start) for text in (one.name, one.account_id) if text is not None),
        )
    )


def in_order(accounts: list[One], sort: Sort) -> list[One]:
    with_key = [(found, one) for one in accounts if (found := key(one, sort.by)) is not None]
    without = [one for one in accounts if key(one, sort.by) is None]
    with_key.sort(key=lambda pair: (pair[0], pair[1].account_id), reverse=sort.descending)
    return [one for _, one in with_key] + sorted(without, key=lambda one: one.account_id)


def key(one: One, by: Sort) -> Any:
    match by:
        case Sort.SCORE:
            return one.score
        case Sort.ARR:
            return one.arr
        case Sort.RENEWAL:
            return one.contract_end
        case Sort.NAME:
            return (one.account_id if one.name is None else one.name)[:100].lower()
        case _:
            return None if one.band is None else SEVERITY.index(one.band)


async def test_a_page_that_ends_with_the_last_account_is_the_last_page(api: Api) -> None:
    await api.rank()
    answer = await api.get("/v1/accounts", limit=1)
    assert ([row["account_id"] for row in answer["accounts"]], answer["next_cursor"]) == (["model"], None)


PLACES = [
    Cursor(Order(Sort.SCORE, 7), CursorPlace(0.1 + 0.2, "acme")),
    Cursor(Order(Sort.SCORE_DOWN), CursorPlace(None, "acme")),
    Cursor(Order(Sort.RENEWAL), CursorPlace(date(2026, 4, 1), "a/b ü \U0001f600" * 50)),
    Cursor(Order(Sort.NAME), CursorPlace("x" * 100, "a")),
    Cursor(Order(Sort.BAND), CursorPlace(2, "a")),
]


@pytest.mark.parametrize("cursor", PLACES)
def test_a_cursor_is_read_as_it_was_written(cursor: Cursor) -> None:
    text = encode_cursor(cursor)
    assert text.isascii()
    assert decode_cursor(text) == cursor


@pytest.mark.parametrize(
    "cursor",
    [
        Cursor(Order(Sort.SCORE, -1), CursorPlace(1.0, "a")),
        Cursor(Order(Sort.SCORE, 2**63), CursorPlace(1.0, "a")),
        Cursor(Order(Sort.SCORE), CursorPlace("1", "a")),
        Cursor(Order(Sort.RENEWAL), CursorPlace("soon", "a")),
        Cursor(Order(Sort.BAND), CursorPlace(2**40, "a")),
        Cursor(Order(Sort.NAME), CursorPlace("a\0b", "a")),
        Cursor(Order(Sort.NAME), CursorPlace("a", "a\0b")),
        Cursor(Order(Sort.NAME), CursorPlace("a", "")),
        Cursor(Order(Sort.NAME), CursorPlace("a", "a" * 513)),
    ],
)
def test_what_no_answer_gave_is_no_cursor(cursor: Cursor) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(encode_cursor(cursor))


@pytest.mark.parametrize("text", ["", "x", "bnVsbA", "W10", "é", "WyJzY29yZSIsMCxudWxsLCJcdWQ4MDAiXQ", "AAAA" * 1000])
def test_any_other_text_is_no_cursor(text: str) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(text)


async def test_a_cursor_of_another_order_is_refused_by_name(api: Api) -> None:
    cursor = encode_cursor(Cursor(Order(Sort.NAME), CursorPlace("a", "a")))
    problem = await api.problem("/v1/accounts", cursor=cursor)
    assert (problem["status"], problem["errors"][0]["field"]) == (422, "query.cursor")
    assert "sorted by name" in problem["detail"]


@given(
    key=st.floats(allow_nan=False, allow_infinity=False),
    account_id=st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=9),
)
def test_every_number_comes_back_to_the_last_bit(key: float, account_id: str) -> None:
    cursor = Cursor(Order(Sort.ARR), CursorPlace(key, account_id))
    assert decode_cursor(encode_cursor(cursor)) == cursor
