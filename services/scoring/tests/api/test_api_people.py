"""Who is there to call: in an account's answer the first five, in a list of their own all of them, page by page."""

from support.scoring_api import Api
from support.scoring_harness import DAY, START, event

HOUR = 3600.0


async def crowd(api: Api, count: int) -> None:
    """Each is seen a quarter of a day after the one before."""
    for n in range(count):
        at = START + n * DAY / 4
        await api.harness.post(event("acme", "session.started", at, user_id=f"user {n:02}"))
    await api.harness.tick(START + count * DAY / 4)
    await api.harness.score()


async def test_an_answer_says_whom_to_call_and_when_the_account_is_closed(stream_api: Api) -> None:
    said = {"name": "Ann Lee", "email": "ann@acme.example", "role": "admin", "champion": True}
    facts = {"country": "DE", "currency": "EUR", "away": [{"from": "2026-12-24", "until": "2027-01-01"}]}
    harness = stream_api.harness
    await harness.post(event("acme", "account.updated", START, properties=facts))
    await harness.post(event("acme", "user.updated", START + HOUR, user_id="ann", properties=said))
    await harness.post(event("acme", "session.started", START + 2.5 * HOUR, user_id="bo"))
    await harness.score()
    answer = await stream_api.get("/v1/accounts/acme")
    ann = {"user_id": "ann", "last_seen": "2026-03-02T01:00:00Z", **said}
    assert answer["contacts"] == [ann, {"user_id": "bo", "last_seen": "2026-03-02T02:00:00Z"}]
    assert (answer["facts"]["country"], answer["facts"]["currency"]) == ("DE", "EUR")
    assert answer["away"] == facts["away"]
    people = await stream_api.get("/v1/accounts/acme/people")
    unknown = {"name": None, "email": None, "role": None, "champion": False, "left_on": None}
    assert people == {
        "account_id": "acme",
        "people": [
            {"user_id": "ann", "last_seen": "2026-03-02", **said, "left_on": None},
            {"user_id": "bo", "last_seen": "2026-03-02", **unknown},
        ],
        "next_cursor": None,
    }


async def test_pages_of_people_have_everybody_once_those_seen_last_first(stream_api: Api) -> None:
    await crowd(stream_api, 17)
    found: list[tuple[str, str]] = []
    cursor: dict[str, str] = {}
    for _ in range(10):
        page = await stream_api.get("/v1/accounts/acme/people", limit=3, **cursor)
        found += [(one["last_seen"], one["user_id"]) for one in page["people"]]
        if page["next_cursor"] is None:
            break
        assert len(page["people"]) == 3
        cursor = {"cursor": page["next_cursor"]}
    assert len(found) == 17
    assert found == sorted(sorted(found, key=lambda one: one[1]), key=lambda one: one[0], reverse=True)
    assert {user for _, user in found} == {f"user {n:02}" for n in range(17)}


async def test_a_cursor_that_no_answer_gave_is_refused(stream_api: Api) -> None:
    await crowd(stream_api, 1)
    for cursor in ("x", "bnVsbA", "WyIyMDI2LTAzLTAyIl0", "WyIyMDI2LTAzLTAyIiwiYVx1MDAwMCJd", "W1tbW1tb"):
        answer = await stream_api.ask("/v1/accounts/acme/people", cursor=cursor)
        assert answer.status_code == 422, cursor
        assert "is not a `next_cursor` of an answer" in answer.text, cursor
    assert (await stream_api.ask("/v1/accounts/nobody/people")).status_code == 404
