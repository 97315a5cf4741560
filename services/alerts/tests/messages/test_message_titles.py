"""The title of every kind of signal, in every language: what is read in a list of a hundred."""

# ruff: noqa: RUF001 (a minus sign and Japanese punctuation)

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace as changed

from alerts.channels.registry import Channel
from alerts.messages.headline import title
from alerts.messages.recipient import Recipient
from alerts.playbooks.playbooks import Playbooks
from alerts.routing.destination import Target
from alerts.samples import NOON, RENEWAL, Sample
from common.contracts.signals import Band, Driver, Facts, Kind, Part, Severity, Signal

CANCELLED = (Part("cancel_intent", Driver.CAP, -64.0), Part("logins", Driver.SILENCE, -1.0))
FELL = Sample(before=78, after=64.4, parts=(Part("logins", Driver.SILENCE, -13.6),))
FLAG, MISSED, OUTCOME = Kind.FLAG, Kind.MILESTONE_MISSED, Kind.OUTCOME
CASES: list[tuple[Signal, str, str]] = [
    (
        FELL.build(),
        "🟡 Birch Foods is yellow: 78 → 64",
        "🟡 Birch Foods様：ヘルススコアが黄に低下（78 → 64）",
    ),
    (
        replace(FELL, to="red", before=61, after=37.6).build(),
        "🔴 Birch Foods is red: 61 → 38",
        "🔴 Birch Foods様：ヘルススコアが赤に低下（61 → 38）",
    ),
    (
        replace(FELL, to="green", was=Band.YELLOW, before=66, after=81).build(),
        "🟢 Birch Foods is green again: 66 → 81",
        "🟢 Birch Foods様：ヘルススコアが緑に回復（66 → 81）",
    ),
    (
        replace(FELL, was=Band.RED, before=43, after=53, severity=Severity.INFO).build(),
        "🟡 Birch Foods is better, now yellow: 43 → 53",
        "🟡 Birch Foods様：ヘルススコアが黄まで改善（43 → 53）",
    ),
    (
        replace(FELL, to="red", was=Band.INSUFFICIENT, before=50, after=38).build(),
        "🔴 Birch Foods is red: 38, its first score",
        "🔴 Birch Foods様：ヘルススコア赤（38、初回判定）",
    ),
    # What brought the band is the news, and named first.
    (
        replace(FELL, to="red", before=75, after=10, parts=CANCELLED).build(),
        "🔴 Birch Foods: asked to cancel, now red (75 → 10)",
        "🔴 Birch Foods様：解約の申し出、ヘルススコアは赤（75 → 10）",
    ),
    (
        Sample(kind=FLAG, to="cancel_intent", severity=Severity.CRITICAL).build(),
        "🔴 Birch Foods: asked to cancel",
        "🔴 Birch Foods様：解約の申し出",
    ),
    (
        Sample(kind=FLAG, to="downgrade").build(),
        "🟡 Birch Foods: asked to downgrade",
        "🟡 Birch Foods様：プラン縮小の申し出",
    ),
    (
        Sample(kind=FLAG, to="payment_failed").build(),
        "🟡 Birch Foods: payment failed",
        "🟡 Birch Foods様：決済エラー",
    ),
    (
        Sample(kind=FLAG, to="champion_left").build(),
        "🟡 Birch Foods: champion left",
        "🟡 Birch Foods様：推進担当者の離任",
    ),
    (
        Sample(kind=FLAG, to="support_storm").build(),
        "🟡 Birch Foods: flood of support tickets",
        "🟡 Birch Foods様：問い合わせの急増",
    ),
    # The mark is the worse of the two: how grave it is, and how the account stands.
    (
        Sample(kind=FLAG, to="gone_quiet", band=Band.RED).build(),
        "🔴 Birch Foods: gone quiet",
        "🔴 Birch Foods様：利用が途絶",
    ),
    # What the playbooks do not name is shown as it was posted.
    (
        Sample(kind=FLAG, to="seat_freeze").build(),
        "🟡 Birch Foods: seat freeze",
        "🟡 Birch Foods様：seat freeze",
    ),
    (
        Sample(kind=MISSED, to="kickoff", at=NOON).build(),
        "🟡 Birch Foods: kick-off overdue (due 14 Mar)",
        "🟡 Birch Foods様：「キックオフ」が期限超過（期限3月14日）",
    ),
    (
        Sample(kind=OUTCOME, to="churned").build(),
        "⚪ Birch Foods: contract ended",
        "⚪ Birch Foods様：契約終了（解約）",
    ),
    (
        Sample(kind=OUTCOME, to="renewed").build(),
        "🟢 Birch Foods: renewed",
        "🟢 Birch Foods様：契約更新",
    ),
    (
        Sample(kind=OUTCOME, to="goal_reached").build(),
        "🟢 Birch Foods: reached a goal",
        "🟢 Birch Foods様：目標を達成",
    ),
    # What was reported by mistake, by the name that it was told by.
    (
        Sample(kind=Kind.RETRACTED, to="cancel_intent", severity=Severity.INFO, band=Band.RED).build(),
        "⚪ Birch Foods: withdrawn: asked to cancel (reported by mistake)",
        "⚪ Birch Foods様：「解約の申し出」を取り消し（誤って報告されたもの）",
    ),
    (
        Sample(kind=Kind.RETRACTED, to="kickoff", severity=Severity.INFO).build(),
        "⚪ Birch Foods: withdrawn: kick-off (reported by mistake)",
        "⚪ Birch Foods様：「キックオフ」を取り消し（誤って報告されたもの）",
    ),
    (
        Sample(kind=Kind.RETRACTED, to="churned", severity=Severity.INFO).build(),
        "⚪ Birch Foods: withdrawn: contract ended (reported by mistake)",
        "⚪ Birch Foods様：「契約終了（解約）」を取り消し（誤って報告されたもの）",
    ),
    (
        Sample(kind=Kind.RETRACTED, to="arr", severity=Severity.INFO).build(),
        "⚪ Birch Foods: withdrawn: fall of ARR (reported by mistake)",
        "⚪ Birch Foods様：「ARRの減少」を取り消し（誤って報告されたもの）",
    ),
    (
        Sample(kind=Kind.RETRACTED, to="seat_freeze", severity=Severity.INFO).build(),
        "⚪ Birch Foods: withdrawn: seat freeze (reported by mistake)",
        "⚪ Birch Foods様：「seat freeze」を取り消し（誤って報告されたもの）",
    ),
    (
        Sample(kind=OUTCOME, to="paused", account="a-7", facts=Facts()).build(),
        "⚪ a-7: paused",
        "⚪ a-7様：paused",
    ),
]


