"""One attempt, with everything that can be wrong with it."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from alerts.channels.client import ChannelClient, Delivered
from alerts.channels.registry import Channel
from alerts.errors import DeliveryFailed, Failure
from alerts.messages.content import MessageContent
from alerts.messages.renderer import RenderedMessage
from alerts.routing.destination import Target
from alerts.samples import Sample
from alerts.sending.backoff import Backoff
from alerts.sending.claims import AttemptOutcome, ClaimedMessage, Failed, Sent
from alerts.sending.delivery import MessageDelivery, Renderer, SendingClocks
from common.errors import Unreachable
from support.alerts_sending import DANA, DECIDED, DESK, LEASE, FakeChannels, MetricsRecorder, PlainRenderer, failure

SIGNAL = Sample(to="red").build()
BACKOFF = Backoff(retry=8.0, most=600.0, give_up=3600.0, hand_on=3600.0)


def claimed(target: Target = DESK, *, age: float = 0.0, body: str | None = None) -> ClaimedMessage:
    return ClaimedMessage(
        notification_id="n1",
        partition=0,
        account_id="acme",
        receiver="cs-desk",
        reason="new",
        ways=(target,),
        decided=DECIDED,
        token="token",
        attempt=1,
        age=age,
        happened=SIGNAL.at.timestamp(),
        bodies=(msgspec.json.encode(SIGNAL).decode() if body is None else body,),
    )


class Leases:
    """Renews as the plan says, True when it has run out."""

    def __init__(self, *answers: bool | Exception, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.answers = list(answers)
        self.asked = 0
        self._meanwhile = meanwhile

    async def renew(self, claimed: ClaimedMessage) -> bool:
        self.asked += 1
        self._meanwhile()
        answer = self.answers.pop(0) if self.answers else True
        if isinstance(answer, Exception):
            raise answer
        return answer


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def delivery(
    client: ChannelClient | None,
    *,
    leases: Leases | None = None,
    renderer: Renderer | None = None,
    steady: Callable[[], float] | None = None,
    wall: Callable[[], float] | None = None,
    lease: float = LEASE,
    tally: MetricsRecorder | None = None,
    holds_back: Callable[[int], bool] = lambda partition: False,
) -> MessageDelivery:
    return MessageDelivery(
        leases=leases or Leases(),
        renderer=renderer or PlainRenderer(),
        clients=dict.fromkeys(Channel, client) if client is not None else {},
        metrics=tally or MetricsRecorder(),
        clocks=SendingClocks(steady or Clock(), wall),
        backoff=BACKOFF,
        lease=lease,
        holds_back=holds_back,
        draw=lambda: 0.5,
    )


def given_up(outcome: AttemptOutcome | None, reason: Failure) -> str:
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.final, outcome.maybe_told) == (reason, True, False)
    return outcome.detail


def unknown(outcome: AttemptOutcome | None, reason: Failure) -> str:
    """It may have arrived, and is tried again."""
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.final, outcome.maybe_told) == (reason, False, True)
    return outcome.detail


async def test_a_message_is_sent_and_the_channel_names_it() -> None:
    post, tally = FakeChannels(), MetricsRecorder()
    assert await delivery(post, tally=tally).attempt(claimed()) == Sent("ts n1")
    assert post.arrived == ["n1"]
    assert tally.attempts == [Channel.SLACK]


async def test_a_channel_that_is_not_set_up_is_given_up_at_once() -> None:
    leases = Leases()
    outcome = await delivery(None, leases=leases).attempt(claimed(DANA))
    assert given_up(outcome, Failure.MISCONFIGURED) == "email is not set up"


class Stumped:
    def render(self, content: MessageContent) -> RenderedMessage:
        raise ZeroDivisionError("no words for it")


async def test_a_message_that_cannot_be_written_is_given_up_and_says_why() -> None:
    post = FakeChannels()
    outcome = await delivery(post, renderer=Stumped()).attempt(claimed())
    assert given_up(outcome, Failure.REFUSED) == "it cannot be written: ZeroDivisionError: no words for it"
    assert post.tried == []


async def test_a_stored_signal_of_another_format_is_given_up_too() -> None:
    outcome = await delivery(FakeChannels()).attempt(claimed(body="{}"))
    assert "cannot be written" in given_up(outcome, Failure.REFUSED)


async def test_what_was_taken_while_its_partition_fell_behind_waits() -> None:
    post = FakeChannels()
    message = claimed()
    outcome = await delivery(post, holds_back=lambda partition: partition == message.partition).attempt(message)
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.final, outcome.maybe_told) == (Failure.CUT_SHORT, False, False)
    assert outcome.detail == "not sent: its partition is read to the end first"
    assert post.tried == []


async def test_what_is_no_longer_ours_is_not_sent() -> None:
    post = FakeChannels()
    assert await delivery(post, leases=Leases(False)).attempt(claimed()) is None
    assert post.tried == []


async def test_a_process_that_was_stopped_while_it_asked_asks_again() -> None:
    """SIGSTOP between the question and the sending: the yes is an hour old."""
    clock, post = Clock(), FakeChannels()
    hours = [3600.0, 0.0]

    def stopped() -> None:
        clock.now += hours.pop(0)

    leases = Leases(True, False, meanwhile=stopped)
    assert await delivery(post, leases=leases, steady=clock).attempt(claimed()) is None
    assert leases.asked == 2
    assert post.tried == []


async def test_without_the_database_nothing_is_sent_and_nothing_is_lost() -> None:
    post = FakeChannels()
    outcome = await delivery(post, leases=Leases(Unreachable("connection refused"))).attempt(claimed())
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.retry_in, outcome.maybe_told) == (Failure.CUT_SHORT, 0.0, False)
    assert post.tried == []


async def test_a_failure_comes_with_its_next_attempt() -> None:
    post = FakeChannels()
    post.plan[DESK.address_key] = [failure(), failure(Failure.RATE_LIMITED, retry_after=30.0)]
    carries = delivery(post)
    first, second = await carries.attempt(claimed()), await carries.attempt(claimed())
    assert first == Failed(Failure.UNAVAILABLE, "said the channel", False, 4.0)
    assert second == Failed(Failure.RATE_LIMITED, "said the channel", False, 30.0)


class Slow:
    """Takes its time until the attempt is over by the clock of the test."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds

    async def deliver(self, message: RenderedMessage) -> Delivered:
        self._clock.now += self._seconds
        raise DeliveryFailed(Failure.UNREACHABLE, "no route", retryable=True)


