import asyncio
import logging
import shutil
import ssl
import subprocess
import traceback
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alerts.channels.client import Delivered
from alerts.channels.email.client import EmailClient, SmtpTls
from alerts.channels.email.render import Email
from alerts.channels.registry import Channel
from alerts.channels.slack.render import SlackMessage
from alerts.errors import DeliveryFailed, Failure
from alerts.routing.destination import Target
from local.fakes.http_server import Ending
from local.fakes.mail_sink import MailSink, SmtpEnding, SmtpReply, SmtpStep

DANA = Target(Channel.EMAIL, "dana@example.com")
USER, PASSWORD = "churn", "not-a-real-password"


def mail(target: Target = DANA) -> Email:
    return Email(
        target, "Birch Foods is red", "Red: 61, was 38.\n", "<p>Red</p>\n", "<n-1@localhost>", ("<n-0@localhost>",)
    )


def channel(sink: MailSink, **changes: Any) -> EmailClient:
    values: dict[str, Any] = {
        "host": "localhost",
        "port": sink.port,
        "user": None,
        "password": None,
        "tls": SmtpTls.NONE,
        "sender": "Churn signals <churn@example.com>",
        "unsubscribe": None,
        "timeout": 5.0,
    }
    return EmailClient(**{**values, **changes})


async def failed(channel: EmailClient, message: Email) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as caught:
        await channel.deliver(message)
    return caught.value


@pytest.fixture
async def server() -> AsyncIterator[MailSink]:
    async with MailSink() as sink:
        yield sink


async def test_a_mail_arrives_with_text_and_html_and_its_thread(server: MailSink) -> None:
    assert await channel(server).deliver(mail()) == Delivered()

    (received,) = server.mails.all
    assert (received.sender, received.recipients) == ("churn@example.com", ("dana@example.com",))
    assert (received.text, received.html) == ("Red: 61, was 38.\n", "<p>Red</p>\n")
    assert received.message["Subject"] == "Birch Foods is red"
    assert received.message["References"] == "<n-0@localhost>"


async def test_a_second_try_is_the_same_mail_to_whoever_keeps_ids(server: MailSink) -> None:
    for _ in range(2):
        await channel(server).deliver(mail())
    assert [received.message["Message-ID"] for received in server.mails.all] == ["<n-1@localhost>"] * 2


@pytest.mark.parametrize("step", list(SmtpStep))
@pytest.mark.parametrize(
    ("answer", "reason", "retryable"),
    [
        ("450 4.2.1 The mailbox is busy", Failure.UNAVAILABLE, True),
        ("451 4.7.1 Greylisted, come back", Failure.UNAVAILABLE, True),
        ("421 4.3.2 Going down", Failure.UNAVAILABLE, True),
        ("550 5.1.1 No such user", Failure.REFUSED, False),
        ("554 5.7.1 Looks like spam", Failure.REFUSED, False),
        ("530 5.7.0 Authentication required", Failure.UNAUTHORIZED, True),
    ],
)
async def test_the_servers_answer_decides(
    server: MailSink, step: SmtpStep, answer: str, reason: Failure, retryable: bool
) -> None:
    server.plan(SmtpReply(step, answer))

    failure = await failed(channel(server), mail())

    assert (failure.reason, failure.retryable, failure.maybe_delivered) == (reason, retryable, False)
    assert failure.detail == answer
    assert server.mails.all == []


@pytest.mark.parametrize(
    ("answer", "reason", "retryable", "maybe"),
    [
        (SmtpEnding(SmtpStep.RCPT, Ending.SILENCE), Failure.NO_ANSWER, True, False),
        (SmtpEnding(SmtpStep.RCPT, Ending.CUT), Failure.UNREACHABLE, True, False),
        # From here on the message may lie there.
        (SmtpEnding(SmtpStep.DATA, Ending.SILENCE), Failure.NO_ANSWER, True, True),
        (SmtpEnding(SmtpStep.DATA, Ending.SILENCE, taken=True), Failure.NO_ANSWER, True, True),
        (SmtpEnding(SmtpStep.DATA, Ending.CUT, taken=True), Failure.NO_ANSWER, True, True),
        (SmtpReply(SmtpStep.RCPT, "yes please"), Failure.BAD_ANSWER, False, False),
        (SmtpReply(SmtpStep.DATA, "yes please"), Failure.BAD_ANSWER, False, True),
    ],
)
async def test_without_an_answer_it_matters_how_far_we_were(
    server: MailSink, answer: SmtpReply | SmtpEnding, reason: Failure, retryable: bool, maybe: bool
) -> None:
    server.plan(answer)

    # Long where the end of the connection must be seen, short where only the deadline ends it.
    silent = isinstance(answer, SmtpEnding) and answer.how is Ending.SILENCE
    failure = await failed(channel(server, timeout=1.0 if silent else 30.0), mail())

    assert (failure.reason, failure.retryable, failure.maybe_delivered) == (reason, retryable, maybe)


async def test_nobody_there_means_not_delivered() -> None:
    async with MailSink() as sink:
        left = channel(sink)
    failure = await failed(left, mail())
    assert (failure.reason, failure.retryable, failure.maybe_delivered) == (Failure.UNREACHABLE, True, False)


