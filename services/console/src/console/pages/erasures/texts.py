# ruff: noqa: RUF001 (full-width punctuation is what Japanese is written with)
"""The texts of the erasures."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from console.languages.locale import Locale


class ErasuresTexts(Struct, frozen=True, kw_only=True):
    """`{}` in a text is filled in."""

    title: str
    about: str
    new: str
    whom: str
    kinds: Mapping[str, str]
    id: str
    id_about: str
    next: str
    no_id: str
    listed: str
    erasure: str
    kind: str
    state: str
    states: Mapping[str, str]
    filed_at: str
    filed_by: str
    by_key: str
    by_command: str
    forgets: str
    none_yet: str
    newest: str
    older: str
    nothing: str
    confirm: str
    removes: Mapping[str, Sequence[str]]
    for_good: str
    known_as: str
    known_owner: str
    unknown_account: str
    again: str
    again_about: str
    not_the_same: str
    erase: str
    cancel: str
    refused: str
    erased: str
    lifted: str
    receipts: str
    receipts_about: str
    service: str
    removed: str
    until: str
    partitions: str
    partitions_of: str
    not_yet: str
    lift: str
    lift_about: str
    lift_do: str
    lift_asked: str
    to_list: str
    no_retention: str


ERASURES_TEXTS: Mapping[Locale, ErasuresTexts] = {
    Locale.ENGLISH: ErasuresTexts(
        title="Erasures",
        about="Deletes all that the system keeps of an account or a person, in every service. It cannot be undone.",
        new="Erase an account or a person",
        whom="Whom",
        kinds={"account": "Account", "user": "Person"},
        id="Id",
        id_about="As clients send it: account_id or user_id.",
        next="Continue",
        no_id="Choose account or person, and give an id of 1 to 512 characters.",
        listed="All erasures, the newest first. They never have the id of whom they erased.",
        erasure="Erasure",
        kind="Whom",
        state="State",
        states={
            "filed": "filed; the log has not acknowledged it yet",
            "announced": "in force",
            "lifting": "is being lifted",
            "lifted": "lifted",
        },
        filed_at="Filed",
        filed_by="By",
        by_key="API key {}",
        by_command="the command line",
        forgets="The log of events has forgotten by",
        none_yet="not known yet",
        newest="Newest",
        older="Older",
        nothing="Nobody was erased yet.",
        confirm="Erase for good?",
        removes={
            "account": (
                "Scoring deletes the state, the scores, the history and the people of the account.",
                "Alerts deletes its alerts and messages, and sends none that waits.",
                "Ingest deletes its identities, merges and rejected messages, and refuses its events from now on.",
                "Kafka deletes its records when their retention is over. The erasure's page says the day.",
            ),
            "user": (
                "Every service deletes the person's name, address, role and last visits, at all accounts.",
                "What the person did still counts, under a random substitute. No score changes.",
                "Ingest refuses events that name the person from now on.",
                "Kafka deletes the records when their retention is over. The erasure's page says the day.",
            ),
        },
        for_good="This cannot be undone. If you lift the erasure later, events count again, and what was deleted stays "
        "deleted. Backups, dead letters and what alerts has already sent are not changed.",
        known_as="Scoring knows this account as {}.",
        known_owner="Its owner is {}.",
        unknown_account="Scoring knows no account with this id. Check the spelling; it can be erased all the same.",
        again="Type the id once more",
        again_about="So that nobody is erased by mistake.",
        not_the_same="This is not the same id.",
        erase="Erase for good",
        cancel="Cancel",
        refused="Ingest did not take it: {}",
        erased="The erasure is in force. Each service adds its receipt below when it has deleted its part.",
        lifted="The erasure is lifted: later events count again.",
        receipts="What was deleted where",
        receipts_about="Rows by table, as each service says.",
        service="Service",
        removed="Deleted rows",
        until="Deleted up to",
        partitions="Partitions that have read it",
        partitions_of="{} of {}",
        not_yet="not read yet: look again in a moment",
        lift="Lift the erasure",
        lift_about="Later events of the account or person count again. What was deleted stays deleted.",
        lift_do="Lift it",
        lift_asked="Lifting was asked for by",
        to_list="All erasures",
        no_retention="the log has no retention",
    ),
    Locale.JAPANESE: ErasuresTexts(
        title="消去",
        about="アカウントまたは個人に関するデータを、すべてのサービスから消去します。元に戻すことはできません。",
        new="アカウントまたは個人を消去する",
        whom="対象",
        kinds={"account": "アカウント", "user": "個人"},
        id="ID",
        id_about="クライアントが送信するIDです（account_id または user_id）。",
        next="次へ",
        no_id="対象を選び、1〜512文字のIDを入力してください。",
        listed="すべての消去を新しい順に表示します。消去された対象のIDは残りません。",
        erasure="消去",
        kind="対象",
        state="状態",
        states={
            "filed": "受付済み（ログの確認待ち）",
            "announced": "有効",
            "lifting": "解除中",
            "lifted": "解除済み",
        },
        filed_at="受付日時",
        filed_by="依頼元",
        by_key="APIキー {}",
        by_command="コマンド",
        forgets="イベントログから消える日",
        none_yet="未定",
        newest="最新",
        older="以前の消去",
        nothing="消去はまだありません。",
        confirm="完全に消去しますか？",
        removes={
            "account": (
                "スコアリングは、アカウントの状態、スコア、履歴、関係者を削除します。",
                "アラートは、アラートとメッセージを削除し、待機中のものも送信しません。",
                "受信は、識別情報、統合、拒否されたメッセージを削除し、以後のイベントを拒否します。",
                "Kafkaのレコードは保持期限を過ぎると削除されます。日付は消去のページに表示されます。",
            ),
            "user": (
                "すべてのサービスが、その人の名前、アドレス、役割、最終利用日時を全アカウントから削除します。",
                "過去の行動はランダムな代替IDで数え続けるため、スコアは変わりません。",
                "受信は、その人を含む以後のイベントを拒否します。",
                "Kafkaのレコードは保持期限を過ぎると削除されます。日付は消去のページに表示されます。",
            ),
        },
        for_good="元に戻すことはできません。後で解除すると新しいイベントは再び数えられますが、"
        "削除されたデータは戻りません。"
        "バックアップ、デッドレター、送信済みのアラートは変わりません。",
        known_as="スコアリングでのアカウント名：{}",
        known_owner="担当者：{}",
        unknown_account="このIDのアカウントはスコアリングにありません。つづりを確認してください。消去は可能です。",
        again="IDをもう一度入力",
        again_about="誤って消去しないための確認です。",
        not_the_same="IDが一致しません。",
        erase="完全に消去する",
        cancel="キャンセル",
        refused="受信サービスが受け付けませんでした：{}",
        erased="消去は有効です。各サービスが削除を終えると、下に結果が表示されます。",
        lifted="消去は解除されました。以後のイベントは再び数えられます。",
        receipts="各サービスで削除されたもの",
        receipts_about="各サービスが報告した、表ごとの行数です。",
        service="サービス",
        removed="削除した行",
        until="削除の時点",
        partitions="読み取ったパーティション",
        partitions_of="{} / {}",
        not_yet="まだ読み取っていません。しばらくしてから確認してください。",
        lift="消去を解除する",
        lift_about="以後のイベントは再び数えられます。削除されたデータは戻りません。",
        lift_do="解除する",
        lift_asked="解除の依頼元",
        to_list="すべての消去",
        no_retention="ログに保持期限がありません",
    ),
}