async def test_the_time_of_an_attempt_counts_too() -> None:
    clock = Clock()
    outcome = await delivery(Slow(clock, 20.0), steady=clock).attempt(claimed(age=BACKOFF.give_up - 19.0))
    assert given_up(outcome, Failure.TOO_OLD) == "the channel could not be reached: no route"


class Endless:
    async def deliver(self, message: RenderedMessage) -> Delivered:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")


async def test_a_channel_that_never_ends_does_not_outlive_the_lease() -> None:
    tally = MetricsRecorder()
    outcome = await delivery(Endless(), lease=0.02, tally=tally).attempt(claimed())
    unknown(outcome, Failure.NO_ANSWER)
    assert tally.attempts == [Channel.SLACK]


async def test_a_mistake_of_a_channel_is_a_failed_attempt_and_spills_no_secret() -> None:
    post = FakeChannels()
    post.plan[DESK.address_key] = [RuntimeError("https://hooks.slack.com/services/SECRET")]
    detail = unknown(await delivery(post).attempt(claimed()), Failure.BAD_ANSWER)
    assert "RuntimeError in deliver" in detail
    assert "SECRET" not in detail


class Watching(PlainRenderer):
    def __init__(self) -> None:
        self.moments: list[float] = []

    def render(self, content: MessageContent) -> RenderedMessage:
        self.moments.append(content.now)
        return super().render(content)


@pytest.mark.parametrize(("wall", "now"), [(lambda: 5.0, 5.0), (None, DECIDED)])
async def test_a_message_is_told_as_of_now_or_in_stream_mode_as_of_then(
    wall: Callable[[], float] | None, now: float
) -> None:
    renderer = Watching()
    await delivery(FakeChannels(), renderer=renderer, wall=wall).attempt(claimed())
    assert renderer.moments == [now]
