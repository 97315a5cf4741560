"""What a mail server's answers and failures mean for a message: try again, or give up."""

from collections.abc import Callable

import aiosmtplib

from alerts.errors import DeliveryFailed, Failure

# The server refuses our credentials, so it would refuse every other message, too.
_CREDENTIALS_REFUSED = frozenset({530, 534, 535, 538})


def failure(
    error: aiosmtplib.SMTPException | OSError, *, in_doubt: bool, hide_secrets: Callable[[str], str]
) -> DeliveryFailed:
    """`in_doubt`: the message was being sent, so only an answer tells whether it arrived."""
    # The server answered: its code says what to do.
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _by_code(error.code, hide_secrets(f"{error.code} {error.message}"), in_doubt=in_doubt)
    detail = hide_secrets(str(error) or type(error).__name__)
    # No answer before the deadline.
    if isinstance(error, TimeoutError):
        return DeliveryFailed(Failure.NO_ANSWER, "no answer in time", retryable=True, maybe_delivered=in_doubt)
    # The connection failed: before the message was sent, or while it was.
    if isinstance(error, OSError):
        reason = Failure.NO_ANSWER if in_doubt else Failure.UNREACHABLE
        return DeliveryFailed(reason, detail, retryable=True, maybe_delivered=in_doubt)
    # The server does not offer what the settings ask for: STARTTLS, a way to log in.
    return DeliveryFailed(Failure.MISCONFIGURED, detail, retryable=False)


def _by_code(code: int, said: str, *, in_doubt: bool) -> DeliveryFailed:
    # Greylisting, a full mailbox, a rate limit: the server says that it may work later.
    if 400 <= code < 500:
        return DeliveryFailed(Failure.UNAVAILABLE, said, retryable=True)
    # Before the general 5xx: here the password is wrong, not the message, and it can be renewed.
    if code in _CREDENTIALS_REFUSED:
        return DeliveryFailed(Failure.UNAUTHORIZED, said, retryable=True)
    # This address or this message is refused for good.
    if 500 <= code < 600:
        return DeliveryFailed(Failure.REFUSED, said, retryable=False)
    return DeliveryFailed(Failure.BAD_ANSWER, said, retryable=False, maybe_delivered=in_doubt)
