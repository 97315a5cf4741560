"""One account: its receipts add up, its past is told, its id may be anything."""

from math import fsum
from typing import Any
from urllib.parse import quote

import pytest
from structlog.testing import capture_logs

from support.scoring_api import Api, live
from support.scoring_harness import DAY, START, event


@pytest.fixture
async def api(stream_api: Api) -> Api:
    """Acme was fine for ten days, asked to cancel, and has been silent for ten."""
    harness = stream_api.harness
    await live(harness, "acme", days=10, name="Acme", arr=90_000, time_zone="Asia/Tokyo")
    planned = {"step": "kickoff", "due": "2026-03-08T00:00:00Z"}
    await harness.post(event("acme", "milestone.planned", START + 10 * DAY, properties=planned))
    await harness.post(event("acme", "contract.cancel_requested", START + 10 * DAY))
    await harness.tick(START + 20 * DAY)
    await harness.score()
    return stream_api


async def test_a_score_is_its_reference_and_every_contribution(api: Api) -> None:
    answer = await api.get("/v1/accounts/acme/receipts", exact=True)
    level = answer["level"]
    parts = [part["contribution"] for part in level["contributions"]]
    assert level["sum"] == pytest.approx(level["score"], abs=1e-9)
    assert fsum([level["reference"], *parts]) == level["sum"]
    assert level["score"] == (await api.get("/v1/accounts/acme", exact=True))["score"]
    for part in level["contributions"]:
        if part["dimension"] != "cap":
            assert part["contribution"] == part["weight"] * (part["points"] - level["reference"])


@pytest.mark.parametrize("exact", [True, False])
async def test_the_receipts_of_its_signals_add_up_and_come_newest_first(api: Api, exact: bool) -> None:
    answer = await api.get("/v1/accounts/acme/receipts", exact=exact)
    assert len(answer["signals"]) > 1
    for signal in answer["signals"]:
        change = signal["change"]
        moved = fsum(part["points"] for part in change["parts"])
        assert change["before"] + moved == pytest.approx(change["after"], abs=1e-9)
    moments = [signal["at"] for signal in answer["signals"]]
    assert moments == sorted(moments, reverse=True)
    first = await api.get("/v1/accounts/acme/receipts", limit=1, exact=exact)
    assert (first["signals"], first["more_signals"]) == (answer["signals"][:1], True)
    assert not answer["more_signals"]


def numbers(value: Any, name: str = "") -> list[tuple[str, float]]:
    """All scores and points of an answer, by the names of their fields."""
    if isinstance(value, dict):
        return [found for key, each in value.items() for found in numbers(each, key)]
    if isinstance(value, list):
        return [found for each in value for found in numbers(each, name)]
    shown = {"score", "points", "contribution", "before", "after", "sum", "reference", "cap"}
    return [(name, value)] if name in shown and isinstance(value, float | int) else []


@pytest.mark.parametrize("path", ["", "/history", "/receipts"])
async def test_scores_and_points_have_a_tenth_unless_all_of_them_is_asked_for(api: Api, path: str) -> None:
    rounded = numbers(await api.get(f"/v1/accounts/acme{path}"))
    exact = numbers(await api.get(f"/v1/accounts/acme{path}", exact=True))
    assert rounded
    assert all(value == round(value, 1) for _, value in rounded)
    assert any(value != round(value, 1) for _, value in exact)
    assert all(value for name, value in rounded if name == "points" and path == "/history")


async def test_rounded_contributions_add_up_to_the_score_beside_them(api: Api) -> None:
    level = (await api.get("/v1/accounts/acme/receipts"))["level"]
    parts = [part["contribution"] for part in level["contributions"]]
    assert level["reference"] + fsum(parts) == pytest.approx(level["score"], abs=1e-9)
    assert level["sum"] == level["score"]


