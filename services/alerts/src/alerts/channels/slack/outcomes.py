"""What Slack's answers mean for a message: try again, give up, or post it outside its thread."""

import math
import re
from collections.abc import Mapping

from msgspec import Struct

from alerts.errors import DeliveryFailed, Failure

# The thread is gone or locked; the channel still takes messages.
THREAD_GONE = frozenset(
    {
        "thread_not_found",
        "message_not_found",
        "cannot_reply_to_message",
        "restricted_action_thread_locked",
        "restricted_action_non_threadable_channel",
    }
)
_LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
# Slack says of these two that a part may have succeeded.
_MAYBE_DONE = frozenset({"internal_error", "fatal_error"})
_TEMPORARY = _MAYBE_DONE | {"service_unavailable", "request_timeout", "team_added_to_org"}
# The token has expired or was revoked. Somebody renews it, and then every message that waited can go out.
_UNAUTHORIZED = frozenset({"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"})
# A person must change a setting, a permission or a channel.
_MISCONFIGURED = frozenset(
    {
        *("missing_scope", "no_permission", "not_allowed_token_type", "access_denied", "accesslimited"),
        *("ekm_access_denied", "method_deprecated", "deprecated_endpoint", "two_factor_setup_required"),
        *("org_login_required", "enterprise_is_restricted", "team_access_not_granted", "team_disabled"),
        *(
            "invalid_token",
            "channel_not_found",
            "not_in_channel",
            "is_archived",
            "channel_is_archived",
            "user_not_found",
        ),
        *("messages_tab_disabled", "restricted_action", "restricted_action_read_only_channel"),
        *("restricted_action_thread_only_channel", "posting_to_general_channel_denied", "action_prohibited"),
        *("no_service", "no_service_id", "no_active_hooks", "no_team", "team_not_found"),
    }
)
_REFUSED = frozenset(
    {
        *("invalid_blocks", "invalid_blocks_format", "invalid_payload", "invalid_json", "invalid_arguments"),
        *("msg_too_long", "msg_blocks_too_long", "no_text", "too_many_attachments", "missing_text_or_fallback"),
    }
)
_KNOWN = _LIMITED | _TEMPORARY | _UNAUTHORIZED | _MISCONFIGURED | _REFUSED | THREAD_GONE
_WORD = re.compile(r"[a-z][a-z_]{2,63}")
_MISCONFIGURED_STATUS = frozenset({403, 404, 407, 410})


class SlackAnswer(Struct, frozen=True):
    """An answer that is not a success. `error` is Slack's code for it, if it gave one; `detail` is the rest."""

    status: int
    error: str | None
    detail: str = ""
    retry_after: float | None = None


def webhook_error(status: int, body: str) -> str | None:
    """Slack's error code in the body; None for other text, such as a proxy's page."""
    word = body.strip()
    if word in _KNOWN:
        return word
    # With a 200 an unknown word is more likely the success of a service that imitates Slack.
    return word if status != 200 and _WORD.fullmatch(word) else None


def failure(answer: SlackAnswer) -> DeliveryFailed:
    """Only an error that ends by itself is tried again.

    A 200 that is neither success nor error is not: the message may have been posted, and each retry would repeat it.
    """
    status, error = answer.status, answer.error
    said = " ".join(part for part in (str(status) if status != 200 else "", error, answer.detail) if part)
    # Slack asks to wait: nothing was posted.
    if status == 429 or error in _LIMITED:
        return DeliveryFailed(Failure.RATE_LIMITED, said, retryable=True, retry_after=answer.retry_after)
    # Slack has trouble of its own, which passes. A 503 posts nothing; after another 5xx nobody knows.
    if status >= 500 or status == 408 or error in _TEMPORARY:
        maybe_done = error in _MAYBE_DONE or (status >= 500 and status != 503)
        return DeliveryFailed(
            Failure.UNAVAILABLE, said, retryable=True, retry_after=answer.retry_after, maybe_delivered=maybe_done
        )
    # The token is not valid now: nothing was posted, and it can be renewed within the hour.
    if error in _UNAUTHORIZED or (error is None and status == 401):
        return DeliveryFailed(Failure.UNAUTHORIZED, said, retryable=True)
    # Permission or channel are wrong: every retry would fail until somebody corrects them.
    if error in _MISCONFIGURED or (error is None and status in _MISCONFIGURED_STATUS):
        return DeliveryFailed(Failure.MISCONFIGURED, said, retryable=False)
    # Neither success nor an error of Slack's: it may have been posted.
    if error is None and status == 200:
        return DeliveryFailed(Failure.BAD_ANSWER, said, retryable=False, maybe_delivered=True)
    return DeliveryFailed(Failure.REFUSED, said, retryable=False)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds; None if the header is missing or is not a number of seconds."""
    for name, value in headers.items():
        # Slack gives whole seconds; an HTTP date would come from a proxy.
        if name.lower() == "retry-after":
            try:
                seconds = float(value)
            except ValueError:
                return None
            return seconds if math.isfinite(seconds) and seconds >= 0 else None
    return None
