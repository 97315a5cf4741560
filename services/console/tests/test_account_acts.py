"""What people do on the page about an account: overrides, acknowledgements, messages that are sent again."""

from datetime import UTC, datetime

import msgspec
import pytest

from console.access.roles import Role
from support.account_page import ACKNOWLEDGE, NOW, OVERRIDE, OWNER, SAID, Served, page_of, posted, told
from support.console import form_token
from support.scoring_harness import event

SEND_AGAIN = "/account-acts/send-again"


async def test_the_owner_sets_the_band_and_scoring_shows_it(served: Served) -> None:
    browser = await served.site.signed_in(OWNER)
    page = await page_of(browser)
    done = await posted(browser, page, OVERRIDE, **SAID)
    assert (done.status_code, done.headers["location"]) == (303, "/accounts/acme?did=overridden#override")
    (sent,) = await served.overridden()
    assert (sent.account_id, sent.source) == ("acme", "console")
    assert sent.properties == {**SAID, "by": OWNER}
    assert "The band is being set." in await page_of(browser, "/accounts/acme?did=overridden")
    # The second click of an impatient person.
    await posted(browser, page, OVERRIDE, **SAID)
    assert {one.event_id for one in await served.overridden()} == {sent.event_id}
    harness = served.scoring.harness
    await harness.post(msgspec.structs.replace(sent, time=datetime.fromtimestamp(NOW + 60, UTC)))
    await harness.tick(NOW + 120)
    await harness.score()
    shown = await page_of(browser)
    assert f"green was set by {OWNER} until Apr 1, 2026" in shown
    assert "Reason: The pilot is agreed." in shown
    assert "The score of 10.0 would be red." in shown
    rows = [(OWNER, "overrode a band", "acme", outcome) for outcome in ("asked", "done")] * 2
    assert await served.acts() == rows
    await browser.aclose()


async def test_who_sets_a_band_after_somebody_else_is_told_so(served: Served) -> None:
    eva, lead = await served.site.signed_in(OWNER), await served.site.signed_in("lena@us.test", Role.LEAD)
    seen_by_lead = await page_of(lead)
    said = {"to": "yellow", "until": "2026-03-31", "reason": "I spoke with them.", "by": OWNER}
    harness = served.scoring.harness
    await harness.post(event("acme", "health.overridden", NOW + 60, properties=said))
    await harness.tick(NOW + 120)
    await harness.score()
    done = await posted(lead, seen_by_lead, OVERRIDE, **SAID)
    assert done.headers["location"] == "/accounts/acme?did=changed-before#override"
    assert await served.overridden() == []
    page = await page_of(lead, "/accounts/acme?did=changed-before")
    assert "Somebody has changed the override" in page
    assert f"yellow was set by {OWNER}" in page
    # Having seen it, the lead ends it.
    end = await posted(lead, page, OVERRIDE, end="1")
    assert end.headers["location"] == "/accounts/acme?did=ended#override"
    (sent,) = await served.overridden()
    assert sent.properties == {"to": None, "by": "lena@us.test"}
    await eva.aclose()
    await lead.aclose()


async def test_an_override_that_cannot_be_used_is_shown_again(served: Served) -> None:
    browser = await served.site.signed_in(OWNER)
    page = await page_of(browser)
    for changed in (
        {"reason": " "},
        {"until": "soon"},
        {"to": "blue"},
        {"to": "insufficient_data"},
        {"until": "2099-01-01"},  # ingest refuses it
    ):
        answer = await posted(browser, page, OVERRIDE, **{**SAID, **changed})
        assert answer.status_code == 422, changed
        assert 'id="mistake" role="alert"' in answer.text
        assert f'value="{changed.get("until", SAID["until"])}"' in answer.text
        assert 'name="next" value="/accounts/acme"' in answer.text
    assert await served.overridden() == []
    await browser.aclose()


