"""The message about many accounts, as people read it in mail and in Slack."""

# ruff: noqa: RUF001 (Japanese punctuation)

from datetime import date, timedelta
from typing import Any

from msgspec.structs import replace

from alerts.channels.email.render import Email
from alerts.channels.registry import Channel
from alerts.channels.slack.render import SlackMessage, SlackRenderer
from alerts.decisions.first_look import NAMED, FirstLookSummary
from alerts.messages.content import MessageContent
from alerts.messages.renderer import MessageRenderer
from alerts.playbooks.playbooks import Playbooks
from alerts.samples import DANA, NOON, Sample, message_content
from common.contracts.signals import Contribution, Facts, Kind, OpenCondition, Severity, Signal

WEAK = (
    Contribution("active_seats", "adoption", 20.0, 0.5, -22.0, 0.2),
    Contribution("logins", "adoption", 20.0, 0.5, -8.0, 1.5),
    Contribution("nps", "roi", 60.0, 0.1, -3.0, 30.0),
)
SEVERITY = {
    "red": Severity.CRITICAL,
    "yellow": Severity.WARNING,
    "insufficient_data": Severity.WARNING,
    "green": Severity.WARNING,
}


def look(
    name: str,
    to: str,
    *,
    after: float,
    flags: tuple[str, ...] = (),
    steps: tuple[str, ...] = (),
    **fields: Any,
) -> Signal:
    level = fields.pop("level", ())
    standing = [] if to == "insufficient_data" else [OpenCondition(Kind.BAND, to, NOON)]
    standing += [OpenCondition(Kind.FLAG, flag, NOON) for flag in flags]
    standing += [OpenCondition(Kind.MILESTONE_MISSED, step, NOON - timedelta(days=9)) for step in steps]
    signal = Sample(
        account=name.lower().replace(" ", "-"),
        kind=Kind.FIRST_LOOK,
        to=to,
        after=after,
        facts=Facts(name=name, owner="dana@example.com", **fields),
        severity=SEVERITY[to],
        level=level,
    ).build()
    return replace(signal, standing=tuple(standing))


BIRCH = look(
    "Birch Foods",
    "red",
    after=28.0,
    flags=("payment_failed", "gone_quiet"),
    arr=48_000.0,
    contract_end=date(2025, 3, 26),
)
DELTA = look("Delta Studios", "red", after=38.4, level=WEAK, arr=16_960.0, contract_end=date(2026, 1, 14))
ACME = look("Acme", "yellow", after=61.0, steps=("kickoff",))
NEW = look("New & Co", "insufficient_data", after=50.0, flags=("payment_failed",), arr=5_000.0)
EIGHTY = FirstLookSummary(accounts=80, well=62, red=5, yellow=11, other=2, arr=1_234_000.0)


def about(*looks: Signal, summary: FirstLookSummary = EIGHTY, **target: Any) -> MessageContent:
    return replace(message_content(*looks, target=replace(DANA, **target)), summary=summary)


def mailed(renderer: MessageRenderer, content: MessageContent) -> Email:
    mail = renderer.render(content)
    assert isinstance(mail, Email)
    return mail


def test_a_mail_about_eighty_accounts(renderer: MessageRenderer) -> None:
    mail = mailed(renderer, about(BIRCH, DELTA, ACME, NEW))

    assert mail.subject == "🔴 First look at 80 accounts: 5 red, 11 yellow, 2 with something open"
    assert (
        mail.text
        == """\
🔴 First look at 80 accounts: 5 red, 11 yellow, 2 with something open

What stands now that the data has come in. Changes from here on are told
one by one.
ARR at risk 1,234,000 · 62 need nothing

Birch Foods: red 28, payment failed, gone quiet · ARR 48,000 · renewal
in 12 days (26 Mar)

Delta Studios: red 38 · seats in use 20%, logins 1.5 a week · ARR 16,960

Acme: yellow 61, kick-off overdue (due 5 Mar)

New & Co: payment failed · ARR 5,000

And 14 more: 3 red, 10 yellow, 1 with something open

All of them: GET /v1/alerts?message=n-9
"""
    )
    assert "<strong>New &amp; Co</strong><br>payment failed · ARR 5,000" in mail.html


def test_the_same_in_japanese(renderer: MessageRenderer) -> None:
    mail = mailed(renderer, about(BIRCH, DELTA, ACME, NEW, language="ja", time_zone="Asia/Tokyo"))

    assert (
        mail.text
        == """\
🔴 80アカウントの初回チェック：赤5件、黄11件、その他の要対応2件

データ取り込み完了時点の状況です。今後の変化は、アカウントごとにお知らせ
します。
リスクのあるARR 1,234,000 ｜ 対応不要62件

Birch Foods：赤（28）、決済エラー、利用が途絶 ｜ ARR 48,000 ｜ 契約更新
まで12日（3月26日）

Delta Studios：赤（38） ｜ ライセンス利用率 20%、ログイン頻度 週1.5回 ｜
ARR 16,960

Acme：黄（61）、「キックオフ」が期限超過（期限3月5日）

New & Co：決済エラー ｜ ARR 5,000

ほか14件：赤3件、黄10件、その他の要対応1件

全件の一覧：GET /v1/alerts?message=n-9
"""
    )


