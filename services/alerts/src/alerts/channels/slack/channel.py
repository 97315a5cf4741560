"""Slack as a channel: what it takes from the settings."""

from collections.abc import Sequence

from alerts.channels.registry import ChannelLimits
from alerts.channels.slack.client import SlackClient
from alerts.channels.slack.grammar import webhook_names
from alerts.channels.slack.render import SlackRenderer
from alerts.routing.destination import Target
from alerts.settings import AlertsSettings
from common.errors import StopWorker


class SlackAdapter:
    def client(self, settings: AlertsSettings, targets: Sequence[Target]) -> SlackClient | None:
        urls = settings.alerts_slack_webhooks
        # A name without a URL would fail every message to it: better not to start.
        if missing := sorted(webhook_names(targets) - urls.keys()):
            raise StopWorker(
                f"{settings.alerts_routes} names webhooks that ALERTS_SLACK_WEBHOOKS has no URL for: {missing}"
            )
        token = settings.alerts_slack_token
        if token is None and not urls:
            return None
        return SlackClient(
            api_url=settings.alerts_slack_api,
            token=token.get_secret_value() if token else None,
            webhooks={name: url.get_secret_value() for name, url in urls.items()},
            timeout=settings.alerts_send_seconds,
        )

    def renderer(self, settings: AlertsSettings) -> SlackRenderer:
        return SlackRenderer()

    def limits(self, settings: AlertsSettings) -> ChannelLimits:
        return ChannelLimits(
            concurrency=settings.alerts_slack_concurrency, address_per_second=settings.alerts_slack_per_second
        )


CHANNEL = SlackAdapter()
