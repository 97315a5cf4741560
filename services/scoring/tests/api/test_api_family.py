"""The accounts below one: the roll-up of a parent, and the list of its children."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.signals import Band
from scoring.api import family
from scoring.api.roll_up import RollUpOrigin, group_of, roll_up, worst_first
from scoring.health.moments import to_datetime
from scoring.postgres.queries import AccountStatus
from scoring.postgres.snapshot import FamilyGroup, FamilyMember
from support.scoring_api import Api, live
from support.scoring_harness import DAY, START, event

LATER = START + 10 * DAY
# ARR, days of use, what else is known. Those below `berlin` are below `group` too.
FAMILY: dict[str, tuple[float | None, int, dict[str, Any]]] = {
    "berlin": (60_000, 10, {"parent": "group", "name": "Berlin"}),
    "lyon": (30_000, 3, {"parent": "group"}),
    "oslo": (None, 5, {"parent": "group"}),
    "mitte": (10_000, 9, {"parent": "berlin"}),
    "gone": (99_000, 2, {"parent": "group"}),
    "alone": (5_000, 10, {}),
}


@pytest.fixture
async def api(stream_api: Api) -> Api:
    """Nobody has ever posted an event of `group`."""
    for account_id, (arr, days, facts) in FAMILY.items():
        await live(stream_api.harness, account_id, days=days, **facts, **({} if arr is None else {"arr": arr}))
    await stream_api.harness.post(event("gone", "contract.ended", LATER - DAY))
    await stream_api.harness.tick(LATER)
    await stream_api.harness.score()
    return stream_api


async def one_by_one(api: Api, *account_ids: str, **query: Any) -> dict[str, Any]:
    return {one: await api.get(f"/v1/accounts/{one}", exact=True, **query) for one in account_ids}


async def test_a_parent_that_is_only_named_is_answered_with_its_roll_up(api: Api) -> None:
    answer = await api.get("/v1/accounts/group", exact=True)
    each = await one_by_one(api, "berlin", "lyon", "oslo", "mitte")
    assert set(answer) == {"account_id", "children", "as_of", "held"}
    children = answer["children"]
    # Oslo weighs 33,333: the mean of 60,000, 30,000 and 10,000.
    weights = {"berlin": 60_000.0, "lyon": 30_000.0, "mitte": 10_000.0, "oslo": 100_000 / 3}
    points = sum(weights[one] * each[one]["score"] for one in weights)
    assert children["score"] == pytest.approx(points / sum(weights.values()), abs=1e-9)
    assert (children["count"], children["churned"], children["unreadable"]) == (4, 1, 0)
    assert (children["arr"], children["arr_unknown"]) == (100_000, 1)
    assert (children["exact"], children["complete"], children["cycle"]) == (True, True, False)
    bands = [each[one]["band"] for one in each]
    assert children["bands"] == {band: bands.count(band) for band in ("red", "yellow", "insufficient_data", "green")}
    assert len(set(bands)) > 1
    at_risk = sum(FAMILY[one][0] or 0.0 for one in each if each[one]["band"] in ("red", "yellow"))
    assert children["arr_at_risk"] == at_risk > 0
    order = ("red", "yellow", "insufficient_data", "green")
    worst = sorted(each, key=lambda one: (order.index(each[one]["band"]), each[one]["score"]))
    assert [child["account_id"] for child in children["worst"]] == worst
    berlin = next(child for child in children["worst"] if child["account_id"] == "berlin")
    score, band = each["berlin"]["score"], each["berlin"]["band"]
    assert berlin == {"account_id": "berlin", "name": "Berlin", "score": score, "band": band, "arr": 60_000}


async def test_an_account_that_was_merged_is_in_no_figure_and_its_children_are(api: Api) -> None:
    before = await api.get("/v1/accounts/group", exact=True)
    await api.harness.post(event("berlin", "account.merged", LATER, properties={"into": "lyon"}))
    await api.harness.score()
    children = (await api.get("/v1/accounts/group", exact=True))["children"]
    assert (children["count"], children["churned"]) == (before["children"]["count"] - 1, 1)
    assert sorted(one["account_id"] for one in children["worst"]) == ["lyon", "mitte", "oslo"]


async def test_a_parent_with_events_has_its_own_health_beside_it(api: Api) -> None:
    answer = await api.get("/v1/accounts/berlin")
    mitte = await api.get("/v1/accounts/mitte")
    assert answer["score"] != answer["children"]["score"] == mitte["score"]
    assert [child["account_id"] for child in answer["children"]["worst"]] == ["mitte"]
    assert mitte["children"] is None
    assert (await api.get("/v1/accounts/alone"))["children"] is None


async def test_it_looks_ahead_as_the_account_does(api: Api) -> None:
    ahead = to_datetime(LATER + 30 * DAY).isoformat()
    now = await api.get("/v1/accounts/berlin", exact=True)
    then = await api.get("/v1/accounts/berlin", exact=True, as_of=ahead)
    each = await one_by_one(api, "mitte", as_of=ahead)
    assert then["children"]["score"] == each["mitte"]["score"] < now["children"]["score"]
    assert then["children"]["as_of"] == then["as_of"] == each["mitte"]["as_of"]


async def test_nobody_knows_an_id_that_nobody_names(api: Api) -> None:
    assert (await api.problem("/v1/accounts/nowhere"))["code"] == "unknown_account"
    for path in ("history", "receipts", "people"):
        assert (await api.problem(f"/v1/accounts/group/{path}"))["code"] == "unknown_account"


async def test_a_parent_all_of_whose_children_left_says_so(api: Api) -> None:
    await api.harness.post(event("mitte", "contract.ended", LATER))
    await api.harness.score()
    children = (await api.get("/v1/accounts/berlin"))["children"]
    assert (children["count"], children["churned"], children["score"], children["worst"]) == (0, 1, None, [])


async def test_an_account_that_cannot_be_read_hides_no_other(api: Api) -> None:
    await api.execute("UPDATE scoring.state SET body = '\\xff' WHERE account_id = 'lyon'")
    children = (await api.get("/v1/accounts/group", exact=True))["children"]
    assert (children["count"], children["unreadable"], children["arr"]) == (4, 1, 100_000)
    assert sum(children["bands"].values()) == 3
    assert children["worst"][-1] == {"account_id": "lyon", "name": None, "score": None, "band": None, "arr": 30_000}


async def parents(api: Api, **parent_of: str) -> None:
    for account_id, parent in parent_of.items():
        await api.harness.post(event(account_id, "account.updated", LATER, properties={"parent": parent}))
    await api.harness.score()


async def test_a_cycle_ends_and_is_said(api: Api) -> None:
    await parents(api, berlin="mitte")
    for one, other in (("berlin", "mitte"), ("mitte", "berlin")):
        children = (await api.get(f"/v1/accounts/{one}"))["children"]
        assert (children["cycle"], children["count"]) == (True, 1)
        assert [child["account_id"] for child in children["worst"]] == [other]
    await parents(api, alone="alone")
    children = (await api.get("/v1/accounts/alone"))["children"]
    assert (children["cycle"], children["count"], children["score"]) == (True, 0, None)


async def test_the_tree_is_followed_ten_deep(api: Api) -> None:
    for depth in range(12):
        await live(api.harness, f"d{depth}", days=1, parent="top" if depth == 0 else f"d{depth - 1}", arr=1)
    await api.harness.score()
    top = (await api.get("/v1/accounts/top"))["children"]
    assert (top["count"], top["arr"], top["complete"]) == (10, 10, False)
    assert (await api.get("/v1/accounts/d1"))["children"]["complete"]


async def test_many_accounts_are_rolled_up_by_the_last_ranking(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = (await api.get("/v1/accounts/group", exact=True))["children"]
    monkeypatch.setattr(family, "MOST_EXACT", 4)
    none_yet = (await api.get("/v1/accounts/group", exact=True))["children"]
    assert (none_yet["exact"], none_yet["score"], none_yet["count"]) == (False, None, 4)
    await api.rank()
    ranked = (await api.get("/v1/accounts/group", exact=True))["children"]
    assert ranked["score"] == pytest.approx(exact["score"], abs=1e-9)
    assert ranked | {"exact": True, "score": 0} == exact | {"score": 0}
    await parents(api, berlin="mitte")
    cycle = (await api.get("/v1/accounts/berlin"))["children"]
    assert (cycle["cycle"], cycle["exact"]) == (True, True)
    monkeypatch.setattr(family, "MOST_EXACT", 1)
    assert (await api.get("/v1/accounts/berlin"))["children"] | {"exact": True} == cycle
    monkeypatch.setattr(family, "MOST_COUNTED", 2)
    assert not (await api.get("/v1/accounts/berlin"))["children"]["complete"]


# --- The list -------------------------------------------------------------------------------------------------


async def test_the_list_has_the_children_of_a_parent(api: Api) -> None:
    assert sorted(await api.ids(parent="group")) == ["berlin", "lyon", "oslo"]
    assert await api.ids(parent="group", status="churned") == ["gone"]
    assert sorted(await api.ids(parent=["group", "berlin"])) == ["berlin", "lyon", "mitte", "oslo"]
    assert await api.ids(parent="group", min_arr=50_000) == ["berlin"]
    assert await api.ids(parent="nobody") == []
    await api.rank()
    for sort in ("score", "-arr", "name"):
        pages = await api.walk(parent="group", sort=sort, limit=1)
        assert pages == await api.ids(parent="group", sort=sort)
        assert len(pages) == 3
    assert (await api.problem("/v1/accounts", parent="a\0"))["code"] == "bad_parameter"
    # By an index, which is small: most accounts have no parent.
    async with api.harness.engine.connect() as connection:
        await connection.exec_driver_sql("SET enable_seqscan = off")
        plan = await connection.exec_driver_sql("EXPLAIN SELECT * FROM scoring.account WHERE parent = 'group'")
        assert "account_by_parent" in " ".join(row[0] for row in plan)


# --- The figures ----------------------------------------------------------------------------------------------

ORIGIN = RollUpOrigin(churned=0, unreadable=0, exact=True, complete=True, cycle=False, as_of=to_datetime(0.0))
MEMBERS = st.builds(
    FamilyMember,
    account_id=st.text("abc", min_size=1, max_size=3),
    name=st.none(),
    arr=st.none() | st.sampled_from([0.0, 1.0, 500.0]) | st.floats(0, 1e6),
    band=st.none() | st.sampled_from(Band),
    score=st.none() | st.floats(0, 100),
)


@given(st.lists(MEMBERS, max_size=8))
def test_the_score_is_the_mean_with_an_average_weight_for_whoever_has_no_arr(members: list[FamilyMember]) -> None:
    counted = [each for each in members if each.score is not None and each.band is not Band.INSUFFICIENT]
    known = [each.arr for each in counted if each.arr is not None]
    usual = sum(known) / len(known) if known else 1.0
    weights = [usual if each.arr is None else each.arr for each in counted]
    if not sum(weights):
        weights = [1.0] * len(counted)
    points = sum(weight * (each.score or 0.0) for weight, each in zip(weights, counted, strict=True))
    found = roll_up([group_of(each) for each in members], (), ORIGIN)
    assert found.score == (pytest.approx(points / sum(weights)) if counted else None)
    assert found.arr == pytest.approx(sum(each.arr or 0.0 for each in members))
    assert (found.count, sum(found.bands.values())) == (len(members), sum(each.band is not None for each in members))


@given(st.lists(MEMBERS, min_size=2, max_size=8))
def test_figures_of_groups_are_those_of_their_members(members: list[FamilyMember]) -> None:
    """As the database adds them up."""
    singles = [group_of(each) for each in members]
    keys = {(each.band, each.unknown) for each in singles}
    groups = [_added([each for each in singles if (each.band, each.unknown) == key]) for key in keys]
    one, other = roll_up(singles, (), ORIGIN), roll_up(groups, (), ORIGIN)
    assert (one.count, one.bands, one.arr_unknown) == (other.count, other.bands, other.arr_unknown)
    for name in ("score", "arr", "arr_at_risk"):
        assert getattr(one, name) == (None if getattr(other, name) is None else pytest.approx(getattr(other, name)))


def _added(groups: list[FamilyGroup]) -> FamilyGroup:
    first = groups[0]
    return FamilyGroup(
        root=False,
        deep=False,
        status=AccountStatus.ACTIVE,
        band=first.band,
        unknown=first.unknown,
        accounts=len(groups),
        scored=sum(each.scored for each in groups),
        arr=sum(each.arr for each in groups),
        scored_arr=sum(each.scored_arr for each in groups),
        points=sum(each.points for each in groups),
        points_by_arr=sum(each.points_by_arr for each in groups),
    )


def test_the_worst_come_first_and_those_that_cannot_be_read_last() -> None:
    bands = [None, Band.GREEN, Band.RED, Band.INSUFFICIENT, Band.YELLOW, Band.RED]
    members = [FamilyMember(f"{n}", None, None, band, 90.0 - n) for n, band in enumerate(bands)]
    assert [each.account_id for each in sorted(members, key=worst_first)] == ["5", "2", "4", "3", "1", "0"]
