"""A mail server on this machine that keeps what it is given, and fails as it is told to."""

import asyncio
import socket
import ssl
import time
from collections import deque
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import StrEnum
from types import TracebackType
from typing import Self, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from local.fakes.arrivals import Arrivals
from local.fakes.http_server import HOST, Ending


class SmtpStep(StrEnum):
    """Where a server has its say. At DATA it has the whole message by then."""

    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"


@dataclass(frozen=True)
class SmtpReply:
    """`answer` is a whole line: `450 4.2.1 The mailbox is busy`."""

    step: SmtpStep
    answer: str


@dataclass(frozen=True)
class SmtpEnding:
    """No answer at all. `taken`: the message is kept first, so that only the sender does not know."""

    step: SmtpStep
    how: Ending
    taken: bool = False


SmtpAnswer = SmtpReply | SmtpEnding


@dataclass(frozen=True)
class ReceivedMail:
    """A message as it came. `moment` is seconds since the epoch, `sender` and `recipients` are the envelope's."""

    moment: float
    sender: str
    recipients: tuple[str, ...]
    encrypted: bool
    user: str | None
    raw: bytes = field(repr=False)

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.default)

    @property
    def text(self) -> str:
        return self._body("plain")

    @property
    def html(self) -> str:
        return self._body("html")

    def _body(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return "" if part is None else str(part.get_content()).replace("\r\n", "\n")


class MailSink:
    """`mails` has what was taken; `tries` counts the messages that were begun.

    With `user` and `password` nothing is taken from whoever does not say them. With `tls` it offers STARTTLS, or speaks
    TLS from the first byte.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        user: str | None = None,
        password: str = "",
        tls: ssl.SSLContext | None = None,
        tls_at_once: bool = False,
    ) -> None:
        self._login = None if user is None else LoginPassword(user.encode(), password.encode())
        self._tls = tls
        self._tls_at_once = tls_at_once
        self._server: asyncio.Server | None = None
        self._connections: list[_Connection] = []
        self._plan: deque[SmtpAnswer] = deque()
        self._always: SmtpAnswer | None = None
        self.port = port
        self.host = HOST
        self.tries = 0
        self.mails: Arrivals[ReceivedMail] = Arrivals()

    async def __aenter__(self) -> Self:
        at_once = self._tls if self._tls_at_once else None
        self._server = await asyncio.get_running_loop().create_server(self._accept, HOST, self.port, ssl=at_once)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        # Asked before it closes, every Python waits until the last connection has gone; asked after, 3.11 does not.
        closed = asyncio.ensure_future(self._server.wait_closed())
        await asyncio.sleep(0)
        self._server.close()
        for connection in self._connections:
            connection.abort()
        await closed

    def plan(self, *answers: SmtpAnswer) -> None:
        """Each is used up, in this order, when its step is reached; then all is well again."""
        self._plan.extend(answers)

    def always(self, answer: SmtpAnswer | None) -> None:
        """From now on, whenever nothing is planned; None: all is well again."""
        self._always = answer

    def _accept(self) -> "_Connection":
        connection = _Connection(
            _Hooks(self),
            hostname=socket.gethostname(),
            enable_SMTPUTF8=True,
            tls_context=None if self._tls_at_once else self._tls,
            # TLS from the first byte is not known to the library.
            auth_require_tls=False,
            authenticator=self._authenticated,
            loop=asyncio.get_running_loop(),
        )
        self._connections.append(connection)
        return connection

    def _authenticated(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: object
    ) -> AuthResult:
        return AuthResult(success=login == self._login, handled=False, auth_data=login)

    def trusts(self, session: Session) -> bool:
        return self._login is None or session.auth_data == self._login

    async def met(self, step: SmtpStep, server: "_Connection", session: Session, envelope: Envelope) -> str | None:
        """The line to answer with at this step, or None where all is well."""
        match self._next(step):
            case SmtpReply(_, answer):
                return answer
            case SmtpEnding(_, how, taken):
                if taken:
                    await self.keep(session, envelope)
                if how is Ending.CUT:
                    server.abort()
                # Cancelled by the library when the connection ends.
                await asyncio.Future[None]()
        return None

    async def keep(self, session: Session, envelope: Envelope) -> None:
        login = cast(object, session.auth_data)
        await self.mails.add(
            ReceivedMail(
                moment=time.time(),
                sender=envelope.mail_from or "",
                recipients=tuple(envelope.rcpt_tos),
                encrypted=self._tls_at_once or session.ssl is not None,
                user=login.login.decode() if isinstance(login, LoginPassword) else None,
                raw=envelope.original_content or b"",
            )
        )

    def _next(self, step: SmtpStep) -> SmtpAnswer | None:
        if self._plan:
            return self._plan.popleft() if self._plan[0].step is step else None
        return self._always if self._always is not None and self._always.step is step else None


class _Connection(SMTP):
    """Can be cut at any moment, in the middle of a handshake too."""

    _bare: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._bare is None:
            # uvloop's is no subclass of it.
            self._bare = cast(asyncio.Transport, transport)
        super().connection_made(transport)

    def abort(self) -> None:
        if self._bare is not None:
            self._bare.abort()


class _Hooks:
    """What the library calls, under the names that it looks for."""

    def __init__(self, sink: MailSink) -> None:
        self._sink = sink

    async def handle_MAIL(  # noqa: N802
        self, server: _Connection, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not self._sink.trusts(session):
            return "530 5.7.0 Authentication required"
        self._sink.tries += 1
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return await self._sink.met(SmtpStep.MAIL, server, session, envelope) or "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: _Connection, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self._sink.met(SmtpStep.RCPT, server, session, envelope)
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server: _Connection, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = await self._sink.met(SmtpStep.DATA, server, session, envelope)
        if answer is None:
            await self._sink.keep(session, envelope)
        return answer or "250 OK"