def reader(playbooks: Playbooks, language: str, *, now: datetime = NOON, time_zone: str = "UTC") -> Recipient:
    target = Target(Channel.SLACK, "#cs-desk", language=language, time_zone=time_zone)
    return Recipient(target, now=now.timestamp(), playbooks=playbooks)


@pytest.mark.parametrize(("signal", "english", "japanese"), CASES, ids=[case[1] for case in CASES])
def test_what_happened_to_whom(signal: Signal, english: str, japanese: str, playbooks: Playbooks) -> None:
    assert str(title(signal, reader(playbooks, "en"))) == english
    assert str(title(signal, reader(playbooks, "ja"))) == japanese


def test_a_title_reads_the_same_whenever_it_is_told(playbooks: Playbooks) -> None:
    """Mail programs thread by the subject, which is the title of the thread's first message, told again."""
    missed = Sample(kind=Kind.MILESTONE_MISSED, to="kickoff", at=datetime(2025, 12, 30, tzinfo=UTC)).build()
    next_year = datetime(2026, 1, 9, tzinfo=UTC)

    assert title(missed, reader(playbooks, "en")) == title(missed, reader(playbooks, "en", now=next_year))


def test_days_are_counted_in_the_readers_time_zone(playbooks: Playbooks) -> None:
    renewal = changed(RENEWAL.build(), at=datetime(2025, 3, 14, 20, tzinfo=UTC))

    assert "in 90 days" in str(title(renewal, reader(playbooks, "en")))
    assert "in 89 days" in str(title(renewal, reader(playbooks, "en", time_zone="Asia/Tokyo")))


@pytest.mark.parametrize(
    ("zone", "over"),
    [
        ("Asia/Tokyo", datetime(2025, 3, 14, 15, tzinfo=UTC)),
        ("America/Los_Angeles", datetime(2025, 3, 15, 7, tzinfo=UTC)),
        (None, datetime(2025, 3, 15, tzinfo=UTC)),
        # An unknown zone is read as UTC, as in scoring.
        ("Mars/Olympus", datetime(2025, 3, 15, tzinfo=UTC)),
    ],
)
def test_a_step_was_due_on_the_day_that_is_over_for_the_account(
    playbooks: Playbooks, zone: str | None, over: datetime
) -> None:
    facts = Facts(name="Birch Foods", time_zone=zone)
    missed = Sample(kind=MISSED, to="kickoff", at=over, facts=facts).build()

    for reads_in in ("UTC", "Asia/Tokyo", "America/Los_Angeles"):
        assert "due 14 Mar)" in str(title(missed, reader(playbooks, "en", time_zone=reads_in)))


def test_a_step_that_was_due_at_an_hour_keeps_its_day(playbooks: Playbooks) -> None:
    missed = Sample(kind=MISSED, to="kickoff", at=datetime(2025, 3, 14, 20, tzinfo=UTC)).build()

    assert "due 14 Mar)" in str(title(missed, reader(playbooks, "en")))


def test_a_language_or_time_zone_that_is_gone_does_not_keep_the_message(playbooks: Playbooks) -> None:
    somebody = reader(playbooks, "tlh", time_zone="Mars/Olympus")

    assert str(title(CASES[0][0], somebody)) == CASES[0][1]


def test_an_account_whose_name_cannot_be_seen_is_called_by_its_id(playbooks: Playbooks) -> None:
    hidden = changed(CASES[0][0], facts=Facts(name="\u200b\u3164"), account_id="a-7")

    assert str(title(hidden, reader(playbooks, "en"))) == "🟡 a-7 is yellow: 78 → 64"
