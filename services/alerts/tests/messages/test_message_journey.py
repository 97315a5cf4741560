"""What messages say of the journey: the review before a renewal, growth, onboarding, and a band set by hand."""

# ruff: noqa: RUF001 (full-width punctuation is what Japanese is written with)

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec.structs import replace as changed

from alerts.channels.email.render import Email
from alerts.channels.registry import Channel
from alerts.channels.slack.render import SlackMessage
from alerts.decisions.reasons import DecisionReason
from alerts.messages.compose import compose
from alerts.messages.customer import CustomerDetails
from alerts.messages.headline import title
from alerts.messages.message import Message
from alerts.messages.recipient import Recipient
from alerts.messages.renderer import MessageRenderer
from alerts.playbooks.playbooks import Playbooks
from alerts.routing.destination import Target
from alerts.samples import (
    BY_HAND,
    CONTRACTED,
    DANA,
    EXPANSION,
    JOURNEY,
    LATE,
    NOON,
    OVERRIDDEN,
    RENEWAL,
    REVIEW,
    VALUE,
    Sample,
    earlier_message,
    message_content,
)
from common.contracts.signals import (
    Band,
    Contribution,
    Facts,
    Kind,
    OpenCondition,
    PlannedStep,
    Signal,
    UsageFigure,
    UsageReview,
)

MINA = Target(Channel.EMAIL, "mina@example.com", language="ja", time_zone="Asia/Tokyo", person="dana@example.com")
RENEWAL_MAIL = """\
🟡 Acme: renewal in 90 days (12 Jun)

Health 58, yellow · ARR 62,000 · high touch

Use: fell since 12 Feb: logins 14 → 3.6 a week, people using core
features 43% → 18%, breadth of features 60 → 44 points · strong: seats
in use 62%

Who is active: 12 people lately · Ann Lee (champion, CFO,
ann@acme.example, last seen yesterday at 09:00)

Open: payment failed (since 10 Mar), SSO go-live overdue (due 22 Feb),
open tickets (3)

Promised: first value by 19 Mar, business review by 26 Mar

Next step: Book a review with the sponsor within two weeks, and close
what is open above before it. Bring what they reached, the biggest fall
and one piece of advice, and ask who decides the renewal and by when.

Open the account: https://app.example.com/accounts/cust-001
"""
RENEWAL_MAIL_IN_JAPANESE = """\
🟡 Acme様：契約更新まで90日（6月12日）

ヘルススコア58（黄） ｜ ARR 62,000 ｜ ハイタッチ

利用状況：低下（2月12日比）：ログイン頻度 週14回 → 週3.6回、コア機能の利
用者率 43% → 18%、利用機能の幅 60 → 44点 ｜ 好調：ライセンス利用率 62%

最近の利用者：12名 ｜ Ann Lee様（チャンピオン、CFO、ann@acme.example、最
終利用 昨日18:00）

要対応：決済エラー（3月10日から）、「SSOの利用開始」が期限超過（期限2月
22日）、未解決の問い合わせ（3件）

お約束：最初の成果（期限3月19日）、定期レビュー（期限3月26日）

推奨アクション：2週間以内に責任者とのレビューを設定し、上記の要対応事項
はそれまでにご対応ください。達成したこと・最大の低下・改善提案一つをお持
ちし、更新の決裁者と時期をご確認ください。

アカウントを開く：https://app.example.com/accounts/cust-001
"""


def composed(playbooks: Playbooks, signal: Signal, *others: Signal, **fields: CustomerDetails) -> Message:
    content = message_content(signal, *others, target=DANA)
    return compose(content, playbooks=playbooks, account_url=lambda account: None, in_thread=True, **fields)


def row(message: Message, label: str) -> str | None:
    return next((row.text for row in message.rows if row.label == label), None)


# --- The review before a renewal ----------------------------------------------------------------------------


@pytest.mark.parametrize(("target", "text"), [(DANA, RENEWAL_MAIL), (MINA, RENEWAL_MAIL_IN_JAPANESE)])
def test_a_renewal_as_a_mail(target: Target, text: str, renderer: MessageRenderer) -> None:
    mail = renderer.render(message_content(RENEWAL.build(), target=target))
    assert isinstance(mail, Email)
    assert mail.text == text
    assert mail.subject == text.splitlines()[0]
    assert mail.subject in mail.html


