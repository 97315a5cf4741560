# ruff: noqa: RUF001 (full-width punctuation is what Japanese is written with)
"""The texts of the API keys."""

from collections.abc import Mapping

from msgspec import Struct

from console.languages.locale import Locale


class KeysTexts(Struct, frozen=True, kw_only=True):
    """`{}` in a text is filled in."""

    title: str
    about: str
    listed: str
    key: str
    source: str
    scopes: str
    scope_words: Mapping[str, str]
    made_at: str
    used_at: str
    ends_at: str
    never: str
    own: str
    own_about: str
    acts: str
    ended: str
    revoked: str
    make_of: str
    make_about: str
    source_about: str
    expires: str
    expires_about: str
    make_do: str
    not_made: str
    bad_form: str
    rotate: str
    rotate_of: str
    rotate_about: str
    overlap: str
    revoke: str
    revoke_of: str
    revoke_about: str
    revoke_do: str
    refused: str
    key_revoked: str
    new_title: str
    new_about: str
    new_key: str
    new_once: str
    new_ends: str
    new_endless: str
    replaced: str
    to_list: str
    nothing: str
    every_service: str
    page: str
    previous_page: str
    next_page: str


KEYS_TEXTS: Mapping[Locale, KeysTexts] = {
    Locale.ENGLISH: KeysTexts(
        title="API keys",
        about="Each service has keys of its own. Only a digest of a key is stored, so nobody can see it again.",
        listed="Keys that can be used",
        key="Key",
        source="Source",
        scopes="Scopes",
        scope_words={
            "read": "read",
            "write": "write (events, webhooks, acknowledgements)",
            "events": "events",
            "webhooks": "webhooks",
            "admin": "admin (erase, keys, dead letters, exports)",
        },
        made_at="Made",
        used_at="Last used",
        ends_at="Ends",
        never="never",
        own="the console's own",
        own_about="The console asks with this key. It cannot revoke it; use another key or the command.",
        acts="Acts",
        ended="Keys that have ended",
        revoked="Revoked",
        make_of="{}: make a key",
        make_about="A key can be given only the scopes that the console's own key has.",
        source_about="The stream that its events belong to: a-z, 0-9, _ . -, beginning with a letter or digit.",
        expires="Ends after days",
        expires_about="Empty: it does not end by itself.",
        make_do="Make the key",
        not_made="The service did not take it: {}",
        bad_form="Give a source, at least one scope, and whole days from 1 to 3660, or none.",
        rotate="Rotate",
        rotate_of="Rotate the key {}",
        rotate_about="Makes a new key like this one, with the lifetime that it was made with. This one ends after the "
        "overlap.",
        overlap="Overlap in hours",
        revoke="Revoke",
        revoke_of="Revoke the key {}",
        revoke_about="Whoever uses it is refused within half a minute. It cannot be brought back.",
        revoke_do="Revoke it for good",
        refused="The service did not do it: {}",
        key_revoked="The key {} has ended.",
        new_title="The new key",
        new_about="A key of {}.",
        new_key="Key",
        new_once="It is shown here once, and never again. Copy it now. Loading this page again makes another key.",
        new_ends="It ends at {}.",
        new_endless="It does not end by itself.",
        replaced="The old key {} ends at {}. Give the new one to its client before.",
        to_list="All keys",
        nothing="There is no key.",
        every_service="Keys of all services",
        page="Page {}",
        previous_page="Previous page",
        next_page="Next page",
    ),
    Locale.JAPANESE: KeysTexts(
        title="APIキー",
        about="キーはサービスごとにあります。保存されるのはハッシュだけなので、後から表示することはできません。",
        listed="有効なキー",
        key="キー",
        source="ソース",
        scopes="スコープ",
        scope_words={
            "read": "read（読み取り）",
            "write": "write（イベント、Webhook、対応の記録）",
            "events": "events（イベント）",
            "webhooks": "webhooks（Webhook）",
            "admin": "admin（消去、キー、デッドレター、エクスポート）",
        },
        made_at="発行日時",
        used_at="最終利用",
        ends_at="有効期限",
        never="なし",
        own="コンソールのキー",
        own_about="コンソールが使っているキーです。ここでは失効できません。別のキーまたはコマンドを使ってください。",
        acts="操作",
        ended="終了したキー",
        revoked="失効",
        make_of="{}のキーを発行する",
        make_about="発行するキーに付けられるのは、コンソールのキーが持つスコープだけです。",
        source_about="イベントの送信元の名前です。a-z、0-9、_ . - が使え、英数字で始めます。",
        expires="有効日数",
        expires_about="空欄の場合は期限がありません。",
        make_do="発行する",
        not_made="サービスが受け付けませんでした：{}",
        bad_form="ソースと1つ以上のスコープを指定してください。日数は1〜3660の整数か空欄です。",
        rotate="更新",
        rotate_of="キー {} を更新",
        rotate_about="内容と有効期間が同じ新しいキーを発行します。古いキーは重複期間の後に終了します。",
        overlap="重複期間（時間）",
        revoke="失効",
        revoke_of="キー {} を失効",
        revoke_about="このキーを使うクライアントは30秒以内に拒否されます。元に戻すことはできません。",
        revoke_do="完全に失効させる",
        refused="サービスが実行しませんでした：{}",
        key_revoked="キー {} は失効しました。",
        new_title="新しいキー",
        new_about="{}のキーです。",
        new_key="キー",
        new_once="表示されるのはこの一度だけです。今すぐコピーしてください。再読み込みすると別のキーが発行されます。",
        new_ends="{} に終了します。",
        new_endless="期限はありません。",
        replaced="古いキー {} は {} に終了します。それまでに新しいキーをクライアントに設定してください。",
        to_list="すべてのキー",
        nothing="キーはありません。",
        every_service="全サービスのキー",
        page="{} ページ",
        previous_page="前のページ",
        next_page="次のページ",
    ),
}
