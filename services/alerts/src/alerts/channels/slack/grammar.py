"""How routes.yml names an address in Slack: a channel, a member, or an incoming webhook by its name in the settings."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from alerts.routing.channel_grammar import Address
from alerts.routing.destination import Target
from alerts.routing.values import Either
from common.documents.findings import Findings
from common.documents.mapping_rules import KeyRule, MappingRule
from common.documents.value_rules import JsonSchema, PatternText
from common.documents.yaml import YamlValue

_CHANNEL = PatternText(
    r"^(#[^\s#@,:<>A-Z]{1,80}|[CGD][A-Z0-9]{2,20})$", "a Slack channel such as '#cs-desk' (in quotes) or C0123ABCD"
)
_MEMBER = PatternText(r"^[UWD][A-Z0-9]{2,20}$", "a Slack member id such as U0123ABCD, or {webhook: NAME}")
_WEBHOOK = PatternText(r"^[a-z0-9][a-z0-9_-]{0,63}$", "the name of a webhook, of a-z, 0-9, - and _")

_SECRET = "an address of a webhook is a secret: put it in ALERTS_SLACK_WEBHOOKS under a name, and write {webhook: NAME}"
_URLS_ARE_REFUSED = {name: _SECRET for name in ("url", "api_url", "webhook_url")}


class SlackAddress(Struct, frozen=True):
    word: PatternText

    def read(self, value: YamlValue, found: Findings) -> Address:
        # A URL in the file would put a secret where everybody reads it.
        if isinstance(value.content, str) and "://" in value.content:
            raise found.problem(value.where, _SECRET)
        return Address(self.word.read(value, found), webhook=self.word is _WEBHOOK)

    def schema(self) -> JsonSchema:
        return self.word.schema()


_BY_WEBHOOK = KeyRule(SlackAddress(_WEBHOOK), "An incoming webhook, by its name in ALERTS_SLACK_WEBHOOKS.")


class SlackGrammar:
    receiver = KeyRule(
        MappingRule(
            {
                "channel": KeyRule(SlackAddress(_CHANNEL), "A channel that the bot is in: '#cs-desk' or its id."),
                "webhook": _BY_WEBHOOK,
            },
            one_of=("channel", "webhook"),
            refused=_URLS_ARE_REFUSED,
        ),
        "A Slack channel.",
    )
    person = KeyRule(
        Either(
            MappingRule({"webhook": _BY_WEBHOOK}, one_of=("webhook",), refused=_URLS_ARE_REFUSED), SlackAddress(_MEMBER)
        ),
        "Their member id (in Slack: profile, ..., copy member ID), or a webhook of theirs.",
    )
    address_is_missing = "'slack' needs to know where: add their member id as 'slack'"

    def receiver_address(self, value: Mapping[str, Address]) -> Address:
        return next(iter(value.values()))

    def person_address(self, value: Any | None, *, email: str) -> Address | None:
        if isinstance(value, Mapping):
            return self.receiver_address(value)
        return value

    def needed_settings(self, targets: Sequence[Target]) -> str | None:
        names = webhook_names(targets)
        return f"ALERTS_SLACK_WEBHOOKS has to name: {', '.join(sorted(names))}" if names else None


def webhook_names(targets: Sequence[Target]) -> frozenset[str]:
    """The names for which the settings must have a URL."""
    return frozenset(target.address for target in targets if target.webhook)


GRAMMAR = SlackGrammar()
