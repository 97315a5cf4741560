"""What a message shows of the customer: what they said, whom to call, and when it happened."""

# ruff: noqa: RUF001 (minus signs, quotation marks and Japanese punctuation)

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as changed

from alerts.channels.email.render import Email
from alerts.channels.registry import Channel
from alerts.channels.slack.render import SlackMessage
from alerts.messages.compose import compose
from alerts.messages.customer import CustomerDetails
from alerts.messages.message import Message
from alerts.messages.renderer import MessageRenderer
from alerts.messages.sanitize import without_links
from alerts.playbooks.playbooks import Playbooks
from alerts.routing.destination import Target
from alerts.samples import DANA, NOON, Sample, earlier_message, message_content
from common.contracts.signals import Band, Contact, Driver, Facts, Kind, MovingEvent, Part, Quote, Severity, Signal
from support.examples import examples

ACME = Facts(name="Acme", tier="high", owner="dana@example.com", arr=62_000.0)
ANN = Contact("u1", NOON - timedelta(days=1, hours=3), "Ann Lee", "ann@acme.example", "CFO", champion=True)
BOB = Contact("u2", NOON - timedelta(days=40))
ASKED = MovingEvent("crm", "e-7", "contract.cancel_requested", NOON, -70.0)
CANCELLED = Sample(
    kind=Kind.FLAG,
    to="cancel_intent",
    before=80,
    after=10,
    was=Band.GREEN,
    band=Band.RED,
    severity=Severity.CRITICAL,
    parts=(Part("cancel_intent", Driver.CAP, -70.0),),
    facts=ACME,
    event=ASKED,
    said=(Quote("reason", "We move to “Rival”, see rival.com"), Quote("requested_by", "Ann Lee, CFO")),
    happened_at=NOON,
    contacts=(ANN, BOB),
).build()
MINA = Target(Channel.EMAIL, "mina@example.com", language="ja", time_zone="Asia/Tokyo", person="mina@example.com")


def composed(
    playbooks: Playbooks, *signals: Signal, target: Target = DANA, shown: CustomerDetails | None = None, **fields: Any
) -> Message:
    return compose(
        message_content(*signals, target=target, **fields),
        playbooks=playbooks,
        account_url=lambda account: None,
        in_thread=True,
        shown=shown or CustomerDetails(),
    )


def row(message: Message, label: str) -> str | None:
    return next((row.text for row in message.rows if row.label == label), None)


def details(playbooks: Playbooks, *said: Quote, target: Target = DANA, **fields: Any) -> str | None:
    signal = changed(CANCELLED, said=said, **fields)
    return row(composed(playbooks, signal, target=target), "詳細" if target.language == "ja" else "Details")


# --- Golden texts -------------------------------------------------------------------------------------------


def test_a_cancellation_as_a_mail(renderer: MessageRenderer) -> None:
    mail = renderer.render(message_content(CANCELLED, target=DANA))
    assert isinstance(mail, Email)
    head, details, call = mail.text.split("\n\n")[0], mail.text.split("\n\n")[2], mail.text.split("\n\n")[3]
    assert head == "🔴 Acme: asked to cancel, now red (80 → 10)"
    assert details == "Details: reason “We move to 'Rival', see rival[.]com”, requested by Ann\nLee, CFO"
    assert call == (
        "Whom to call: Ann Lee (champion, CFO, ann@acme.example, last seen\n"
        "yesterday at 09:00) · u2 (last seen on Sun 2 Feb)"
    )
    assert "<a href" not in mail.html.split("Whom to call")[0].split("Details")[1]


def test_a_cancellation_in_japanese(renderer: MessageRenderer) -> None:
    mail = renderer.render(message_content(CANCELLED, target=MINA))
    assert isinstance(mail, Email)
    assert "詳細：理由「We move to “Rival”, see rival[.]com」、申請者 Ann Lee, CFO" in mail.text.replace("\n", " ")
    assert "Ann Lee様（チャンピオン、CFO、ann@acme.example、最終利用 昨日18:00）" in mail.text.replace("\n", "")


def test_a_cancellation_in_slack(renderer: MessageRenderer) -> None:
    posting = renderer.render(message_content(CANCELLED))
    assert isinstance(posting, SlackMessage)
    shown = str(posting.blocks)
    assert "reason “We move to 'Rival', see rival[.]com”, requested by Ann Lee, CFO" in shown
    # What is shown where Slack shows no blocks says nothing of the customer's words.
    assert "Rival" not in posting.text


