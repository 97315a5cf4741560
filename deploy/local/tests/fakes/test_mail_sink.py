import smtplib
from collections.abc import AsyncIterator
from email.message import EmailMessage

import aiosmtplib
import pytest

from local.fakes.http_server import Ending
from local.fakes.mail_sink import MailSink, SmtpEnding, SmtpReply, SmtpStep


@pytest.fixture
async def server() -> AsyncIterator[MailSink]:
    async with MailSink() as sink:
        yield sink


def letter(subject: str = "Red") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "churn@example.com", "dana@example.com", subject
    message.set_content("Grüße\n")
    message.add_alternative("<p>Grüße</p>\n", subtype="html")
    return message


async def send(server: MailSink, message: EmailMessage) -> None:
    await aiosmtplib.send(message, hostname=server.host, port=server.port, start_tls=False)


async def test_it_keeps_what_it_is_given(server: MailSink) -> None:
    await send(server, letter())

    received = await server.mails.nth(1)
    assert (received.sender, received.recipients) == ("churn@example.com", ("dana@example.com",))
    assert (received.text, received.html) == ("Grüße\n", "<p>Grüße</p>\n")
    assert (received.message["Subject"], received.encrypted, received.user) == ("Red", False, None)


async def test_a_plan_waits_for_its_step_and_is_used_up(server: MailSink) -> None:
    server.plan(SmtpReply(SmtpStep.DATA, "451 4.3.0 Later"), SmtpReply(SmtpStep.RCPT, "550 5.1.1 Unknown"))

    with pytest.raises(aiosmtplib.SMTPDataError, match="Later"):
        await send(server, letter())
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await send(server, letter())
    await send(server, letter("third"))

    assert [received.message["Subject"] for received in server.mails.all] == ["third"]
    assert server.tries == 3


async def test_an_outage_lasts_until_it_is_over(server: MailSink) -> None:
    server.always(SmtpReply(SmtpStep.MAIL, "421 4.3.2 Going down"))
    for _ in range(2):
        with pytest.raises(aiosmtplib.SMTPException):
            await send(server, letter())
    server.always(None)
    await send(server, letter())
    assert len(server.mails.all) == 1


@pytest.mark.parametrize("taken", [True, False])
async def test_a_cut_connection_may_hide_a_message_that_was_taken(server: MailSink, taken: bool) -> None:
    server.plan(SmtpEnding(SmtpStep.DATA, Ending.CUT, taken=taken))
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await send(server, letter())
    assert len(server.mails.all) == taken


async def test_without_the_password_nothing_is_taken() -> None:
    async with MailSink(user="churn", password="not-a-real-password") as server:
        with pytest.raises(aiosmtplib.SMTPSenderRefused, match="Authentication required"):
            await send(server, letter())
        client = aiosmtplib.SMTP(hostname=server.host, port=server.port, start_tls=False)
        async with client:
            with pytest.raises(aiosmtplib.SMTPAuthenticationError):
                await client.login("churn", "another")
            await client.login("churn", "not-a-real-password")
            await client.send_message(letter())
        assert [received.user for received in server.mails.all] == ["churn"]


async def test_it_is_gone_when_it_is_closed() -> None:
    async with MailSink() as server:
        await send(server, letter())
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP(server.host, server.port)