def test_a_renewal_in_slack(renderer: MessageRenderer) -> None:
    posting = renderer.render(message_content(RENEWAL.build()))
    assert isinstance(posting, SlackMessage)
    header, about, rows = posting.blocks
    assert header["text"]["text"] == "🟡 Acme: renewal in 90 days (12 Jun)"
    assert "owner dana@example.com" in str(about)
    bold = [part["text"].strip() for part in rows["elements"][0]["elements"] if part.get("style")]
    assert bold == ["Use", "Who is active", "Open", "Promised", "Next step"]


def test_a_renewal_without_a_review_is_told_by_its_date(playbooks: Playbooks) -> None:
    message = composed(playbooks, changed(RENEWAL.build(), review=None, standing=()))
    assert str(message.title) == "🟡 Acme: renewal in 90 days (12 Jun)"
    assert [one.label for one in message.rows] == ["Whom to call", "Next step"]


def test_what_nobody_knows_has_no_line(playbooks: Playbooks) -> None:
    nothing = changed(RENEWAL.build(), review=UsageReview(figures=()), standing=(), contacts=())
    assert [one.label for one in composed(playbooks, nothing).rows] == ["Next step"]


def test_names_stay_inside_where_contacts_are_switched_off(playbooks: Playbooks) -> None:
    message = composed(playbooks, RENEWAL.build(), shown=CustomerDetails(contacts=False))
    assert row(message, "Who is active") == "12 people lately"
    assert "Ann" not in str(message)


def test_the_biggest_falls_are_named_and_the_others_counted(playbooks: Playbooks) -> None:
    falls = [UsageFigure(f"m{fall}", "adoption", 90.0 - fall, None, 90.0, None) for fall in (12, 40, 9, 25, 31)]
    review = UsageReview(figures=tuple(falls))
    assert row(composed(playbooks, changed(RENEWAL.build(), review=review)), "Use") == (
        "fell: m40 90 → 50 points, m31 90 → 59 points, m25 90 → 65 points, 1 more · strong: m9"
    )


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        # It did not fall far, was not known, or has risen: how it stands is said.
        (UsageFigure("logins", "engagement", 40.0, 4.0, 49.0, 4.8), "low: logins 4 a week"),
        (UsageFigure("logins", "engagement", 40.0, 4.0), "low: logins 4 a week"),
        (UsageFigure("logins", "engagement", 92.0, 9.3, 40.0, 4.0), "strong: logins 9.3 a week"),
        # In between there is nothing to say, and without points nothing is known.
        (UsageFigure("logins", "engagement", 70.0, 7.2, 72.0, 7.4), None),
        (UsageFigure("logins", "engagement", None, None, 90.0, 9.0), None),
        # Values that are shown alike, or not at all: its points say it.
        (UsageFigure("core_users", "adoption", 50.0, 0.302, 62.0, 0.304), "fell since 12 Feb: {} 62 → 50 points"),
        (UsageFigure("core_users", "adoption", 50.0, 0.3, 62.0), "fell since 12 Feb: {} 62 → 50 points"),
    ],
)
def test_a_figure_is_shown_by_what_it_says(figure: UsageFigure, text: str | None, playbooks: Playbooks) -> None:
    message = composed(playbooks, changed(RENEWAL.build(), review=changed(REVIEW, figures=(figure,))))
    assert row(message, "Use") == (text and text.format("people using core features"))


def test_more_promises_than_anybody_reads_are_counted(playbooks: Playbooks) -> None:
    promised = tuple(PlannedStep(f"step_{day}", NOON + timedelta(days=day)) for day in (4, 1, 3, 2, 9))
    message = composed(playbooks, changed(RENEWAL.build(), review=changed(REVIEW, promised=promised)))
    assert row(message, "Promised") == "step 1 by 15 Mar, step 2 by 16 Mar, step 3 by 17 Mar, 2 more"


def test_the_renewal_of_another_term_is_no_repetition(playbooks: Playbooks) -> None:
    content = changed(message_content(RENEWAL.build(), target=DANA), reason=DecisionReason.AGAIN)
    assert compose(content, playbooks=playbooks, account_url=lambda account: None, in_thread=True).lead == ()


