# ruff: noqa: RUF001 (full-width punctuation is what Japanese is written with)
"""The texts about tickets and answers, by language."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from console.languages.locale import Locale


class TicketTexts(Struct, frozen=True, kw_only=True):
    """`{}` in a text is filled in."""

    heading: str
    tickets: str
    about: str
    open_count: str
    no_tickets: str
    cut_off: str
    ticket: str
    subject: str
    severity: str
    by: str
    opened: str
    reopened: str
    answered: str
    not_answered: str
    resolved: str
    open: str
    hours: str
    answers: str
    survey: str
    surveys: Mapping[str, str]
    score: str
    words: str
    answer_about: str
    no_answers: str


TICKET_TEXTS: Final[Mapping[Locale, TicketTexts]] = {
    Locale.ENGLISH: TicketTexts(
        heading="Tickets and answers",
        tickets="Tickets",
        about="Open tickets come first, the most severe of them on top. Then those that were resolved last.",
        open_count="Open tickets: {}",
        no_tickets="There are no tickets of this account.",
        cut_off="Older tickets are not shown.",
        ticket="Ticket",
        subject="Subject",
        severity="Severity",
        by="Opened by",
        opened="Opened",
        reopened="reopened on {}",
        answered="Answered",
        not_answered="not yet",
        resolved="Resolved",
        open="open",
        hours="after {} h",
        answers="Answers",
        survey="Survey",
        surveys={"nps.answered": "NPS", "csat.answered": "CSAT"},
        score="Score",
        words="In their words",
        answer_about="about {}",
        no_answers="Nobody has answered a survey yet.",
    ),
    Locale.JAPANESE: TicketTexts(
        heading="チケットと回答",
        tickets="チケット",
        about="未解決のチケットを重大度の高い順に、続いて解決済みのチケットを新しい順に表示します。",
        open_count="未解決のチケット：{} 件",
        no_tickets="このアカウントのチケットはありません。",
        cut_off="これより古いチケットは表示されません。",
        ticket="チケット",
        subject="件名",
        severity="重大度",
        by="起票者",
        opened="起票日時",
        reopened="{} に再開",
        answered="回答",
        not_answered="未回答",
        resolved="解決",
        open="未解決",
        hours="{} 時間後",
        answers="アンケートの回答",
        survey="アンケート",
        surveys={"nps.answered": "NPS", "csat.answered": "CSAT"},
        score="点数",
        words="コメント",
        answer_about="対象：{}",
        no_answers="アンケートの回答はまだありません。",
    ),
}