async def test_an_account_tells_its_health_and_the_reasons(api: Api) -> None:
    answer = await api.get("/v1/accounts/acme")
    assert answer["band"] == "red"
    assert "cancel_intent" in [flag["name"] for flag in answer["flags"]]
    assert [missed["step"] for missed in answer["missed"]] == ["kickoff"]
    assert answer["facts"]["name"] == "Acme"
    assert set(answer["dimensions"]) == {"deployment", "engagement", "adoption", "roi"}
    assert answer["dimensions"]["roi"] is None, "nobody was asked"
    assert answer["episode"]
    assert answer["card_id"] == api.harness.origin.card_id
    assert any("cancel intent caps the score" in driver for driver in answer["drivers"])
    change = answer["change"]
    assert change["words"].split()[:3] == [str(round(change["before"])), "to", str(round(change["after"]))]


async def test_an_account_tells_where_in_its_journey_it_is(api: Api) -> None:
    """In Tokyo it is nine in the morning of 22 March."""
    first = (await api.get("/v1/accounts/acme"))["journey"]
    assert (first["stage"], first["posted"], first["next"], first["days_to_renewal"]) == ("adoption", False, None, None)
    said = {"stage": "renewal", "contract_end": "2026-04-01"}
    await api.harness.post(event("acme", "account.updated", START + 20 * DAY, properties=said))
    await api.harness.tick(START + 20 * DAY)
    await api.harness.score()
    assert (await api.get("/v1/accounts/acme"))["journey"] == {
        "stage": "renewal",
        "since": "2026-03-22T00:00:00Z",
        "posted": True,
        "next": None,
        "days_to_renewal": 10,
    }


async def test_its_past_is_told_by_day_and_by_signal(api: Api) -> None:
    told = api.harness.signals("acme")
    history = await api.get("/v1/accounts/acme/history")
    assert [signal["signal_id"] for signal in history["signals"]] == [one.signal_id for one in reversed(told)]
    days = history["days"]
    assert [day["day"] for day in days] == sorted((day["day"] for day in days), reverse=True)
    for day in days:
        moved = fsum(part["points"] for part in day["parts"])
        assert day["before"] + moved == pytest.approx(day["after"], abs=1e-9)
    asked_to_cancel = next(day for day in days if day["day"] == "2026-03-12")
    assert asked_to_cancel["events"][0]["name"] == "contract.cancel_requested"
    assert not history["more_days"]


# A date is a day in Tokyo; a moment lies in one.
PERIODS: list[tuple[dict[str, Any], list[str]]] = [
    ({"from_": "2026-03-03", "to": "2026-03-05"}, ["2026-03-05", "2026-03-04", "2026-03-03"]),
    ({"from_": "2026-03-04T15:00:00Z", "to": "2026-03-05"}, ["2026-03-05"]),
    ({"from_": "2026-03-04T14:59:59Z", "to": "2026-03-05"}, ["2026-03-05", "2026-03-04"]),
    ({"to": "2026-03-03T14:59:59Z"}, ["2026-03-03", "2026-03-02"]),
    ({"to": "2026-03-03T17:00:00+02:00"}, ["2026-03-04", "2026-03-03", "2026-03-02"]),
    ({"to": "2026-03-01"}, []),
]


async def test_a_period_of_its_past_can_be_asked_for(api: Api) -> None:
    for period, expected in PERIODS:
        history = await api.get("/v1/accounts/acme/history", **period)
        assert [day["day"] for day in history["days"]] == expected, period
        assert history["signals"] == []


async def test_a_date_is_a_day_of_the_account_for_signals_too(stream_api: Api) -> None:
    """One signal at half past eleven in the evening in Los Angeles, one an hour later."""
    harness = stream_api.harness
    await live(harness, "acme", days=2, time_zone="America/Los_Angeles")
    late = START + 2 * DAY + 7.5 * 3600
    await harness.post(event("acme", "contract.cancel_requested", late))
    await harness.post(event("acme", "contract.renewed", late + 3600))
    await harness.score()
    for asked, told in (("2026-03-03", "cancel_intent"), ("2026-03-04", "renewed")):
        history = await stream_api.get("/v1/accounts/acme/history", from_=asked, to=asked)
        assert [day["day"] for day in history["days"]] == [asked]
        assert {one["to"] for one in history["signals"]} & {"cancel_intent", "renewed"} == {told}


