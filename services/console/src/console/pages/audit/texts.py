"""The texts of the audit."""

from collections.abc import Mapping

from msgspec import Struct

from console.access.roles import Act
from console.languages.locale import Locale
from console.postgres.audit import ActOutcome


class AuditTexts(Struct, frozen=True, kw_only=True):
    title: str
    about: str
    at: str
    who: str
    act: str
    subject: str
    outcome: str
    details: str
    acts: Mapping[Act, str]
    outcomes: Mapping[ActOutcome, str]
    nothing: str
    newest: str
    older: str


AUDIT_TEXTS: Mapping[Locale, AuditTexts] = {
    Locale.ENGLISH: AuditTexts(
        title="Audit",
        about="What people did in the console, the newest first. No row is ever changed or deleted.",
        at="When",
        who="Who",
        act="Act",
        subject="On what",
        outcome="Outcome",
        details="Details",
        acts={act: act.value for act in Act},
        outcomes={outcome: outcome.value for outcome in ActOutcome},
        nothing="Nothing was done yet.",
        newest="Newest",
        older="Older",
    ),
    Locale.JAPANESE: AuditTexts(
        title="監査ログ",
        about="コンソールでの操作を新しい順に表示します。記録が変更・削除されることはありません。",
        at="日時",
        who="操作者",
        act="操作",
        subject="対象",
        outcome="結果",
        details="詳細",
        acts={
            Act.SIGN_IN: "ログイン",
            Act.SIGN_OUT: "ログアウト",
            Act.CHOOSE_LANGUAGE: "言語の選択",
            Act.ACKNOWLEDGE: "アラートの対応開始",
            Act.RESEND: "アラートの再送",
            Act.OVERRIDE: "判定の上書き",
            Act.READ_AUDIT: "監査ログの閲覧",
            Act.MANAGE_KEYS: "キーの管理",
            Act.MANAGE_USERS: "利用者の管理",
            Act.RESEND_LETTERS: "デッドレターの再送",
            Act.ERASE: "データの消去",
        },
        outcomes={
            ActOutcome.DONE: "完了",
            ActOutcome.ASKED: "依頼済み",
            ActOutcome.REFUSED: "拒否",
            ActOutcome.FAILED: "失敗",
        },
        nothing="まだ記録はありません。",
        newest="最新",
        older="以前の記録",
    ),
}