# --- Properties ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "english", "japanese"),
    [
        (
            (Quote("invoice", "in-7"), Quote("amount", 4200.5), Quote("currency", "EUR")),
            "invoice in-7, amount €4,200.50",
            "請求書 in-7、金額 €4,200.50",
        ),
        ((Quote("amount", 4200.0), Quote("currency", "JPY")), "amount ¥4,200", "金額 ￥4,200"),
        # Without a currency it is a number, and what is no code of one is not shown as one.
        ((Quote("amount", 4200.0),), "amount 4,200", "金額 4,200"),
        ((Quote("amount", 4200.0), Quote("currency", "<b>")), "amount 4,200", "金額 4,200"),
        ((Quote("seats_before", 40.0), Quote("seats", 14.0)), "seats 40 → 14", "シート数 40 → 14"),
        (
            (Quote("arr_before", 62_000.0), Quote("arr", 40_000.0)),
            "ARR 62,000 → 40,000",
            "ARR 62,000 → 40,000",
        ),
        (
            (Quote("score", 3.0), Quote("comment", "slow"), Quote("user_id", "u1")),
            "score 3, comment “slow”, by Ann Lee",
            "評価 3、コメント「slow」、発信者 Ann Lee",
        ),
        (
            (Quote("subject", "Export fails"), Quote("ticket", "T-4")),
            "subject “Export fails”, ticket T-4",
            "件名「Export fails」、チケット T-4",
        ),
        ((Quote("reason", "x"), Quote("user_id", "u9")), "reason “x”, by u9", "理由「x」、発信者 u9"),
        # A newer scoring may quote more.
        ((Quote("plan_wanted", "free"),), "plan wanted “free”", "plan wanted「free」"),
    ],
)  # fmt: skip
def test_each_property_is_told_as_its_language_tells_it(
    said: tuple[Quote, ...], english: str, japanese: str, playbooks: Playbooks
) -> None:
    assert details(playbooks, *said) == english
    assert details(playbooks, *said, target=MINA) == japanese


def test_whoever_asked_is_named_once(playbooks: Playbooks) -> None:
    said = (Quote("reason", "x"), Quote("requested_by", "Ann"), Quote("user_id", "u1"))
    assert details(playbooks, *said) == "reason “x”, requested by Ann"


def test_the_amounts_of_a_contraction_are_in_its_title_alone(playbooks: Playbooks) -> None:
    fell = changed(
        Sample(kind=Kind.CONTRACTION, to="arr", facts=ACME).build(),
        arr_before=90_000.0,
        said=(Quote("arr_before", 90_000.0), Quote("arr", 62_000.0), Quote("seats_before", 9.0), Quote("seats", 6.0)),
    )
    assert row(composed(playbooks, fell), "Details") == "seats 9 → 6"


def test_prose_of_blanks_is_left_out_and_long_prose_is_cut(playbooks: Playbooks) -> None:
    assert details(playbooks, Quote("reason", "\u200b\u2060 \n")) is None
    text = details(playbooks, Quote("reason", "very long " * 100)) or ""
    assert len(text) < 215
    assert text.endswith("…”")


def test_the_head_quotes_first_and_another_signal_only_where_the_head_does_not(playbooks: Playbooks) -> None:
    quiet = Sample(kind=Kind.FLAG, to="gone_quiet", severity=Severity.CRITICAL).build()
    assert (row(composed(playbooks, quiet, CANCELLED), "Details") or "").startswith("reason")
    other = changed(CANCELLED, said=(Quote("reason", "other"),))
    assert row(composed(playbooks, other, CANCELLED), "Details") == "reason “other”"


def test_a_recovery_shows_neither(playbooks: Playbooks) -> None:
    green = Sample(to="green", event=ASKED, said=(Quote("amount", 5.0),), contacts=(ANN,)).build()
    labels = {one.label for one in composed(playbooks, green, first=earlier_message(CANCELLED)).rows}
    assert labels & {"Details", "Whom to call"} == set()


def test_both_can_be_switched_off(playbooks: Playbooks) -> None:
    silent = composed(playbooks, CANCELLED, shown=CustomerDetails(quotes=False))
    assert (row(silent, "Details"), row(silent, "Whom to call") is None) == (None, False)
    nameless = composed(playbooks, CANCELLED, shown=CustomerDetails(contacts=False))
    assert (row(nameless, "Details") is None, row(nameless, "Whom to call")) == (False, None)
    neither = composed(playbooks, CANCELLED, shown=CustomerDetails(quotes=False, contacts=False))
    assert "Rival" not in str(neither)
    assert "Ann" not in str(neither)


# --- Whom to call -------------------------------------------------------------------------------------------


def test_three_people_at_most_are_named(playbooks: Playbooks) -> None:
    people = tuple(Contact(f"u{number}", NOON, f"Person {number}") for number in range(5))
    line = row(composed(playbooks, changed(CANCELLED, contacts=people)), "Whom to call") or ""
    assert line.count("Person") == 3


