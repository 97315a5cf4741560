# ruff: noqa: RUF001 (full-width punctuation is what Japanese is written with)
"""The texts of the data page."""

from collections.abc import Mapping

from msgspec import Struct

from console.languages.locale import Locale


class DataTexts(Struct, frozen=True, kw_only=True):
    """`{}` in a text is filled in. `reasons` are by the words that the services have for them."""

    title: str
    trust: str
    nothing_against: str
    scores_of: str
    not_judged: str
    silent_found: str
    low_found: str
    refused_found: str
    unusable_found: str
    never: str
    sources: str
    sources_about: str
    no_sources: str
    source: str
    status: str
    statuses: Mapping[str, str]
    no_key: str
    last_received: str
    last_hour: str
    last_day: str
    of_usual: str
    refused: str
    not_standard: str
    lag: str
    lag_at_most: str
    later_than_a_day: str
    plot: str
    plot_words: str
    legend: str
    by_day: str
    day: str
    events: str
    usual: str
    unknown_source: str
    all_sources: str
    names: str
    unused: str
    unused_about: str
    awaited: str
    awaited_about: str
    name: str
    nearest: str
    used_by: str
    last_seen: str
    account: str
    no_names: str
    unusable: str
    no_unusable: str
    metric: str
    event: str
    reason: str
    reasons: Mapping[str, str]
    times: str
    sample: str
    rejects: str
    rejects_about: str
    no_rejects: str
    received: str
    message: str
    wrong: str
    dead_letter: str
    apply: str
    reset: str
    newest: str
    older: str


DATA_TEXTS: Mapping[Locale, DataTexts] = {
    Locale.ENGLISH: DataTexts(
        title="Data",
        trust="Can I trust what I see?",
        nothing_against="Nothing that the services know speaks against it.",
        scores_of="Scores are those of {}.",
        not_judged="Ingest does not judge sources here (stream mode), so a silent one would not be noticed.",
        silent_found="The source {} is silent since {}. Its accounts look quieter than they are.",
        low_found="The source {} sends less than usual: {} events in a day instead of {}.",
        refused_found="Of the source {} {} items were refused in a day ({}).",
        unusable_found="{} values of events could not be used by a metric.",
        never="never",
        sources="Sources",
        sources_about="What came in the last whole hour and day, and what is usual then for this hour of the week.",
        no_sources="No source has a key yet.",
        source="Source",
        status="Status",
        statuses={
            "never": "never heard",
            "learning": "is being learned",
            "usual": "as usual",
            "low": "low",
            "silent": "silent",
        },
        no_key="no active key",
        last_received="Last received",
        last_hour="Last hour",
        last_day="Last day",
        of_usual="{} of {}",
        refused="Refused",
        not_standard="Unknown names",
        lag="Come late by",
        lag_at_most="at most {} s",
        later_than_a_day="more than a day, or none came",
        plot="The last 14 days by the hour",
        plot_words="{}: {} events in 14 days, usual are {}; at most {} in an hour.",
        legend="The line is what came, the dashed one what is usual. From {} to {}.",
        by_day="By day (UTC)",
        day="Day",
        events="Events",
        usual="Usual",
        unknown_source="No source has this name.",
        all_sources="All sources",
        names="Names of events",
        unused="Nothing listens to",
        unused_about="These events came and count for nothing. A misspelt name is among them.",
        awaited="Awaited in vain",
        awaited_about="The scorecard listens to these, and none has come.",
        name="Name",
        nearest="Nearest known name",
        used_by="Used by",
        last_seen="Last seen",
        account="Account",
        no_names="There are none.",
        unusable="Values that no metric could use",
        no_unusable="There are none.",
        metric="Metric",
        event="Event",
        reason="Reason",
        reasons={},
        times="Times",
        sample="Sample",
        rejects="Rejected messages",
        rejects_about="Messages of SDKs and webhooks that could not be taken, or only in part; the newest first.",
        no_rejects="There are none.",
        received="Received",
        message="Message",
        wrong="What is wrong",
        dead_letter="Dead letter",
        apply="Apply",
        reset="Without filters",
        newest="Newest",
        older="Older",
    ),
    Locale.JAPANESE: DataTexts(
        title="データ",
        trust="表示内容は信頼できるか",
        nothing_against="各サービスが把握している範囲で、問題はありません。",
        scores_of="スコアは {} 時点のものです。",
        not_judged="ここではソースの判定をしていません（ストリームモード）。停止しても気づけません。",
        silent_found="ソース {} は {} から停止しています。該当アカウントは実際より静かに見えます。",
        low_found="ソース {} の受信が通常より少なくなっています。1日 {} 件（通常 {} 件）。",
        refused_found="ソース {} では1日に {} 件が拒否されました（{}）。",
        unusable_found="指標で使えなかった値が {} 件あります。",
        never="なし",
        sources="ソース",
        sources_about="直近の1時間と1日の受信数、および同じ曜日・時刻の通常の受信数です。",
        no_sources="キーを持つソースはまだありません。",
        source="ソース",
        status="状態",
        statuses={"never": "受信なし", "learning": "学習中", "usual": "通常", "low": "減少", "silent": "停止"},
        no_key="有効なキーなし",
        last_received="最終受信",
        last_hour="直近1時間",
        last_day="直近1日",
        of_usual="{} / 通常 {}",
        refused="拒否",
        not_standard="未知の名前",
        lag="受信の遅れ",
        lag_at_most="{} 秒以内",
        later_than_a_day="1日以上、または受信なし",
        plot="過去14日間（1時間ごと）",
        plot_words="{}: 14日間で {} 件、通常は {} 件。1時間の最大は {} 件。",
        legend="実線は受信数、破線は通常の受信数です。{} から {} まで。",
        by_day="日別（UTC）",
        day="日付",
        events="イベント数",
        usual="通常",
        unknown_source="この名前のソースはありません。",
        all_sources="すべてのソース",
        names="イベント名",
        unused="使われていない名前",
        unused_about="受信したが集計に使われないイベントです。綴りの誤りが含まれることがあります。",
        awaited="届いていない名前",
        awaited_about="スコアカードが使うが、まだ届いていないイベントです。",
        name="名前",
        nearest="近い既知の名前",
        used_by="使用箇所",
        last_seen="最終受信",
        account="アカウント",
        no_names="ありません。",
        unusable="指標で使えなかった値",
        no_unusable="ありません。",
        metric="指標",
        event="イベント",
        reason="理由",
        reasons={
            "missing": "値がない",
            "not_a_number": "数値ではない",
            "not_a_key": "キーとして使えない",
            "not_a_text": "文字列ではない",
            "not_a_moment": "日時ではない",
        },
        times="回数",
        sample="例",
        rejects="拒否されたメッセージ",
        rejects_about="受け付けられなかった、または一部のみ受け付けたSDK・Webhookのメッセージ（新しい順）。",
        no_rejects="ありません。",
        received="受信日時",
        message="メッセージ",
        wrong="問題点",
        dead_letter="デッドレター",
        apply="適用",
        reset="絞り込みを解除",
        newest="最新",
        older="以前",
    ),
}
