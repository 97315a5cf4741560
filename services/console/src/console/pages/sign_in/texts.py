"""The texts of signing in."""

from collections.abc import Mapping

from msgspec import Struct

from console.languages.locale import Locale


class SignInTexts(Struct, frozen=True, kw_only=True):
    title: str
    by_provider: str
    by_link: str
    confirm: str
    button: str
    unusable: str
    ask: str
    failed: str


SIGN_IN: Mapping[Locale, SignInTexts] = {
    Locale.ENGLISH: SignInTexts(
        title="Sign in",
        by_provider="Sign in with your company account",
        by_link="You can sign in with a link that an administrator makes for you. It works once.",
        confirm="This link signs you in on this device. It works once.",
        button="Sign in",
        unusable="This link was used, or is too old",
        ask="Ask an administrator for a new one.",
        failed="You could not be signed in. Ask an administrator whether you may use the console.",
    ),
    Locale.JAPANESE: SignInTexts(
        title="ログイン",
        by_provider="会社のアカウントでログイン",
        by_link="管理者が発行するリンクでログインできます。リンクは一度だけ有効です。",
        confirm="このリンクでこの端末からログインします。リンクは一度だけ有効です。",
        button="ログイン",
        unusable="このリンクは使用済みか、期限切れです",
        ask="管理者に新しいリンクを依頼してください。",
        failed="ログインできませんでした。コンソールの利用が許可されているか、管理者に確認してください。",
    ),
}
