"""A mail as people read it, in text and in HTML, and where mail programs put it."""

# ruff: noqa: RUF001 (a minus sign and Japanese punctuation)

from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from msgspec.structs import replace as changed

from alerts.channels.email.render import Email
from alerts.decisions.reasons import DecisionReason
from alerts.messages.renderer import MessageRenderer
from alerts.samples import DANA, NOON, Sample, earlier_message, message_content
from common.contracts.signals import Band, Contact, Driver, Facts, Forecast, Kind, Part, Quote, Signal

DELTA = Facts(name="Delta Studios", tier="low", owner="dana@example.com", arr=16_960.0, contract_end=date(2026, 1, 14))
YELLOW = Sample(
    before=78,
    after=57,
    parts=(
        Part("core_users", Driver.SILENCE, -14.2),
        Part("logins", Driver.SILENCE, -8.4),
        Part("nps", Driver.EVENT, 2),
    ),
    values={"core_users": 0.11},
    facts=DELTA,
    stage="onboarding",
    forecast=Forecast(Band.RED, NOON + timedelta(days=6)),
).build()


def mailed(renderer: MessageRenderer, signal: Signal, **fields: Any) -> Email:
    message = renderer.render(message_content(signal, **{"target": DANA, **fields}))
    assert isinstance(message, Email)
    return message


def test_a_mail_as_text(renderer: MessageRenderer) -> None:
    mail = mailed(renderer, YELLOW)

    assert mail.subject == "🟡 Delta Studios is yellow: 78 → 57"
    assert (
        mail.text
        == """\
🟡 Delta Studios is yellow: 78 → 57

ARR 16,960 · low touch, onboarding

Why: people using core features 11% (−14 points), logins (−8), others
(+1)

Outlook: red on Thu 20 Mar (in 6 days) if they stay silent

Next step: They log in and do not get to what they bought. Do the first
real task together on a call this week, with their own data.

Open the account: https://app.example.com/accounts/cust-001
"""
    )


def test_a_mail_in_japanese(renderer: MessageRenderer) -> None:
    mail = mailed(renderer, YELLOW, target=changed(DANA, language="ja", time_zone="Asia/Tokyo"), after=7200)

    assert (
        mail.text
        == """\
🟡 Delta Studios様：ヘルススコアが黄に低下（78 → 57）

2時間前、本日21:00に発生しました。
ARR 16,960 ｜ ロータッチ、導入期

要因：コア機能の利用者率 11%（−14点）、ログイン頻度（−8点）、その他
（+1点）

見通し：このまま利用がなければ、6日後の3月20日（木）に赤へ低下

推奨アクション：ログインはあるものの、本来の用途に至っていません。今週中
に、お客様の実データを使って最初の業務を一緒に完了させてください。

アカウントを開く：https://app.example.com/accounts/cust-001
"""
    )


def test_the_mails_of_an_episode_are_one_thread(renderer: MessageRenderer) -> None:
    """By the ids, and by the subject: mail programs part what is called by another name."""
    red = Sample(to="red", before=57, after=41, facts=DELTA, at=NOON + timedelta(days=3)).build()
    first, last = earlier_message(YELLOW, "n-1"), earlier_message(red, "n-2")

    began = mailed(renderer, YELLOW)
    later = mailed(renderer, red, reason=DecisionReason.WORSE, first=first)
    latest = mailed(renderer, red, first=first, last=last)

    assert (began.message_id, began.references) == ("<n-9@alerts.example.com>", ())
    assert later.subject == latest.subject == f"Re: {began.subject}"
    assert later.references == ("<n-1@alerts.example.com>",)
    assert latest.references == ("<n-1@alerts.example.com>", "<n-2@alerts.example.com>")
    assert later.text.startswith("🔴 Delta Studios is red: 57 → 41\n\nGetting worse: it was yellow on Fri 14 Mar.\n")


class Reader(HTMLParser):
    """What a mail program shows, and what it would fetch."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.shown: list[str] = []
        self.tags: set[str] = set()
        self.addresses: list[str | None] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value for name, value in attrs if name in ("href", "src", "background")]

    def handle_data(self, data: str) -> None:
        self.shown += filter(None, [data.strip()])


def test_html_says_what_the_text_says_and_fetches_nothing(renderer: MessageRenderer) -> None:
    mail = mailed(renderer, changed(YELLOW, after=changed(YELLOW.after, coverage=0.6)), after=7200)
    html = Reader(mail.html)

    told = " ".join(html.shown[1:])
    plain = mail.text
    for label in ("Why", "Outlook", "Next step"):
        plain = plain.replace(f"{label}: ", f"{label} ")
    assert told.split() == plain.replace(": https://app.example.com/accounts/cust-001", "").split()
    assert html.tags <= {"html", "head", "meta", "title", "body", "div", "h1", "p", "strong", "br", "a"}
    assert html.addresses == ["https://app.example.com/accounts/cust-001"]


def test_html_leaves_the_colours_of_text_and_ground_to_the_reader(renderer: MessageRenderer) -> None:
    """Whoever reads in the dark reads dark."""
    html = mailed(renderer, YELLOW).html

    assert "border-left:4px solid #eab308" in html
    assert "background" not in html
    assert ";color:" not in html
    assert '<meta name="color-scheme" content="light dark">' in html


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "<img src=https://evil.example/x.png>",
        '"><a href="https://evil.example">pay here</a>',
        "</p></div><style>*{display:none}</style>",
        "{{ ''.__class__ }}{% raw %}",
        "name\r\nBcc: everybody@example.com\r\n\r\n<b>",
        "\U0001f600" * 10_000,
        "\u05e9\u05dc\u05d5\u05dd" * 3000,
    ],
)
def test_hostile_names_are_harmless_in_a_mail(name: str, renderer: MessageRenderer) -> None:
    facts = Facts(name=name, tier=name, owner=name)
    said, people = (Quote("reason", name), Quote("requested_by", name)), (Contact(name, NOON, name, name, name),)
    sample = Sample(account="a-7", kind=Kind.FLAG, to=name, facts=facts, stage=name, said=said, contacts=people)
    signal = sample.build()
    mail = mailed(renderer, signal, first=earlier_message(signal))
    html = Reader(mail.html)

    assert mail.subject.splitlines() == [mail.subject]
    assert len(mail.subject) < 160
    assert html.tags <= {"html", "head", "meta", "title", "body", "div", "h1", "p", "strong", "br", "a"}
    assert html.addresses == ["https://app.example.com/accounts/a-7"]
    assert len(mail.text) < 2000
    mail.html.encode("utf-8")
