import pytest

from alerts.channels.slack.outcomes import SlackAnswer, failure, retry_after, webhook_error
from alerts.errors import Failure

AGAIN, NEVER = True, False


@pytest.mark.parametrize(
    ("answer", "reason", "retryable", "maybe_delivered"),
    [
        (SlackAnswer(429, None), Failure.RATE_LIMITED, AGAIN, False),
        # Slack says it with a 200 too, in two spellings.
        (SlackAnswer(200, "ratelimited"), Failure.RATE_LIMITED, AGAIN, False),
        (SlackAnswer(200, "rate_limited"), Failure.RATE_LIMITED, AGAIN, False),
        (SlackAnswer(503, None), Failure.UNAVAILABLE, AGAIN, False),
        (SlackAnswer(200, "service_unavailable"), Failure.UNAVAILABLE, AGAIN, False),
        (SlackAnswer(200, "request_timeout"), Failure.UNAVAILABLE, AGAIN, False),
        (SlackAnswer(408, None), Failure.UNAVAILABLE, AGAIN, False),
        # "It's possible some aspect of the operation succeeded before the error was raised."
        (SlackAnswer(200, "internal_error"), Failure.UNAVAILABLE, AGAIN, True),
        (SlackAnswer(200, "fatal_error"), Failure.UNAVAILABLE, AGAIN, True),
        (SlackAnswer(500, None), Failure.UNAVAILABLE, AGAIN, True),
        (SlackAnswer(504, None), Failure.UNAVAILABLE, AGAIN, True),
        # Somebody renews the token, and all that waited goes out.
        (SlackAnswer(200, "invalid_auth"), Failure.UNAUTHORIZED, AGAIN, False),
        (SlackAnswer(200, "token_expired"), Failure.UNAUTHORIZED, AGAIN, False),
        (SlackAnswer(200, "token_revoked"), Failure.UNAUTHORIZED, AGAIN, False),
        (SlackAnswer(200, "account_inactive"), Failure.UNAUTHORIZED, AGAIN, False),
        (SlackAnswer(401, None), Failure.UNAUTHORIZED, AGAIN, False),
        # A person must set it right.
        (SlackAnswer(200, "missing_scope"), Failure.MISCONFIGURED, NEVER, False),
        (SlackAnswer(200, "channel_not_found"), Failure.MISCONFIGURED, NEVER, False),
        (SlackAnswer(200, "not_in_channel"), Failure.MISCONFIGURED, NEVER, False),
        (SlackAnswer(200, "is_archived"), Failure.MISCONFIGURED, NEVER, False),
        (SlackAnswer(404, "no_service"), Failure.MISCONFIGURED, NEVER, False),
        (SlackAnswer(410, "channel_is_archived"), Failure.MISCONFIGURED, NEVER, False),
        (SlackAnswer(403, None), Failure.MISCONFIGURED, NEVER, False),
        # The message itself is at fault.
        (SlackAnswer(200, "invalid_blocks"), Failure.REFUSED, NEVER, False),
        (SlackAnswer(200, "msg_too_long"), Failure.REFUSED, NEVER, False),
        (SlackAnswer(400, "invalid_payload"), Failure.REFUSED, NEVER, False),
        (SlackAnswer(400, None), Failure.REFUSED, NEVER, False),
        # Slack finds new words every year.
        (SlackAnswer(200, "a_word_of_next_year"), Failure.REFUSED, NEVER, False),
        # Neither yes nor no.
        (SlackAnswer(200, None), Failure.BAD_ANSWER, NEVER, True),
    ],
)
def test_an_answer_means_one_thing(
    answer: SlackAnswer, reason: Failure, retryable: bool, maybe_delivered: bool
) -> None:
    failed = failure(answer)
    assert (failed.reason, failed.retryable, failed.maybe_delivered) == (reason, retryable, maybe_delivered)


def test_what_was_said_is_kept_for_who_must_act() -> None:
    assert failure(SlackAnswer(200, "missing_scope", "needed: chat:write")).detail == "missing_scope needed: chat:write"
    assert failure(SlackAnswer(502, None, "Bad gateway")).detail == "502 Bad gateway"


@pytest.mark.parametrize("answer", [SlackAnswer(429, None, "", 7.0), SlackAnswer(503, None, "", 7.0)])
def test_the_moment_to_come_back_is_passed_on(answer: SlackAnswer) -> None:
    assert failure(answer).retry_after == 7.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "30"}, 30.0),
        ({"retry-after": "0"}, 0.0),
        ({"Retry-After": "1.5"}, 1.5),
        ({}, None),
        # A date, and what no promise can be.
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "nan"}, None),
    ],
)
def test_retry_after_is_a_number_of_seconds_or_nothing(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


@pytest.mark.parametrize(
    ("status", "body", "word"),
    [
        (404, "no_service", "no_service"),
        (400, "invalid_payload\n", "invalid_payload"),
        (400, "a_word_of_next_year", "a_word_of_next_year"),
        # A page of somebody in between.
        (404, "<html>Not found</html>", None),
        (400, "Bad Request", None),
        # A known no is a no whatever the status; an unknown word may be another service's yes.
        (200, "no_service", "no_service"),
        (200, "accepted", None),
        (200, "", None),
    ],
)
def test_a_webhooks_word_is_told_from_a_page(status: int, body: str, word: str | None) -> None:
    assert webhook_error(status, body) == word
