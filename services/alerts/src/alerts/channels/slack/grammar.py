"""How routes.yml names an address in Slack: a channel, a member, or an incoming webhook by its name in the settings."""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from alerts.routing.channel_grammar import Address, ChannelKey
from alerts.routing.destination import Target
from common.documents.model import DocumentModel
from common.documents.value_types import Given, by_shape, text

_SECRET = "an address of a webhook is a secret: put it in ALERTS_SLACK_WEBHOOKS under a name, and write {webhook: NAME}"
_URLS_ARE_REFUSED = {name: _SECRET for name in ("url", "api_url", "webhook_url")}


def _no_secret(value: object) -> object:
    # A URL in the file would put a secret where everybody reads it.
    if isinstance(value, str) and "://" in value:
        raise ValueError(_SECRET)
    return value


_Channel = Annotated[
    str,
    text(
        r"^(#[^\s#@,:<>A-Z]{1,80}|[CGD][A-Z0-9]{2,20})$", "a Slack channel such as '#cs-desk' (in quotes) or C0123ABCD"
    ),
    BeforeValidator(_no_secret),
]
_Member = Annotated[
    str,
    text(r"^[UWD][A-Z0-9]{2,20}$", "a Slack member id such as U0123ABCD, or {webhook: NAME}"),
    BeforeValidator(_no_secret),
]
_Webhook = Annotated[
    str,
    text(r"^[a-z0-9][a-z0-9_-]{0,63}$", "the name of a webhook, of a-z, 0-9, - and _"),
    BeforeValidator(_no_secret),
]
_ABOUT_WEBHOOK = "An incoming webhook, by its name in ALERTS_SLACK_WEBHOOKS."


class SlackEntry(DocumentModel):
    one_of: ClassVar[tuple[str, ...]] = ("channel", "webhook")
    refused: ClassVar[Mapping[str, str]] = _URLS_ARE_REFUSED

    channel: Given[_Channel] = Field(None, description="A channel that the bot is in: '#cs-desk' or its id.")
    webhook: Given[_Webhook] = Field(None, description=_ABOUT_WEBHOOK)


class WebhookEntry(DocumentModel):
    refused: ClassVar[Mapping[str, str]] = _URLS_ARE_REFUSED

    webhook: _Webhook = Field(description=_ABOUT_WEBHOOK)


class SlackGrammar:
    receiver = ChannelKey(SlackEntry, "A Slack channel.")
    person = ChannelKey(
        Annotated[str | WebhookEntry, by_shape(dict, WebhookEntry, _Member)],
        "Their member id (in Slack: profile, ..., copy member ID), or a webhook of theirs.",
    )
    address_is_missing = "'slack' needs to know where: add their member id as 'slack'"

    def receiver_address(self, value: SlackEntry) -> Address:
        return Address(value.channel) if value.channel else Address(value.webhook or "", webhook=True)

    def person_address(self, value: str | WebhookEntry | None, *, email: str) -> Address | None:
        if isinstance(value, WebhookEntry):
            return Address(value.webhook, webhook=True)
        return Address(value) if value is not None else None

    def needed_settings(self, targets: Sequence[Target]) -> str | None:
        names = webhook_names(targets)
        return f"ALERTS_SLACK_WEBHOOKS has to name: {', '.join(sorted(names))}" if names else None


def webhook_names(targets: Sequence[Target]) -> frozenset[str]:
    """The names for which the settings must have a URL."""
    return frozenset(target.address for target in targets if target.webhook)


GRAMMAR = SlackGrammar()