@pytest.mark.parametrize(
    ("greeting", "reason", "retryable"),
    [
        (b"421 too many connections\r\n", Failure.UNAVAILABLE, True),
        (b"554 no mail service here\r\n", Failure.REFUSED, False),
        (b"HTTP/1.1 400 Bad Request\r\n", Failure.BAD_ANSWER, False),
        (b"", Failure.UNREACHABLE, True),
    ],
)
async def test_a_server_that_does_not_want_us_says_so_first(greeting: bytes, reason: Failure, retryable: bool) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        writer.close()

    server = await asyncio.start_server(greet, "localhost", 0)
    async with server:
        sink = MailSink(port=server.sockets[0].getsockname()[1])
        failure = await failed(channel(sink), mail())
    assert (failure.reason, failure.retryable, failure.maybe_delivered) == (reason, retryable, False)


async def test_a_good_bye_that_never_comes_does_not_undo_the_delivery() -> None:
    said: list[bytes] = []
    left = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        answers = {b"EHLO": b"250 hello\r\n", b"MAIL": b"250 ok\r\n", b"RCPT": b"250 ok\r\n", b"DATA": b"354 go\r\n"}
        while line := await reader.readline():
            said.append(line[:4])
            writer.write(answers.get(line[:4], b""))
            if line == b"DATA\r\n":
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 kept\r\n")
        writer.close()
        await writer.wait_closed()
        left.set()

    server = await asyncio.start_server(serve, "localhost", 0)
    async with server:
        sink = MailSink(port=server.sockets[0].getsockname()[1])
        assert await channel(sink).deliver(mail()) == Delivered()
        await left.wait()
    assert said == [b"EHLO", b"MAIL", b"RCPT", b"DATA", b"QUIT"]


async def test_without_a_server_in_the_settings_nothing_can_be_sent(server: MailSink) -> None:
    failure = await failed(channel(server, host=None), mail())
    assert (failure.reason, failure.retryable) == (Failure.MISCONFIGURED, False)


async def test_an_address_that_is_none_reaches_no_server(server: MailSink) -> None:
    hostile = Target(Channel.EMAIL, "dana@example.com>\r\nRCPT TO:<all@example.com")
    failure = await failed(channel(server), mail(hostile))
    assert (failure.reason, failure.retryable) == (Failure.MISCONFIGURED, False)
    assert server.tries == 0


@pytest.mark.parametrize("changes", [{"sender": "nobody"}, {"unsubscribe": "stop@example.com"}])
async def test_settings_that_cannot_work_are_said_at_the_start(server: MailSink, changes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="address"):
        channel(server, **changes)


async def test_it_carries_nothing_but_mails(server: MailSink) -> None:
    with pytest.raises(TypeError):
        await channel(server).deliver(SlackMessage(Target(Channel.SLACK, "C1"), "text", ()))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of `localhost` in one file, signed by itself."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate, and is not there")
    file, key = (tmp_path_factory.mktemp("tls") / name for name in ("both.pem", "key.pem"))
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*command, "-keyout", str(key), "-out", str(file)], check=True, capture_output=True)
    file.write_text(file.read_text() + key.read_text())
    return file


@pytest.fixture
def context(certificate: Path) -> ssl.SSLContext:
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(certificate)
    return made


@pytest.mark.parametrize("tls", [SmtpTls.STARTTLS, SmtpTls.TLS])
async def test_over_tls_we_say_who_we_are(
    tls: SmtpTls, context: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with MailSink(user=USER, password=PASSWORD, tls=context, tls_at_once=tls is SmtpTls.TLS) as sink:
        await channel(sink, tls=tls, user=USER, password=PASSWORD).deliver(mail())
        (received,) = sink.mails.all
    assert (received.encrypted, received.user) == (True, USER)


@pytest.mark.parametrize("tls", [SmtpTls.STARTTLS, SmtpTls.TLS])
async def test_a_server_that_cannot_prove_its_name_gets_no_password(tls: SmtpTls, context: ssl.SSLContext) -> None:
    async with MailSink(user=USER, password=PASSWORD, tls=context, tls_at_once=tls is SmtpTls.TLS) as sink:
        failure = await failed(channel(sink, tls=tls, user=USER, password=PASSWORD), mail())
        assert sink.tries == 0
    assert (failure.reason, failure.retryable) == (Failure.UNREACHABLE, True)
    assert "certificate" in failure.detail


async def test_a_server_without_starttls_gets_nothing_in_the_clear(server: MailSink) -> None:
    failure = await failed(channel(server, tls=SmtpTls.STARTTLS, user=USER, password=PASSWORD), mail())
    assert (failure.reason, failure.retryable) == (Failure.MISCONFIGURED, False)
    assert server.tries == 0


async def test_a_wrong_password_is_a_setting_to_be_set_right_and_stays_secret(
    context: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    caplog.set_level(logging.DEBUG)
    async with MailSink(user=USER, password="another", tls=context) as sink:
        failure = await failed(channel(sink, tls=SmtpTls.STARTTLS, user=USER, password=PASSWORD), mail())
    assert (failure.reason, failure.retryable) == (Failure.UNAUTHORIZED, True)
    assert PASSWORD not in "".join(traceback.format_exception(failure)) + caplog.text


async def test_a_server_that_repeats_the_password_does_not_get_it_into_our_tables(server: MailSink) -> None:
    server.plan(SmtpReply(SmtpStep.MAIL, f"550 not with {PASSWORD}"))
    failure = await failed(channel(server, password=PASSWORD), mail())
    assert failure.detail == "550 not with [secret]"


async def test_a_delivery_that_is_called_off_ends_at_once(server: MailSink) -> None:
    server.plan(SmtpEnding(SmtpStep.DATA, Ending.SILENCE, taken=True))
    delivery = asyncio.create_task(channel(server, timeout=60.0).deliver(mail()))
    await server.mails.nth(1)
    delivery.cancel()
    with pytest.raises(asyncio.CancelledError):
        await delivery
