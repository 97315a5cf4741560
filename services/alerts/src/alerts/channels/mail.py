"""E-mail by SMTP."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.headerregistry import Address
from enum import StrEnum

import aiosmtplib

from alerts.channels.envelope import build_email, parse_address, unsubscribe_header
from alerts.channels.letters import Delivered, Email, RenderedMessage
from alerts.channels.lines import SecretFilter
from alerts.channels.mail_answers import failure
from alerts.errors import DeliveryFailed, Failure

_PARTING_SECONDS = 1.0


class SmtpTls(StrEnum):
    """STARTTLS begins in the clear and goes on only once it is encrypted: no server can talk us out of it."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class EmailClient:
    """Tries each message once, over a connection of its own; whoever calls it tries again.

    Messages are few: a connection kept for the next one would mostly be closed by the server before it comes, and a
    message that meets its end is one more that may have arrived. `timeout` is seconds for a delivery, everything
    included. Without a `host` nothing can be sent. ValueError for settings that cannot work.
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
        self._hidden = SecretFilter([password or ""])

    async def deliver(self, letter: RenderedMessage) -> Delivered:
        """Raises DeliveryFailed."""
        if not isinstance(letter, Email):
            raise TypeError("the mail channel carries mails")
        if self._host is None:
            raise DeliveryFailed(Failure.MISCONFIGURED, "no SMTP server in the settings", retryable=False)
        try:
            to = parse_address(letter.target.address)
        except ValueError as error:
            raise DeliveryFailed(Failure.MISCONFIGURED, str(error), retryable=False) from None
        message = build_email(letter, sender=self._sender, to=to, unsubscribe=self._unsubscribe, at=self._now())
        client = self._client()
        deadline = asyncio.get_running_loop().time() + self._timeout
        try:
            await self._offer(client, to, deadline)
            await self._hand_over(client, message, deadline)
            await _part(client)
        finally:
            client.close()
        return Delivered()

    async def _offer(self, client: aiosmtplib.SMTP, to: Address, deadline: float) -> None:
        """Up to where the server has agreed to take a message: what fails here has delivered nothing."""
        try:
            async with asyncio.timeout_at(deadline):
                await client.connect()
                await client.mail(self._sender.addr_spec)
                await client.rcpt(to.addr_spec)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise failure(error, in_doubt=False, hidden=self._hidden) from None

    async def _hand_over(self, client: aiosmtplib.SMTP, message: bytes, deadline: float) -> None:
        """Without an answer to this the message may lie there or not: where it broke off cannot be seen from here."""
        try:
            async with asyncio.timeout_at(deadline):
                await client.data(message)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise failure(error, in_doubt=True, hidden=self._hidden) from None

    def _client(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            # Its own name for this machine is a lookup that can hang where names are not served.
            local_hostname=self._sender.domain,
            username=self._user,
            password=self._password,
            use_tls=self._tls is SmtpTls.TLS,
            start_tls=self._tls is SmtpTls.STARTTLS,
            tls_context=self._context,
            timeout=None,
        )


async def _part(client: aiosmtplib.SMTP) -> None:
    """The message is delivered, whatever comes of the good-bye."""
    with suppress(aiosmtplib.SMTPException, OSError):
        await client.quit(timeout=_PARTING_SECONDS)