def test_who_has_no_name_is_called_by_their_address_and_no_address_is_made_up(playbooks: Playbooks) -> None:
    people = (Contact("u1", NOON, email="ann@acme.example"), Contact("u2", NOON, "Bob", "https://evil.example"))
    line = row(composed(playbooks, changed(CANCELLED, contacts=people)), "Whom to call")
    assert line == "ann@acme.example (last seen today at 12:00) · Bob (last seen today at 12:00)"


# --- When it happened ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("happened", "target", "lead"),
    [
        (NOON, DANA, ()),
        (NOON - timedelta(days=1), DANA, ("Happened yesterday at 12:00.",)),
        (NOON - timedelta(days=9), DANA, ("Happened on Wed 5 Mar.",)),
        (NOON - timedelta(days=9), MINA, ("3月5日（水）に発生しました。",)),
        # 16:30 UTC is tomorrow in Tokyo, and the reader's day counts.
        (datetime(2025, 3, 13, 16, 30, tzinfo=UTC), MINA, ()),
        (datetime(2025, 3, 13, 14, 30, tzinfo=UTC), MINA, ("昨日23:30に発生しました。",)),
        (None, DANA, ()),
    ],
)
def test_the_day_on_which_it_happened_is_told_if_it_is_not_today(
    happened: datetime | None, target: Target, lead: tuple[str, ...], playbooks: Playbooks
) -> None:
    signal = changed(CANCELLED, happened_at=happened, facts=changed(ACME, owner=target.person))
    assert composed(playbooks, signal, target=target).lead == lead


def test_the_age_of_a_message_is_told_where_the_day_is_not(playbooks: Playbooks) -> None:
    assert composed(playbooks, CANCELLED, after=7200).lead == ("Happened 2 hours ago, today at 12:00.",)


# --- Harmless -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("see https://evil.example/x now", "see [link] now"),
        ("(http://evil.example)", "[link]"),
        ("www.evil.example", "[link]"),
        ("“www.evil.example", "[link]"),
        ("mailto:a@b.co", "[link]"),
        ("JavaScript:alert(1)", "[link]"),
        ("\\\\server\\share", "[link]"),
        ("ht\u200btp://evil.example", "[link]"),  # what nobody sees does not hide it
        ("evil\u2060.com and a@b.co.uk", "evil[.]com and a@b[.]co[.]uk"),
        ("version 2.10, e.g. this. And that", "version 2.10, e.g. this. And that"),
        ("高い。使いにくい", "高い。使いにくい"),
    ],
)
def test_no_link_is_left_for_a_mail_program_to_find(written: str, shown: str) -> None:
    assert without_links(written) == shown


HOSTILE = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=400),
    st.lists(
        st.sampled_from(
            ["http://", "HTTPS://", "www.", "evil.com", "a@b.co", "<!channel>", "@here", "<@U1>", "*", "`", "\u202e",
             "\u2066", "\u200b", " ", "\n", "”", "」", "<b>", "&", "[x](y)", "mailto:", "\x00", "\u0301", "x" * 70]
        ),
        max_size=20,
    ).map("".join),
)  # fmt: skip
_LINK = re.compile(r"://|(?<!\w)www\.|(?<!\w)mailto:|[^\W_]\.[^\W\d_]{2}", re.IGNORECASE)


@settings(max_examples=examples(150))
@given(HOSTILE)
def test_whatever_customers_write_is_quoted_whole_without_links_or_hidden_characters(
    playbooks: Playbooks, text: str
) -> None:
    for target, begin, end in ((DANA, "“", "”"), (MINA, "「", "」")):
        said = (Quote("reason", text), Quote("requested_by", text))
        line = details(playbooks, *said, target=target)
        if line is None:
            continue
        assert not _LINK.search(line)
        assert line.splitlines() == [line]
        assert not set(line) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u200b\x00")
        assert line.count("\u2068") == line.count("\u2069")
        # Nobody can close the quotation and go on in our name.
        assert line.count(begin) == line.count(end) <= 1
        assert len(line.encode("utf-16-le")) // 2 < 900


@settings(max_examples=examples(50))
@given(HOSTILE)
def test_whatever_people_are_called_is_one_line_without_links(playbooks: Playbooks, text: str) -> None:
    people = (Contact(text or "u", NOON, text, text, text, champion=True),) * 3
    line = row(composed(playbooks, changed(CANCELLED, contacts=people)), "Whom to call")
    if line is not None:
        assert not _LINK.search(re.sub(r"[\w.]+@[\w.]+", "", line))
        assert line.splitlines() == [line]
        assert len(line.encode("utf-16-le")) // 2 < 900