def test_in_slack_customers_names_are_no_markup(renderer: MessageRenderer) -> None:
    message = renderer.render(about(BIRCH, look("<!channel>", "red", after=30.0), channel=Channel.SLACK))

    assert isinstance(message, SlackMessage)
    assert message.text == (
        "🔴 First look at 80 accounts: 5 red, 11 yellow, 2 with something open"
        " · ARR at risk 1,234,000 · 62 need nothing"
    )
    header, _, rows, context = message.blocks
    assert header["text"]["text"] == "🔴 First look at 80 accounts: 5 red, 11 yellow, 2 with something open"
    parts = rows["elements"][0]["elements"]
    assert {part["type"] for part in parts} == {"text"}
    assert [part["text"] for part in parts if part.get("style")] == ["Birch Foods  ", "<!channel>  ", "And 16 more  "]
    assert context["elements"][0]["text"] == "All of them: GET /v1/alerts?message=n-9"


def test_where_the_company_has_a_list_of_its_own_the_message_links_to_it(playbooks: Playbooks) -> None:
    renderer = MessageRenderer(
        playbooks, lambda account: None, {Channel.SLACK: SlackRenderer()}, accounts_url="https://crm.example.com/all"
    )
    message = renderer.render(about(BIRCH, channel=Channel.SLACK))

    assert isinstance(message, SlackMessage)
    *_, link = message.blocks[-1]["elements"][0]["elements"]
    assert (link["url"], link["text"]) == ("https://crm.example.com/all", "Open the accounts")


def test_a_single_account_is_told_with_what_to_do(renderer: MessageRenderer) -> None:
    one = FirstLookSummary(accounts=1, well=0, red=1, yellow=0, other=0, arr=16_960.0)
    mail = mailed(renderer, about(DELTA, summary=one))

    assert mail.subject == "🔴 First look at Delta Studios: red 38"
    assert "ARR 16,960\n" in mail.text
    assert "Why: seats in use 20%, logins 1.5 a week" in mail.text
    assert "Next step: " in mail.text
    assert "https://app.example.com/accounts/delta-studios" in mail.text
    assert "/v1/alerts" not in mail.text


def test_yellow_accounts_alone_are_no_red_message(renderer: MessageRenderer) -> None:
    summary = FirstLookSummary(accounts=3, well=2, red=0, yellow=1, other=0, arr=0.0)
    mail = mailed(renderer, about(ACME, summary=summary))

    assert mail.subject == "🟡 First look at 3 accounts: 1 yellow"
    assert "ARR at risk" not in mail.text


def test_a_back_up_learns_for_whom_they_stand_in(renderer: MessageRenderer) -> None:
    mail = mailed(renderer, about(BIRCH, DELTA, person="eli@example.com"))
    others = mailed(
        renderer,
        about(BIRCH, replace(DELTA, facts=Facts(name="Delta", owner="mina@example.com")), person="eli@example.com"),
    )

    assert "You stand in for dana@example.com." in mail.text
    assert "stand in for" not in others.text


def test_the_size_of_a_message_does_not_grow_with_the_import(renderer: MessageRenderer) -> None:
    long = "N" * 200
    looks = [look(f"{long} {n}", "red", after=20.0, flags=("payment_failed",) * 9, arr=1e9) for n in range(NAMED)]
    summary = FirstLookSummary(accounts=100_000, well=0, red=100_000, yellow=0, other=0, arr=1e14)
    mail = mailed(renderer, about(*looks, summary=summary))

    assert "And 99,990 more: 99,990 red" in mail.text
    assert len(mail.text) < 4_000


def test_what_stands_is_named_with_how_many_there_are_and_a_renewal_by_its_date(renderer: MessageRenderer) -> None:
    standing = (
        OpenCondition(Kind.ONBOARDING_LATE, "onboarding", NOON),
        OpenCondition(Kind.FLAG, "open_tickets", NOON, count=4),
        OpenCondition(Kind.RENEWAL_WINDOW, "open", NOON),
        OpenCondition(Kind.EXPANSION_READY, "expansion", NOON),
    )
    signal = replace(look("Acme", "green", after=80.0, contract_end=date(2025, 5, 1)), standing=standing)

    mail = mailed(renderer, about(signal, ACME))

    assert "Acme: onboarding late, open tickets (4) · renewal in 48 days (1 May)\n" in mail.text


RENEWING = replace(
    look("Acme", "green", after=80.0, contract_end=date(2025, 5, 1)),
    severity=Severity.INFO,
    standing=(OpenCondition(Kind.RENEWAL_WINDOW, "open", NOON),),
)


def test_accounts_that_are_well_and_up_for_renewal_are_counted_apart(renderer: MessageRenderer) -> None:
    many = FirstLookSummary(accounts=80, well=62, red=0, yellow=0, other=0, arr=0.0, renewals=18)
    mail = mailed(renderer, about(RENEWING, summary=many))
    assert mail.subject == "🟢 First look at 80 accounts: 18 up for renewal"
    assert "Acme: renewal in 48 days (1 May)\n\nAnd 17 more: 17 up for renewal\n" in mail.text
    japanese = mailed(renderer, about(RENEWING, summary=many, language="ja"))
    assert japanese.subject == "🟢 80アカウントの初回チェック：更新間近18件"


def test_one_account_that_is_up_for_renewal_is_told_by_its_date(renderer: MessageRenderer) -> None:
    one = FirstLookSummary(accounts=1, well=0, red=0, yellow=0, other=0, arr=0.0, renewals=1)
    mail = mailed(renderer, about(RENEWING, summary=one))
    assert mail.subject == "🟢 First look at Acme: renewal in 48 days (1 May)"
    assert "Next step: Book the business review" in mail.text


def test_a_band_is_explained_though_the_contract_ends_soon(renderer: MessageRenderer) -> None:
    standing = (*DELTA.standing, OpenCondition(Kind.RENEWAL_WINDOW, "open", NOON))
    mail = mailed(renderer, about(replace(DELTA, standing=standing), ACME))
    assert "Delta Studios: red 38 · seats in use 20%, logins 1.5 a week" in mail.text
