"""The texts of the page that leads to what administrators do."""

from collections.abc import Mapping

from msgspec import Struct

from console.languages.locale import Locale
from console.web.texts import LAYOUT


class AdministrationTexts(Struct, frozen=True, kw_only=True):
    """Of each page that it leads to: the title, and what is done there."""

    title: str
    pages: Mapping[str, tuple[str, str]]


ADMINISTRATION_TEXTS: Mapping[Locale, AdministrationTexts] = {
    Locale.ENGLISH: AdministrationTexts(
        title=LAYOUT[Locale.ENGLISH].administration,
        pages={
            "/admin/users": ("People", "Who may sign in, and with which role. Invite, disable and enable people."),
            "/admin/keys": ("API keys", "The keys of ingest, scoring and alerts. Make, rotate and revoke them."),
            "/admin/dead-letters": ("Dead letters", "Records and messages that were set aside. Send them again."),
            "/admin/erasures": ("Erasures", "Delete all that is known of an account or a person."),
        },
    ),
    Locale.JAPANESE: AdministrationTexts(
        title=LAYOUT[Locale.JAPANESE].administration,
        pages={
            "/admin/users": ("利用者", "ログインできる人と権限を管理します。招待、無効化、有効化ができます。"),
            "/admin/keys": (
                "APIキー",
                "受信、スコアリング、アラートの各サービスのキーを発行、更新、失効させます。",
            ),
            "/admin/dead-letters": ("デッドレター", "処理できなかったレコードやメッセージを確認し、再送します。"),
            "/admin/erasures": ("消去", "アカウントまたは個人に関するすべてのデータを消去します。"),
        },
    ),
}
