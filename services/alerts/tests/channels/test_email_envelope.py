from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from alerts.channels.email.envelope import LONGEST_SUBJECT, build_email, parse_address, unsubscribe_header
from alerts.channels.email.render import Email
from alerts.channels.registry import Channel
from alerts.routing.destination import Target

DANA = Target(Channel.EMAIL, "dana@example.com")
NOON = datetime(2025, 3, 14, 12, tzinfo=UTC)
# Longer than a line, as with a real host's name: the standard library would encode it, and no program finds the thread.
LONG_ID = "<0123456789abcdef-0123-4567-89ab-0123456789ab@alerts.customer-success.a-long-company-name.example.com>"


def raw(**changes: Any) -> bytes:
    values = {
        "subject": "Birch Foods is red",
        "text": "Red.\n",
        "html": "<p>Red.</p>\n",
        "message_id": "<n-1@localhost>",
    }
    return build_email(
        Email(DANA, **{**values, **changes}),
        sender=parse_address("Churn signals <churn@example.com>"),
        to=parse_address("dana@example.com"),
        unsubscribe="<mailto:churn@example.com>",
        at=NOON,
    )


def parsed(**changes: Any) -> EmailMessage:
    return message_from_bytes(raw(**changes), policy=policy.default)


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_a_mail_says_who_when_and_that_no_machine_should_answer() -> None:
    message = parsed()
    assert {name: str(message[name]) for name in message if name not in ("Content-Type", "MIME-Version")} == {
        "From": "Churn signals <churn@example.com>",
        "To": "dana@example.com",
        "Subject": "Birch Foods is red",
        "Date": "Fri, 14 Mar 2025 12:00:00 +0000",
        "Message-ID": "<n-1@localhost>",
        "List-Unsubscribe": "<mailto:churn@example.com>",
        "Auto-Submitted": "auto-generated",
    }
    assert message.get_content_type() == "multipart/alternative"
    assert (body(message, "plain"), body(message, "html")) == ("Red.\n", "<p>Red.</p>\n")


def test_a_later_mail_names_the_thread_and_answers_its_newest() -> None:
    message = parsed(references=(LONG_ID, "<n-2@localhost>"))
    assert message["In-Reply-To"] == "<n-2@localhost>"
    assert message["References"].split() == [LONG_ID, "<n-2@localhost>"]


def test_long_ids_go_out_as_they_are() -> None:
    lines = raw(message_id=LONG_ID, references=(LONG_ID,) * 3).decode("ascii")
    assert lines.count(LONG_ID) == 1 + 1 + 3
    assert "=?" not in lines


@pytest.mark.parametrize("text", ["Grüße 🔴", "バーチ・フーズ", "\u2068\u05d0\u05d1\u2069", "plain"])
def test_every_language_arrives_in_seven_bits(text: str) -> None:
    lines = raw(subject=text, text=f"{text}\n" * 50, html=f"<p>{text}</p>\n")
    assert all(len(line) <= 78 for line in lines.decode("ascii").splitlines())
    message = message_from_bytes(lines, policy=policy.default)
    assert message["Subject"] == text
    assert body(message, "plain") == f"{text}\n" * 50
    assert body(message, "html") == f"<p>{text}</p>\n"


@pytest.mark.parametrize("separator", ["\r\n", "\n", "\r", "\u2028", "\x85", "\x0b"])
def test_a_name_cannot_break_out_of_its_header(separator: str) -> None:
    message = parsed(subject=f"Birch{separator}Bcc: all@example.com{separator}{separator}Not the body")
    assert message["Bcc"] is None
    assert " ".join(message["Subject"].split()) == "Birch Bcc: all@example.com Not the body"
    assert body(message, "plain") == "Red.\n"


def test_a_name_of_ten_kilobytes_is_cut() -> None:
    subject = parsed(subject="🔴 " + "名" * 10_000)["Subject"]
    assert len(subject) == LONGEST_SUBJECT
    assert subject.endswith("名…")


def test_half_a_character_does_not_stop_a_mail() -> None:
    message = parsed(subject="\ud83d", text="\ud83d\n", html="\ud83d\n")
    assert (message["Subject"], body(message, "plain"), body(message, "html")) == ("?", "?\n", "?\n")


def test_a_line_of_one_dot_does_not_end_the_mail() -> None:
    assert body(parsed(text="before\n.\nafter\n"), "plain") == "before\n.\nafter\n"


@pytest.mark.parametrize(
    ("text", "name", "spec"),
    [
        ("dana@example.com", "", "dana@example.com"),
        ("Dana Smith <dana@example.com>", "Dana Smith", "dana@example.com"),
        ('"Smith, Dana" <dana@example.com>', "Smith, Dana", "dana@example.com"),
        ("チャーン <dana@localhost>", "チャーン", "dana@localhost"),
        ("dana+red@example.com", "", "dana+red@example.com"),
        # What is looked up for a domain outside ASCII.
        ("dana@münchen.example", "", "dana@xn--mnchen-3ya.example"),
    ],
)
def test_an_address_is_understood(text: str, name: str, spec: str) -> None:
    understood = parse_address(text)
    assert (understood.display_name, understood.addr_spec) == (name, spec)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "dana",
        "dana@",
        "@example.com",
        "dana smith@example.com",
        "dana@example.com\r\nRCPT TO:<all@example.com>",
        "dana@example.com, all@example.com",
        "dana@example..com",
        "日本@example.com",
        "dana@" + "x" * 80 + ".com",
        "(",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an e-mail address"):
        parse_address(text)


@pytest.mark.parametrize(
    ("setting", "header"),
    [
        (None, "<mailto:churn@example.com?subject=unsubscribe>"),
        ("mailto:stop@example.com", "<mailto:stop@example.com>"),
        ("<https://example.com/stop>", "<https://example.com/stop>"),
    ],
)
def test_whoever_has_enough_is_sent_to_the_setting_or_the_sender(setting: str | None, header: str) -> None:
    assert unsubscribe_header(setting, parse_address("churn@example.com")) == header


@pytest.mark.parametrize("setting", ["stop@example.com", "http://example.com", "https://a b", "mailto:a\r\nBcc: b"])
def test_an_unsubscribe_address_that_programs_would_ignore_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match="mailto: or https://"):
        unsubscribe_header(setting, parse_address("churn@example.com"))
