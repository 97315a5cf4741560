"""Sends e-mails by SMTP."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.headerregistry import Address
from enum import StrEnum

import aiosmtplib

from alerts.channels.client import Delivered
from alerts.channels.email.envelope import build_email, parse_address, unsubscribe_header
from alerts.channels.email.outcomes import failure
from alerts.channels.email.render import Email
from alerts.channels.text import SecretFilter
from alerts.errors import DeliveryFailed, Failure
from alerts.messages.renderer import RenderedMessage

_QUIT_SECONDS = 1.0


class SmtpTls(StrEnum):
    """With STARTTLS nothing is sent unless the server encrypts: no server can downgrade the connection."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class EmailClient:
    """Tries each message once, over a connection of its own.

    Messages are few: a server would close a kept connection before the next one comes, and a message that meets the
    close may or may not have arrived. `timeout` is seconds for a whole delivery. Without a `host` nothing can be sent.
    Raises ValueError for settings that cannot work.
    """

    def __init__(
        self,
        *,
        host: str | None,
        port: int,
        user: str | None,
        password: str | None,
        tls: SmtpTls,
        sender: str,
        unsubscribe: str | None,
        timeout: float,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._host = host
        self._port = port
        self._user = user
        self._password = password
        self._tls = tls
        self._context = None if tls is SmtpTls.NONE else ssl.create_default_context()
        self._sender = parse_address(sender)
        self._unsubscribe = unsubscribe_header(unsubscribe, self._sender)
        self._timeout = timeout
        self._now = now
        self._hide_secrets = SecretFilter([password or ""])

    async def deliver(self, message: RenderedMessage) -> Delivered:
        """Raises `DeliveryFailed`."""
        if not isinstance(message, Email):
            raise TypeError("the e-mail channel sends what it has rendered")
        if self._host is None:
            raise DeliveryFailed(Failure.MISCONFIGURED, "no SMTP server in the settings", retryable=False)
        try:
            to = parse_address(message.target.address)
        except ValueError as error:
            raise DeliveryFailed(Failure.MISCONFIGURED, str(error), retryable=False) from None
        data = build_email(message, sender=self._sender, to=to, unsubscribe=self._unsubscribe, at=self._now())
        client = self._client()
        deadline = asyncio.get_running_loop().time() + self._timeout
        try:
            await self._offer(client, to, deadline)
            await self._hand_over(client, data, deadline)
            await _quit(client)
        finally:
            client.close()
        return Delivered()

    async def _offer(self, client: aiosmtplib.SMTP, to: Address, deadline: float) -> None:
        """Until the server agrees to take a message: a failure here has delivered nothing."""
        try:
            async with asyncio.timeout_at(deadline):
                await client.connect()
                await client.mail(self._sender.addr_spec)
                await client.rcpt(to.addr_spec)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise failure(error, in_doubt=False, hide_secrets=self._hide_secrets) from None

    async def _hand_over(self, client: aiosmtplib.SMTP, data: bytes, deadline: float) -> None:
        """The message itself: if no answer comes, it may or may not have been delivered."""
        try:
            async with asyncio.timeout_at(deadline):
                await client.data(data)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise failure(error, in_doubt=True, hide_secrets=self._hide_secrets) from None

    def _client(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            # The default looks up this machine's name, which can hang where there is no DNS.
            local_hostname=self._sender.domain,
            username=self._user,
            password=self._password,
            use_tls=self._tls is SmtpTls.TLS,
            start_tls=self._tls is SmtpTls.STARTTLS,
            tls_context=self._context,
            timeout=None,
        )


async def _quit(client: aiosmtplib.SMTP) -> None:
    """The message is delivered already, so a failure to say QUIT does not matter."""
    with suppress(aiosmtplib.SMTPException, OSError):
        await client.quit(timeout=_QUIT_SECONDS)
