"""What a mail server's answers, and its silences, mean for a message."""

from collections.abc import Callable

import aiosmtplib

from alerts.errors import DeliveryFailed, Failure

# Who we are does not satisfy the server: no other message will fare better.
_WHO_ARE_YOU = frozenset({530, 534, 535, 538})


def failure(
    error: aiosmtplib.SMTPException | OSError, *, in_doubt: bool, hidden: Callable[[str], str]
) -> DeliveryFailed:
    """`in_doubt`: the message was on its way, so that only an answer tells whether it arrived."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _by_code(error.code, hidden(f"{error.code} {error.message}"), in_doubt=in_doubt)
    detail = hidden(str(error) or type(error).__name__)
    if isinstance(error, TimeoutError):
        return DeliveryFailed(Failure.NO_ANSWER, "no answer in time", retryable=True, maybe_delivered=in_doubt)
    if isinstance(error, OSError):
        reason = Failure.NO_ANSWER if in_doubt else Failure.UNREACHABLE
        return DeliveryFailed(reason, detail, retryable=True, maybe_delivered=in_doubt)
    # What the server does not offer: STARTTLS, a way to log in.
    return DeliveryFailed(Failure.MISCONFIGURED, detail, retryable=False)


def _by_code(code: int, said: str, *, in_doubt: bool) -> DeliveryFailed:
    if 400 <= code < 500:
        return DeliveryFailed(Failure.UNAVAILABLE, said, retryable=True)
    if code in _WHO_ARE_YOU:
        return DeliveryFailed(Failure.MISCONFIGURED, said, retryable=False)
    if 500 <= code < 600:
        return DeliveryFailed(Failure.REFUSED, said, retryable=False)
    return DeliveryFailed(Failure.BAD_ANSWER, said, retryable=False, maybe_delivered=in_doubt)
