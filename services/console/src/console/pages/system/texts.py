# ruff: noqa: RUF001 (full-width punctuation is what Japanese is written with)
"""The texts of the system page."""

from collections.abc import Mapping

from msgspec import Struct

from console.languages.locale import Locale
from console.pages.system.figures import FigureName


class SystemTexts(Struct, frozen=True, kw_only=True):
    """`{}` in a text is filled in."""

    title: str
    nothing_wrong: str
    processes: str
    processes_about: str
    process: str
    state: str
    ready: str
    not_ready: str
    away: str
    version: str
    core: str
    cores: Mapping[str, str]
    memory: str
    megabytes: str
    owned: str
    owned_of: str
    runbook: str
    figures: str
    figure: str
    value: str
    seconds: str
    unknown: str
    not_said: str
    look: str
    names: Mapping[FigureName, str]
    partitions: str
    partitions_about: str
    no_partitions: str
    more_partitions: str
    partition: str
    scores: str
    heartbeat: str
    lag: str
    outbox: str
    alerts_lag: str
    stopped: str


SYSTEM_TEXTS: Mapping[Locale, SystemTexts] = {
    Locale.ENGLISH: SystemTexts(
        title="System",
        nothing_wrong="All processes are ready, and no number asks to be looked at.",
        processes="Processes",
        processes_about="Of each address one process has answered; several may be behind it.",
        process="Process",
        state="State",
        ready="ready",
        not_ready="not ready",
        away="does not answer",
        version="Version",
        core="Scoring core",
        cores={"compiled": "compiled", "interpreted": "interpreted"},
        memory="Memory",
        megabytes="{} MB",
        owned="Partitions open",
        owned_of="{} of {}",
        runbook="Runbook",
        figures="Numbers to watch",
        figure="Number",
        value="Value",
        seconds="{} s",
        unknown="not known yet",
        not_said="–",
        look="to be looked at",
        names={
            FigureName.OUTBOX: "Signals and dead letters in the outbox",
            FigureName.OUTBOX_AGE: "Age of the oldest of them",
            FigureName.DEAD_LETTERS: "Records that scoring set aside, since its start",
            FigureName.REJECTS: "Messages that ingest set aside, since its start",
            FigureName.SOURCES_AGE: "Since sources were judged",
            FigureName.ANNOUNCEMENTS: "How long the oldest announcement waits",
            FigureName.RANKING_AGE: "Age of the ranking that lists follow",
            FigureName.UNSENT_AGE: "How long the oldest unsent message is due",
            FigureName.MESSAGES_FAILED: "Messages of the last seven days that reached nobody",
            FigureName.MESSAGES_HELD: "Messages that wait for a timer",
            FigureName.SIGNALS_WAITING: "Late signals that wait for scoring to catch up",
            FigureName.SIGNALS_UNREADABLE: "Stored rows that alerts could not read, since its start",
        },
        partitions="Partitions",
        partitions_about="Seconds, and rows of the outbox.",
        no_partitions="No process names a partition.",
        more_partitions="Only the first {} are shown.",
        partition="Partition",
        scores="Age of scores",
        heartbeat="Since its owner reported",
        lag="Scoring is behind by",
        outbox="Outbox",
        alerts_lag="Alerts is behind by",
        stopped="stopped",
    ),
    Locale.JAPANESE: SystemTexts(
        title="システム",
        nothing_wrong="すべてのプロセスが稼働中で、確認が必要な数値はありません。",
        processes="プロセス",
        processes_about="各アドレスにつき1つのプロセスの応答です。複数のプロセスがある場合があります。",
        process="プロセス",
        state="状態",
        ready="稼働中",
        not_ready="準備未完了",
        away="応答なし",
        version="バージョン",
        core="スコアリングコア",
        cores={"compiled": "コンパイル済み", "interpreted": "インタープリター"},
        memory="メモリー",
        megabytes="{} MB",
        owned="稼働中のパーティション",
        owned_of="{} / {}",
        runbook="手順書",
        figures="監視する数値",
        figure="項目",
        value="値",
        seconds="{} 秒",
        unknown="未確定",
        not_said="–",
        look="要確認",
        names={
            FigureName.OUTBOX: "アウトボックスのシグナルとデッドレター",
            FigureName.OUTBOX_AGE: "そのうち最も古いものの経過時間",
            FigureName.DEAD_LETTERS: "スコアリングが除外した記録（起動後）",
            FigureName.REJECTS: "受信サービスが除外したメッセージ（起動後）",
            FigureName.SOURCES_AGE: "ソースの判定からの経過時間",
            FigureName.ANNOUNCEMENTS: "最も古い通知の待ち時間",
            FigureName.RANKING_AGE: "一覧の順位の経過時間",
            FigureName.UNSENT_AGE: "未送信メッセージの最長の遅れ",
            FigureName.MESSAGES_FAILED: "過去7日間に誰にも届かなかったメッセージ",
            FigureName.MESSAGES_HELD: "タイマー待ちのメッセージ",
            FigureName.SIGNALS_WAITING: "スコアリングの追いつきを待つ遅延シグナル",
            FigureName.SIGNALS_UNREADABLE: "アラートが読み取れなかった行（起動後）",
        },
        partitions="パーティション",
        partitions_about="単位は秒、アウトボックスは行数です。",
        no_partitions="パーティションの情報はありません。",
        more_partitions="最初の {} 件のみ表示しています。",
        partition="パーティション",
        scores="スコアの経過時間",
        heartbeat="最終報告からの時間",
        lag="スコアリングの遅れ",
        outbox="アウトボックス",
        alerts_lag="アラートの遅れ",
        stopped="停止",
    ),
}