# --- Titles -------------------------------------------------------------------------------------------------

NO_END = Facts(name="Acme")
STEPS = tuple(OpenCondition(Kind.MILESTONE_MISSED, step, NOON) for step in ("kickoff", "sso_live", "a", "b"))
TITLES: list[tuple[Sample, str, str]] = [
    (
        replace(RENEWAL, band=Band.GREEN),
        "🟢 Acme: renewal in 90 days (12 Jun)",
        "🟢 Acme様：契約更新まで90日（6月12日）",
    ),
    (
        replace(RENEWAL, band=Band.RED, facts=Facts(name="Acme", contract_end=date(2026, 1, 2))),
        "🔴 Acme: renewal in 294 days (2 Jan 2026)",
        "🔴 Acme様：契約更新まで294日（2026年1月2日）",
    ),
    (
        replace(RENEWAL, band=Band.INSUFFICIENT, facts=NO_END),
        "⚪ Acme: renewal comes up",
        "⚪ Acme様：契約更新が近づいています",
    ),
    (EXPANSION, "🟢 Acme: ready to grow: seats in use 92%", "🟢 Acme様：拡大の好機（ライセンス利用率 92%）"),
    # Another card may measure no seats, or the playbooks may not say how they are shown.
    (
        replace(EXPANSION, level=(Contribution("licences", "deployment", 100.0, 0.2, 0.0, 0.92),)),
        "🟢 Acme: ready to grow",
        "🟢 Acme様：拡大の好機",
    ),
    (
        LATE,
        "🟡 Acme: onboarding late: SSO go-live and first value not done, 14 days late",
        "🟡 Acme様：オンボーディングが14日遅延（未完了：SSOの利用開始、最初の成果）",
    ),
    (
        replace(LATE, standing=STEPS, days=1.9),
        "🟡 Acme: onboarding late: kick-off, SSO go-live, a and 1 more not done, 1 day late",
        "🟡 Acme様：オンボーディングが1日遅延（未完了：キックオフ、SSOの利用開始、a、ほか1件）",
    ),
    (replace(LATE, standing=(), days=None), "🟡 Acme: onboarding late", "🟡 Acme様：オンボーディングが遅延"),
    (VALUE, "🟢 Acme: first value after 21 days", "🟢 Acme様：「最初の成果」を開始から21日で達成"),
    (
        replace(VALUE, days=0.4),
        "🟢 Acme: first value within the first day",
        "🟢 Acme様：「最初の成果」を開始当日に達成",
    ),
    (replace(VALUE, days=None), "🟢 Acme: first value reached", "🟢 Acme様：「最初の成果」を達成"),
    (
        OVERRIDDEN,
        "🟢 Acme: set to green by theo@example.com until 12 Jun: “merger, the new team starts in May”",
        "🟢 Acme様：手動で緑に設定（theo@example.com、6月12日まで）：「merger, the new team starts in May」",
    ),
    # Until midnight: the day before is the last. Who and why may be left out, and a link is none.
    (
        replace(
            OVERRIDDEN,
            to="red",
            was=Band.YELLOW,
            override=changed(
                BY_HAND, to=Band.RED, until=datetime(2026, 1, 1, tzinfo=UTC), by=None, reason="see https://x.example"
            ),
        ),
        "🔴 Acme: set to red by hand until 31 Dec: “see [link]”",
        "🔴 Acme様：手動で赤に設定（12月31日まで）：「see [link]」",
    ),
    (
        Sample(kind=Kind.RETRACTED, to="open", facts=NO_END),
        "⚪ Acme: withdrawn: renewal comes up (reported by mistake)",
        "⚪ Acme様：「契約更新が近づいています」を取り消し（誤って報告されたもの）",
    ),
]


@pytest.mark.parametrize(("sample", "english", "japanese"), TITLES, ids=[case[1] for case in TITLES])
def test_what_happened_to_whom(sample: Sample, english: str, japanese: str, playbooks: Playbooks) -> None:
    signal = sample.build()
    for language, text in (("en", english), ("ja", japanese)):
        target = Target(Channel.SLACK, "#cs-desk", language=language)
        later = Recipient(target, now=NOON.timestamp() + 400 * 86_400, playbooks=playbooks)
        assert str(title(signal, later)) == text, "it reads the same whenever it is told: mail threads by it"