@pytest.mark.parametrize(("email", "role"), [(OWNER, Role.CSM), ("lena@us.test", Role.LEAD)])
async def test_nobody_sets_a_band_by_way_of_an_account_that_was_merged(served: Served, email: str, role: Role) -> None:
    """Ingest files events of a merged account under the other one, which another CSM owns."""
    browser = await served.site.signed_in(email, role)
    before = await page_of(browser)
    merged = event("acme", "account.merged", NOW + 60, properties={"into": "bolt"})
    sent = {"event_id": "m-1", "account_id": "acme", "name": "account.merged", "properties": {"into": "bolt"}}
    assert (await served.ingest.post(sent)).status_code == 202
    harness = served.scoring.harness
    await harness.post(merged)
    await harness.tick(NOW + 120)
    await harness.score()
    page = await page_of(browser)
    assert "It goes on as" in page
    assert OVERRIDE not in page
    assert (await posted(browser, before, OVERRIDE, **SAID)).status_code == 403
    assert (await posted(browser, before, OVERRIDE, end="1")).status_code == 403
    assert (await served.overridden(), await served.acts()) == ([], [])
    await browser.aclose()


async def test_an_alert_is_taken_in_hand_once_and_the_second_is_told_who_was_first(served: Served) -> None:
    signal = await told(served)
    eva, lead = await served.site.signed_in(OWNER), await served.site.signed_in("lena@us.test", Role.LEAD)
    seen_by_eva, seen_by_lead = await page_of(eva), await page_of(lead)
    done = await posted(eva, seen_by_eva, ACKNOWLEDGE, note="I call them today")
    assert done.headers["location"] == "/accounts/acme?did=acknowledged#alerts"
    second = await posted(lead, seen_by_lead, ACKNOWLEDGE)
    assert second.headers["location"] == "/accounts/acme?did=taken-before#alerts"
    page = await page_of(lead, "/accounts/acme?did=taken-before")
    assert f"{OWNER} took it in hand on" in page
    assert "I call them today" in page
    assert ACKNOWLEDGE not in page
    assert (await served.alerts.one(signal))["acknowledgement"]["by"] == OWNER
    assert [row[0] for row in await served.acts()] == [OWNER, OWNER, "lena@us.test", "lena@us.test"]
    await eva.aclose()
    await lead.aclose()


async def test_a_failed_message_is_sent_again_once(served: Served) -> None:
    await told(served)
    browser = await served.site.signed_in(OWNER)
    page = await page_of(browser)
    first, second = [await posted(browser, page, SEND_AGAIN) for _ in range(2)]
    assert first.headers["location"] == "/accounts/acme?did=sent-again#alerts"
    assert second.headers["location"] == "/accounts/acme?did=nothing-failed#alerts"
    assert [row[3] for row in await served.acts()] == ["asked", "done", "asked", "refused"]
    page = await page_of(browser)
    assert "cs-desk by email to desk@example.com: waits" in page
    assert f"{OWNER} asked to send it again on" in page
    await browser.aclose()


async def test_a_csm_acts_on_no_account_of_another(served: Served) -> None:
    signal = await told(served, account="bolt")
    browser = await served.site.signed_in(OWNER)
    page = await page_of(browser, "/accounts/bolt")
    for action in (OVERRIDE, ACKNOWLEDGE, SEND_AGAIN):
        assert action not in page
    token = form_token(await browser.get("/portfolio"))
    for action, data in (
        (OVERRIDE, {"account_id": "bolt", "seen": "", "nonce": "n", **SAID}),
        # The alert is what it is about, whatever else is posted.
        (ACKNOWLEDGE, {"account_id": "acme", "alert_id": signal.signal_id}),
        (SEND_AGAIN, {"account_id": "acme", "alert_id": signal.signal_id}),
    ):
        assert (await browser.post(action, data={"form_token": token, **data})).status_code == 403, action
        assert (await browser.post(action, data=data)).status_code == 403, action
    assert await served.overridden() == []
    assert (await served.alerts.one(signal))["acknowledgement"] is None
    assert await served.acts() == []
    await browser.aclose()
