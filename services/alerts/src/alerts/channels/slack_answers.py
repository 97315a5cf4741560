"""What Slack's answers mean for a message: tried again, given up, or posted outside its thread."""

import math
import re
from collections.abc import Mapping

from msgspec import Struct

from alerts.errors import DeliveryFailed, Failure

# The thread cannot be answered in any more; the channel can.
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
# Slack says of these two that some of it may have succeeded.
_HALF_DONE = frozenset({"internal_error", "fatal_error"})
_PASSING = _HALF_DONE | {"service_unavailable", "request_timeout", "team_added_to_org"}
# A person must change a setting, a permission or a channel.
_TO_BE_SET_RIGHT = frozenset(
    {
        *("invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope"),
        *("no_permission", "not_allowed_token_type", "access_denied", "accesslimited", "ekm_access_denied"),
        *("org_login_required", "enterprise_is_restricted", "team_access_not_granted", "team_disabled"),
        *("two_factor_setup_required", "deprecated_endpoint", "method_deprecated", "invalid_token"),
        *("channel_not_found", "not_in_channel", "is_archived", "channel_is_archived", "user_not_found"),
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
_KNOWN = _LIMITED | _PASSING | _TO_BE_SET_RIGHT | _REFUSED | THREAD_GONE
_WORD = re.compile(r"[a-z][a-z_]{2,63}")
_NOT_FOR_US = frozenset({401, 403, 404, 407, 410})


class SlackAnswer(Struct, frozen=True):
    """An answer that is not a yes. `error` is Slack's word for it, if it gave one; `detail` what else it said."""

    status: int
    error: str | None
    detail: str = ""
    retry_after: float | None = None


def webhook_error(status: int, body: str) -> str | None:
    """Slack's word in the body, if it is one: a page of somebody else's in between is not."""
    word = body.strip()
    if word in _KNOWN:
        return word
    # With a 200, an unknown word is rather another service's way to say yes.
    return word if status != 200 and _WORD.fullmatch(word) else None


def failure(answer: SlackAnswer) -> DeliveryFailed:
    """Only what passes by itself is tried again.

    A 200 that is neither yes nor no is not: the message may have been posted, and hourly copies of it would be worse
    than one more over the next way.
    """
    status, error = answer.status, answer.error
    said = " ".join(part for part in (str(status) if status != 200 else "", error, answer.detail) if part)
    if status == 429 or error in _LIMITED:
        return DeliveryFailed(Failure.RATE_LIMITED, said, retryable=True, retry_after=answer.retry_after)
    if status >= 500 or status == 408 or error in _PASSING:
        half_done = error in _HALF_DONE or (status >= 500 and status != 503)
        return DeliveryFailed(
            Failure.UNAVAILABLE, said, retryable=True, retry_after=answer.retry_after, maybe_delivered=half_done
        )
    if error in _TO_BE_SET_RIGHT or (error is None and status in _NOT_FOR_US):
        return DeliveryFailed(Failure.MISCONFIGURED, said, retryable=False)
    if error is None and status == 200:
        return DeliveryFailed(Failure.BAD_ANSWER, said, retryable=False, maybe_delivered=True)
    return DeliveryFailed(Failure.REFUSED, said, retryable=False)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds. Slack gives whole ones; what is not a number of seconds is not a promise."""
    for name, value in headers.items():
        if name.lower() == "retry-after":
            try:
                seconds = float(value)
            except ValueError:
                return None
            return seconds if math.isfinite(seconds) and seconds >= 0 else None
    return None
