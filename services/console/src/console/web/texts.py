# ruff: noqa: RUF001 (full-width punctuation is what Japanese is written with)
"""The texts that every page has around it, in each language."""

from collections.abc import Mapping

from msgspec import Struct

from console.access.roles import Role
from console.clients.delay import ScoresDelayReason
from console.errors import ApiUnavailable, ScopeMissing, ServiceName
from console.languages.locale import Locale


class LayoutTexts(Struct, frozen=True, kw_only=True):
    """`{}` in a text is filled in."""

    console: str
    skip: str
    navigation: str
    administration: str
    language: str
    choose: str
    signed_in_as: str
    sign_out: str
    roles: Mapping[Role, str]
    languages: Mapping[Locale, str]
    as_of: str
    away: str
    scope_missing: str
    services: Mapping[ServiceName, str]
    delays: Mapping[str, str]
    """By `ScoresDelayReason`: why figures are not of now, and of when they are."""
    try_again: str
    to_start: str
    errors: Mapping[int, tuple[str, str]]
    """By status: the heading, and what to do."""
    stale_form: tuple[str, str]
    database_away: tuple[str, str]

    def away_of(self, error: ApiUnavailable) -> str:
        """That a service does not answer, or that the console's key of it may not do this."""
        said = self.scope_missing if isinstance(error, ScopeMissing) else self.away
        return said.format(self.services[error.service])


_LANGUAGES = {Locale.ENGLISH: "English", Locale.JAPANESE: "日本語"}

LAYOUT: Mapping[Locale, LayoutTexts] = {
    Locale.ENGLISH: LayoutTexts(
        console="Churn signals",
        skip="Skip to the content",
        navigation="Pages",
        administration="Administration",
        language="Language",
        choose="Choose",
        signed_in_as="Signed in as {}",
        sign_out="Sign out",
        roles={Role.CSM: "CSM", Role.LEAD: "lead", Role.ADMIN: "administrator"},
        languages=_LANGUAGES,
        as_of="As of {}",
        away="{} does not answer. What it knows is missing on this page.",
        scope_missing="{} does not let the console do this: the console's key of it needs the scope admin.",
        services={
            ServiceName.INGEST: "The ingest service",
            ServiceName.SCORING: "The scoring service",
            ServiceName.ALERTS: "The alerts service",
            ServiceName.SCORING_WORKER: "The scoring worker",
        },
        delays={
            ScoresDelayReason.STREAM: "Time is that of the events here (stream mode): the figures are of {}.",
            ScoresDelayReason.NO_WORKER: "No scoring worker reports: the figures are of {}.",
            ScoresDelayReason.CATCHING_UP: "Scoring is behind: the figures are of {}.",
        },
        try_again="Try again",
        to_start="To the first page",
        errors={
            403: (
                "You may not do this",
                "Your role does not allow it. Ask whoever leads your team, or an administrator.",
            ),
            404: ("There is no such page", "The address may be misspelt, or what it named may be gone."),
            422: ("This address cannot be used", "One of its parts is not valid."),
            500: ("Something went wrong", "It is an error of the console; it has been logged."),
            503: ("A service does not answer", "Try again in a moment."),
        },
        stale_form=("This form is too old", "Your session has changed since it was shown. Open the page again."),
        database_away=("The console's database does not answer", "Try again in a moment."),
    ),
    Locale.JAPANESE: LayoutTexts(
        console="解約シグナル",
        skip="本文へ移動",
        navigation="ページ",
        administration="管理",
        language="言語",
        choose="選択",
        signed_in_as="{} でログイン中",
        sign_out="ログアウト",
        roles={Role.CSM: "CSM", Role.LEAD: "リーダー", Role.ADMIN: "管理者"},
        languages=_LANGUAGES,
        as_of="{} 時点",
        away="{}が応答していません。このページには該当する情報が表示されません。",
        scope_missing="{}がこの操作を許可していません。コンソール用のキーにスコープ admin が必要です。",
        services={
            ServiceName.INGEST: "受信サービス（ingest）",
            ServiceName.SCORING: "スコアリングサービス（scoring）",
            ServiceName.ALERTS: "アラートサービス（alerts）",
            ServiceName.SCORING_WORKER: "スコアリングワーカー（scoring worker）",
        },
        delays={
            ScoresDelayReason.STREAM: "時刻はイベントに従います（ストリームモード）。数値は {} 時点のものです。",
            ScoresDelayReason.NO_WORKER: "スコアリングワーカーから報告がありません。数値は {} 時点のものです。",
            ScoresDelayReason.CATCHING_UP: "スコアリングが遅れています。数値は {} 時点のものです。",
        },
        try_again="再試行",
        to_start="最初のページへ",
        errors={
            403: ("この操作は許可されていません", "権限がありません。リーダーまたは管理者に確認してください。"),
            404: ("ページが見つかりません", "アドレスが間違っているか、対象が削除された可能性があります。"),
            422: ("このアドレスは使用できません", "一部の値が正しくありません。"),
            500: ("エラーが発生しました", "コンソールのエラーです。ログに記録されました。"),
            503: ("サービスが応答していません", "しばらくしてから再試行してください。"),
        },
        stale_form=("フォームの有効期限が切れました", "セッションが変わりました。ページを開き直してください。"),
        database_away=("コンソールのデータベースが応答していません", "しばらくしてから再試行してください。"),
    ),
}