async def test_a_signal_at_the_end_of_a_period_belongs_to_it(api: Api) -> None:
    newest = (await api.get("/v1/accounts/acme/history"))["signals"][0]
    until = await api.get("/v1/accounts/acme/history", from_=newest["at"], to=newest["at"])
    assert newest in until["signals"]
    short = await api.get("/v1/accounts/acme/history", limit=1)
    assert (len(short["days"]), short["more_days"], short["more_signals"]) == (1, True, True)


async def test_an_unknown_account_is_not_found(api: Api) -> None:
    for rest in ("", "/history", "/receipts"):
        problem = await api.problem(f"/v1/accounts/nobody{rest}")
        assert (problem["status"], problem["code"]) == (404, "unknown_account")


NAMES = ["a/b", "a/b/history", "history", "..", "100%", "%2F", "ключ", "😀", "a b+c&d=e?f#g", "x" * 512]


async def test_an_id_may_hold_any_character(stream_api: Api) -> None:
    for name in NAMES:
        await stream_api.harness.post(event(name, "session.started", START, user_id="ann"))
    await stream_api.harness.score()
    for name in NAMES:
        path = "/v1/accounts/" + quote(name, safe="").replace(".", "%2E")
        for rest in ("", "/history", "/receipts"):
            answer = await stream_api.get(path + rest)
            assert answer["account_id" if rest else "card_id"], name
            if rest:
                assert answer["account_id"] == name
    assert set(await stream_api.ids()) == set(NAMES)


async def test_an_id_that_no_account_can_have_is_refused(api: Api) -> None:
    for path in ("a%00b", "%FF", "%ED%A0%80", "y" * 513):
        problem = await api.problem(f"/v1/accounts/{path}")
        assert (problem["status"], problem["code"]) == (422, "bad_parameter")
        assert problem["errors"][0]["field"] == "path.account_id"


async def test_a_state_of_another_version_hides_no_other_account(api: Api) -> None:
    await live(api.harness, "bolt", days=3)
    await api.harness.score()
    await api.execute("UPDATE scoring.state SET body = '\\xff00' WHERE account_id = 'acme'")
    await api.rank()
    with capture_logs() as logs:
        for sort in ("score", "-score", "name"):
            rows = {row["account_id"]: row for row in (await api.get("/v1/accounts", sort=sort))["accounts"]}
            assert rows["acme"]["score"] is None
            assert "format ff" in rows["acme"]["error"]
            assert (rows["bolt"]["error"], rows["acme"]["name"]) == (None, "Acme")
        assert await api.ids() == ["bolt", "acme"] == await api.ids(sort="-score")
        problem = await api.problem("/v1/accounts/acme")
    assert (problem["status"], problem["code"]) == (500, "state_unreadable")
    unreadable = [line for line in logs if line["event"] == "state.unreadable"]
    assert {line["account_id"] for line in unreadable} == {"acme"}
    assert api.count("unreadable_states_total") == len(unreadable) == 6


async def test_an_account_that_the_core_fails_on_hides_no_other(api: Api) -> None:
    await live(api.harness, "bolt", days=3)
    await api.harness.score()
    assert await api.ids() == ["acme", "bolt"]
    scorer = api.active_card.active_card().scorer
    nothing = scorer.dump(scorer.create("acme"))
    await api.execute("UPDATE scoring.state SET body = :body WHERE account_id = 'acme'", body=nothing)
    with capture_logs() as logs:
        rows = {row["account_id"]: row for row in (await api.get("/v1/accounts"))["accounts"]}
    assert (rows["bolt"]["error"], rows["acme"]["score"]) == (None, None)
    assert "no record" in rows["acme"]["error"]
    (line,) = (line for line in logs if line["event"] == "state.unreadable")
    assert isinstance(line["exc_info"], ValueError), "whoever mends it finds the place"
