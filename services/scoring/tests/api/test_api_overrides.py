"""A band that a person sets, as the read API shows it."""

from support.scoring_api import Api, live
from support.scoring_harness import DAY, START, event

SAID = {"to": "red", "until": "2026-03-20", "reason": "The sponsor has left.", "by": "dana@example.com"}
SHOWN = {
    "to": "red",
    "until": "2026-03-20T15:00:00Z",  # when the day is over in Tokyo
    "reason": "The sponsor has left.",
    "by": "dana@example.com",
}


async def test_every_answer_about_a_band_says_who_set_it(stream_api: Api) -> None:
    harness = stream_api.harness
    await live(harness, "acme", days=10, name="Acme", time_zone="Asia/Tokyo")
    await live(harness, "bolt", days=10)
    await harness.post(event("acme", "health.overridden", START + 9 * DAY, user_id="dana", properties=SAID))
    await harness.tick(START + 10 * DAY)
    await harness.score()
    account = await stream_api.get("/v1/accounts/acme")
    assert (account["band"], account["override"]) == ("red", SHOWN)
    assert account["score"] > 70
    assert account["band_words"].startswith("set to red by dana@example.com until 20 March 15:00 UTC: The sponsor")
    assert account["forecast"] is None or account["forecast"]["at"] >= SHOWN["until"]
    receipts = await stream_api.get("/v1/accounts/acme/receipts")
    assert (receipts["override"], receipts["level"]["score"]) == (SHOWN, account["score"])
    history = await stream_api.get("/v1/accounts/acme/history")
    (told,) = [each for each in history["signals"] if each["kind"] == "band"]
    assert (told["to"], told["severity"], told["after"]["override"]) == ("red", "critical", SHOWN)
    rows = {row["account_id"]: row for row in (await stream_api.get("/v1/accounts"))["accounts"]}
    assert (rows["acme"]["override"], rows["bolt"]["override"]) == (SHOWN, None)
    assert await stream_api.ids(band="red") == ["acme"]
    # Who set it is a colleague, and nobody whom to call there.
    people = (await stream_api.get("/v1/accounts/acme/people"))["people"]
    assert {person["user_id"] for person in people} == {"ann", "bob", "cid"}
    await harness.tick(START + 30 * DAY)
    await harness.score()
    over = await stream_api.get("/v1/accounts/acme")
    assert over["override"] is None
    signals = (await stream_api.get("/v1/accounts/acme/history"))["signals"]
    end = [each for each in signals if each["kind"] == "band"][-2]
    assert (end["cause"], end["at"]) == (f"silence@{SHOWN['until']}", SHOWN["until"])
    assert "override" in end["before"]
    assert "override" not in end["after"]
