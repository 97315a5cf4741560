"""An open request of an account ends with its next record without `more`, whether or not that record counts."""

import pytest

from scoring.health.account import Account
from scoring.health.scorer import Scorer
from scoring.health.view import Step
from support.scoring_harness import DAY, START, ScoringHarness, event


def told(harness: ScoringHarness) -> list[tuple[str, str]]:
    return [(signal.kind.value, signal.to) for signal in harness.signals()]


FIRST = event("acme", "session.started", START, user_id="ann")
CANCEL = event("acme", "contract.cancel_requested", START + DAY, more=True)
RENEW = event("acme", "contract.renewed", START + DAY)


@pytest.mark.parametrize("cuts", [1, 2, 10])
async def test_a_request_is_one_step_in_whatever_batches(stream: ScoringHarness, cuts: int) -> None:
    await stream.post(FIRST, CANCEL, RENEW)
    await stream.score(stream.worker(max_records=cuts))
    assert told(stream) == [("outcome", "renewed")]


async def test_a_duplicate_ends_a_request(stream: ScoringHarness) -> None:
    await stream.post(FIRST, CANCEL)
    await stream.score()
    assert told(stream) == []
    await stream.post(FIRST)
    await stream.score()
    assert ("flag", "cancel_intent") in told(stream)


async def test_a_duplicate_with_more_to_come_does_not(stream: ScoringHarness) -> None:
    await stream.post(FIRST, CANCEL, CANCEL)
    await stream.score()
    assert told(stream) == []


async def test_a_record_that_cannot_be_read_ends_a_request(stream: ScoringHarness) -> None:
    await stream.post(FIRST, CANCEL)
    await stream.score()
    await stream.write(stream.partition_of("acme"), b"not json", at=START + DAY, key=b"acme")
    await stream.write(stream.partition_of("acme"), b"not json", at=START + DAY, key=b"\xff")
    await stream.score()
    assert ("flag", "cancel_intent") in told(stream)


async def test_a_record_on_which_the_core_raises_ends_a_request(
    stream: ScoringHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply = Scorer.apply

    def raising(self: Scorer, account: Account, one: object, at: float) -> Step:
        if getattr(one, "name", "") == "poison.taken":
            raise ZeroDivisionError
        return apply(self, account, one, at)  # type: ignore[arg-type]

    monkeypatch.setattr(Scorer, "apply", raising)
    await stream.post(FIRST, CANCEL, event("acme", "poison.taken", START + DAY))
    await stream.score()
    assert ("flag", "cancel_intent") in told(stream)


async def test_the_next_tick_ends_a_request_in_stream_mode(stream: ScoringHarness) -> None:
    await stream.post(FIRST, CANCEL)
    await stream.tick(START + DAY + 1)
    await stream.score()
    assert ("flag", "cancel_intent") in told(stream)
