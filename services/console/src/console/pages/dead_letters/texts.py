# ruff: noqa: RUF001 (full-width punctuation is what Japanese is written with)
"""The texts of the dead letters."""

from collections.abc import Mapping

from msgspec import Struct

from common.contracts.dead_letters import DeadReason
from console.languages.locale import Locale


class DeadLettersTexts(Struct, frozen=True, kw_only=True):
    """`{}` in a text is filled in. `reasons` has what a reason means and what to do, where ingest's words are not used.

    `of_ingest` is that of every letter of ingest.
    """

    title: str
    about: str
    filters: str
    reason: str
    source: str
    account: str
    since: str
    until: str
    moment_about: str
    apply: str
    reset: str
    counts: str
    resent_of: str
    incomplete: str
    listed: str
    letter: str
    choose: str
    at: str
    do: str
    what: str
    attempt: str
    resent: str
    yes: str
    older: str
    nothing: str
    all_matching: str
    again: str
    again_about: str
    preview: str
    nothing_chosen: str
    preview_title: str
    would_send: str
    none_to_send: str
    refused: str
    refusals: Mapping[str, str]
    send: str
    send_about: str
    cancel: str
    sent: str
    more_to_send: str
    not_taken: str
    reasons: Mapping[str, tuple[str, str]]
    of_ingest: tuple[str, str] | None


DEAD_LETTERS_TEXTS: Mapping[Locale, DeadLettersTexts] = {
    Locale.ENGLISH: DeadLettersTexts(
        title="Dead letters",
        about="Records that scoring could not score, and messages that ingest refused. Once the cause is mended, send "
        "them again: what was counted before is not counted twice.",
        filters="Filters",
        reason="Reason",
        source="Source",
        account="Account",
        since="Since",
        until="Before",
        moment_about="A day (2026-03-02) or a moment (2026-03-02T12:00:00Z), in UTC.",
        apply="Apply",
        reset="All letters",
        counts="How many, by reason",
        resent_of="sent again before",
        incomplete="The topic is too large to be read whole in time: letters are missing here, and the counts are of "
        "what was read. The command python -m ingest dead list reads all.",
        listed="The newest first.",
        letter="Letter",
        choose="Choose {}",
        at="When",
        do="What to do",
        what="Event",
        attempt="Attempts",
        resent="Sent again",
        yes="yes",
        older="Older",
        nothing="No letter matches.",
        all_matching="All letters that match the filters, also those that are not shown here",
        again="Also what was sent again before",
        again_about="It then counts twice if its event id is forgotten.",
        preview="See what would be sent",
        nothing_chosen="Choose letters first, or set a filter and choose all that match.",
        preview_title="Send again?",
        would_send="Letters that would be sent again: {}.",
        none_to_send="None of them can be sent again.",
        refused="Not sent: {}",
        refusals={
            "no_record": "There is no record: the core failed as time passed",
            "truncated": "It was too large for the topic, and its bytes are gone",
            "unreadable": "Its content can never be read",
            "not_an_event": "It is no event of an account",
            "unknown_origin": "This release cannot send what its origin wrote",
            "already_resent": "It was sent again before",
            "too_many_attempts": "It failed three times: choose it by itself",
            "refused_by_log": "Kafka never takes it",
            "still_refused": "It would be refused again",
            "by_its_sender": "Its sender has to send it again",
            "erased": "It names somebody who was erased",
        },
        send="Send again",
        send_about="They are appended to the topic of events, in the order of the letters.",
        cancel="Cancel",
        sent="Letters that were sent again: {}.",
        more_to_send="The time was over before all were sent. Send again for the rest.",
        not_taken="Ingest did not take it: {}",
        reasons={},
        of_ingest=None,
    ),
    Locale.JAPANESE: DeadLettersTexts(
        title="デッドレター",
        about="スコアリングが処理できなかったレコードと、受信が拒否したメッセージです。"
        "原因を直してから再送してください。処理済みのものが二重に数えられることはありません。",
        filters="絞り込み",
        reason="理由",
        source="ソース",
        account="アカウント",
        since="開始",
        until="終了（この時刻より前）",
        moment_about="日付（2026-03-02）または日時（2026-03-02T12:00:00Z）。UTCです。",
        apply="適用",
        reset="すべてのデッドレター",
        counts="理由別の件数",
        resent_of="再送済み",
        incomplete="件数が多いため、時間内にすべてを読み取れませんでした。"
        "表示されていないものがあり、件数は読み取った範囲のものです。"
        "すべてを見るにはコマンド python -m ingest dead list を使ってください。",
        listed="新しい順に表示します。",
        letter="デッドレター",
        choose="{} を選択",
        at="日時",
        do="対応",
        what="イベント",
        attempt="試行回数",
        resent="再送",
        yes="済み",
        older="以前のデッドレター",
        nothing="該当するデッドレターはありません。",
        all_matching="条件に合うすべて（表示されていないものも含む）",
        again="再送済みのものも含める",
        again_about="イベントIDの記録が消えている場合は二重に数えられます。",
        preview="再送の内容を確認",
        nothing_chosen="デッドレターを選択するか、条件を指定して「条件に合うすべて」を選んでください。",
        preview_title="再送しますか？",
        would_send="{}件を再送します。",
        none_to_send="再送できるものはありません。",
        refused="再送しないもの：{}",
        refusals={
            "no_record": "レコードがありません（時間の経過中に処理が失敗しました）",
            "truncated": "大きすぎるため内容が残っていません",
            "unreadable": "内容を読み取れません",
            "not_an_event": "アカウントのイベントではありません",
            "unknown_origin": "このバージョンでは再送できません",
            "already_resent": "すでに再送されています",
            "too_many_attempts": "3回失敗しています。個別に選択してください",
            "refused_by_log": "Kafkaが受け付けません",
            "still_refused": "再び拒否されます",
            "by_its_sender": "送信元から再送する必要があります",
            "erased": "消去された対象を含みます",
        },
        send="再送する",
        send_about="デッドレターの順に、イベントのトピックへ追加します。",
        cancel="キャンセル",
        sent="{}件を再送しました。",
        more_to_send="時間内にすべてを送れませんでした。もう一度再送すると残りが送られます。",
        not_taken="受信サービスが受け付けませんでした：{}",
        reasons={
            DeadReason.CORE_FAILED.value: (
                "スコアリングの処理でエラーが発生しました。アカウントは処理前の状態のままです。",
                "ワーカーのログの core.failed を確認し、"
                "スコアカードを直すか新しいバージョンにしてから再送してください。",
            ),
            DeadReason.UNREADABLE.value: (
                "このトピックのレコードとして読み取れません。",
                "別のプログラムがトピックに書き込んでいます。再送はできないため、イベントを受信へ送り直してください。",
            ),
            DeadReason.WRONG_PARTITION.value: (
                "アカウントのものとは別のパーティションにありました。",
                "別のプログラムがトピックに書き込んでいます。再送すると正しいパーティションに入ります。",
            ),
            DeadReason.CARD_CHANGE.value: (
                "このバージョンが対応していないスコアカードの切り替えです。",
                "再送は不要です。対応するバージョンは CHANGELOG.md を参照してください。",
            ),
            DeadReason.UNKNOWN_TYPE.value: (
                "種類が不明なため、運用担当者が取り除いたレコードです。",
                "新しいバージョンが対応していなければ、対応は不要です。",
            ),
        },
        of_ingest=(
            "このメッセージからイベントを作れませんでした。",
            "mapping.yml を直すか、アカウントを受信に伝えてから再送してください。",
        ),
    ),
}
