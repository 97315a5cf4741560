"""E-mail as a channel: what it takes from the settings."""

from collections.abc import Sequence

from alerts.channels.email.client import EmailClient, SmtpTls
from alerts.channels.email.envelope import parse_address
from alerts.channels.email.render import EmailRenderer
from alerts.channels.registry import ChannelLimits
from alerts.routing.destination import Target
from alerts.settings import AlertsSettings


class EmailAdapter:
    def client(self, settings: AlertsSettings, targets: Sequence[Target]) -> EmailClient | None:
        if not settings.alerts_smtp_host:
            return None
        password = settings.alerts_smtp_password
        return EmailClient(
            host=settings.alerts_smtp_host,
            port=settings.alerts_smtp_port,
            user=settings.alerts_smtp_user,
            password=password.get_secret_value() if password else None,
            tls=SmtpTls(settings.alerts_smtp_tls),
            sender=settings.alerts_mail_from,
            unsubscribe=settings.alerts_mail_unsubscribe,
            timeout=settings.alerts_send_seconds,
        )

    def renderer(self, settings: AlertsSettings) -> EmailRenderer:
        return EmailRenderer(parse_address(settings.alerts_mail_from).domain)

    def limits(self, settings: AlertsSettings) -> ChannelLimits:
        return ChannelLimits(concurrency=settings.alerts_smtp_concurrency, per_second=settings.alerts_smtp_per_second)


CHANNEL = EmailAdapter()