@pytest.mark.parametrize("sample", [*JOURNEY, CONTRACTED], ids=lambda sample: sample.kind.value)
@pytest.mark.parametrize("band", [Band.GREEN, Band.YELLOW, Band.RED, Band.INSUFFICIENT])
def test_each_kind_proposes_a_step_of_its_own(sample: Sample, band: Band, playbooks: Playbooks) -> None:
    matcher = f'kind="{sample.kind}"'
    steps = [one for one in playbooks.next_steps if matcher in map(str, one.matchers)]
    for tier in ("high", "low", "tech", None):
        signal = replace(sample, band=band, facts=changed(sample.facts, tier=tier)).build()
        for language in ("en", "ja"):
            assert playbooks.next_step(signal, language=language) in {one.texts[language] for one in steps}


# --- Growth, onboarding, value ------------------------------------------------------------------------------


def test_growth_is_told_with_what_is_strong(playbooks: Playbooks) -> None:
    message = composed(playbooks, EXPANSION.build())
    assert row(message, "What is strong") == "seats in use 92%, people using core features 53%"
    assert message.stake == "Health 91, green · ARR 62,000 · renewal in 90 days (12 Jun) · high touch, adoption"


def test_a_reached_value_says_nothing_of_health(playbooks: Playbooks) -> None:
    message = composed(playbooks, VALUE.build())
    assert message.stake == "ARR 62,000 · high touch, onboarding"
    assert [one.label for one in message.rows] == ["Whom to call", "Next step"]


def test_a_missed_step_of_a_late_onboarding_is_told_beside_it(playbooks: Playbooks) -> None:
    missed = Sample(kind=Kind.MILESTONE_MISSED, to="first_value", facts=LATE.facts).build()
    assert row(composed(playbooks, LATE.build(), missed), "Also") == "first value overdue (due 14 Mar)"


# --- A band that a person has set ---------------------------------------------------------------------------


def test_a_band_set_by_hand_says_what_the_score_says_and_proposes_nothing(playbooks: Playbooks) -> None:
    message = composed(playbooks, OVERRIDDEN.build())
    assert message.lead == ("The score is 58; until then the band is what this person says.",)
    assert (message.rows, message.small) == ((), "")


def test_it_is_no_recovery_though_it_closes_the_thread(playbooks: Playbooks) -> None:
    first = earlier_message(Sample(facts=OVERRIDDEN.facts, at=NOON - timedelta(days=3)).build())
    content = message_content(OVERRIDDEN.build(), target=DANA, reason=DecisionReason.RECOVERED, first=first)
    message = compose(content, playbooks=playbooks, account_url=lambda account: None, in_thread=True)
    assert message.lead == ("The score is 58; until then the band is what this person says.",)
    assert str(message.thread) == "🟡 Acme is yellow: 78 → 64"


def test_what_comes_with_it_is_told_beside_it(playbooks: Playbooks) -> None:
    other = Sample(kind=Kind.FLAG, to="payment_failed", facts=OVERRIDDEN.facts).build()
    assert row(composed(playbooks, OVERRIDDEN.build(), other), "Also") == "payment failed"


def test_once_it_is_over_the_score_decides_again(playbooks: Playbooks) -> None:
    ended = Sample(facts=OVERRIDDEN.facts, before=58.0, after=58.0, was=Band.GREEN, was_override=BY_HAND, parts=())
    message = composed(playbooks, ended.build())
    assert str(message.title) == "🟡 Acme is yellow: 58"
    assert message.lead == ("It was set to green by theo@example.com; that is over, and the score decides again.",)
    assert (row(message, "Next step") or "").startswith("Look this week whether what the date was set for has come.")


def test_a_flag_of_such_an_account_shows_whose_word_its_band_is(playbooks: Playbooks) -> None:
    flag = Sample(kind=Kind.FLAG, to="downgrade", facts=Facts(name="Acme"), band=Band.GREEN, override=BY_HAND)
    assert composed(playbooks, flag.build()).stake.startswith("Health 64, set to green until 12 Jun · ")
