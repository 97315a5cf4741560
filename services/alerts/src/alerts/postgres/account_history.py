"""What was told of accounts, what waits to be sent, and what was acknowledged: read for deciding."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Integer, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from alerts.decisions.account import (
    PAST_BANDS,
    AccountHistory,
    GatheredSignal,
    PastSignal,
    PendingMessage,
    ToldSignal,
)
from alerts.decisions.first_look import told_by
from alerts.postgres.decision_statements import NOW, TimerKind
from alerts.postgres.schema import TELLS_A_BAND
from alerts.routing.destination import Destination
from alerts.signals.decoding import decode_signal
from common.contracts.signals import Kind, Severity, Signal

# Messages of one account, the newest: nobody remembers an older one.
_REMEMBERED = 200


class HistoryRow(StrEnum):
    """What a row of the query's answer is."""

    STALE = "stale"
    PENDING = "pending"
    TOLD = "told"
    FIRST_LOOK = "first look"
    GATHERED = "gathered"
    BAND = "band"
    PAST_BANDS = "past bands"
    TIMER = "timer"
    ACKNOWLEDGED = "acknowledged"
    OUTCOME = "outcome"
    MERGED = "merged"


_DESTINATION = """json_build_object('receiver', n.receiver, 'ways', n.ways, 'path', n.path,
                               'repeat_interval', n.repeat_interval, 'resolve_after', n.resolve_after,
                               'fallback', n.fallback)"""
_SIGNALS = (
    "FROM unnest(n.signals) WITH ORDINALITY AS s (signal_id, place) LEFT JOIN alerts.alert AS a USING (signal_id)"
)
_PAST = f"""json_build_object('signal_id', a.signal_id, 'episode', a.episode, 'kind', a.kind, 'to', a.to, 'at', a.at,
                     'brings', CASE WHEN kind = '{Kind.FLAG}' AND {TELLS_A_BAND}
                                    THEN a.body -> 'after' ->> 'band' END)"""
# A first look says in which band an account is: deciding takes it for one.
_PAST_BAND = _PAST.replace("a.kind", f"CASE kind WHEN '{Kind.FIRST_LOOK}' THEN '{Kind.BAND}' ELSE kind END")

_TELLING_BANDS = f"{TELLS_A_BAND} AND NOT waiting AND NOT history"
_BANDS_AND_LOOKS = f"(kind = '{Kind.FIRST_LOOK}' OR {TELLS_A_BAND}) AND NOT waiting AND NOT history"

_TOLD = """seq, notification_id, account_id, status, episode, receiver, ways, path, repeat_interval, resolve_after,
               fallback, decided, signals"""

# Pending messages are locked, so that no sender claims one while it is decided again; held ones, too. One that was sent
# or handed on while this waited for its lock is no longer pending, and this snapshot does not show what became of it:
# STALE. A lease that ran out without an outcome may have been sent. A message on its way counts as told. A final
# outcome that was withdrawn since ended nothing.
_HISTORIES = text(f"""
WITH seen AS MATERIALIZED (
    SELECT notification_id FROM alerts.notification
    WHERE account_id = ANY(:accounts) AND status IN ('pending', 'held')
), waiting AS MATERIALIZED (
    SELECT *, coalesce(lease_until > {NOW}, false) AS leased,
           maybe_told OR coalesce(lease_until <= {NOW}, false) AS unknown
    FROM alerts.notification WHERE account_id = ANY(:accounts) AND status IN ('pending', 'held')
    ORDER BY seq FOR UPDATE
), sent AS MATERIALIZED (
    SELECT told.* FROM unnest(:accounts) AS asked (account_id) CROSS JOIN LATERAL (
        SELECT {_TOLD}
        FROM alerts.notification AS n
        WHERE n.account_id = asked.account_id
          AND (status = 'sent' OR status NOT IN ('pending', 'held') AND maybe_told)
        ORDER BY seq DESC LIMIT :remembered) AS told
    UNION ALL
    SELECT {_TOLD} FROM waiting WHERE leased
)
SELECT '{HistoryRow.STALE}' AS part, '' AS account_id, '' AS name, 0::bigint AS seq, '' AS body
WHERE (SELECT count(*) FROM seen) <> (SELECT count(*) FROM waiting)
UNION ALL
SELECT '{HistoryRow.PENDING}', account_id, notification_id, seq, json_build_object(
    'notification_id', notification_id, 'destination', {_DESTINATION}, 'maybe_told', unknown, 'decided', decided,
    'held', status = 'held', 'signals', (SELECT json_agg(a.body ORDER BY place) {_SIGNALS}))::text
FROM waiting AS n WHERE NOT leased
UNION ALL
SELECT '{HistoryRow.TOLD}', account_id, notification_id, seq, json_build_object(
    'destination', {_DESTINATION}, 'decided', decided, 'sure', status IN ('sent', 'pending'), 'thread', episode,
    'signals', (SELECT json_agg({_PAST} ORDER BY a.at, place) {_SIGNALS}))::text
FROM sent AS n
UNION ALL
SELECT '{HistoryRow.BAND}', account_id, signal_id, seq, body::text FROM (
    SELECT DISTINCT ON (account_id, episode) account_id, signal_id, seq, body FROM alerts.alert
    WHERE account_id = ANY(SELECT account_id FROM waiting)
      AND episode = ANY(SELECT a.episode FROM waiting AS n CROSS JOIN LATERAL (SELECT a.episode {_SIGNALS}) AS a)
      AND {_TELLING_BANDS}
    ORDER BY account_id, episode, seq DESC) AS newest
UNION ALL
SELECT '{HistoryRow.BAND}', account_id, signal_id, seq, body::text FROM (
    SELECT newest.* FROM (SELECT account_id FROM waiting UNION SELECT unnest(:moved)) AS asked CROSS JOIN LATERAL (
        SELECT a.account_id, signal_id, seq, body FROM alerts.alert AS a
        WHERE a.account_id = asked.account_id AND {_TELLING_BANDS} ORDER BY seq DESC LIMIT 1) AS newest) AS newest
UNION ALL
SELECT '{HistoryRow.BAND}', look.account_id, signal_id, seq, body::text FROM unnest(:moved) AS asked (account_id)
CROSS JOIN LATERAL (
    SELECT a.account_id, signal_id, kind, seq, body FROM alerts.alert AS a
    WHERE a.account_id = asked.account_id AND {_BANDS_AND_LOOKS} ORDER BY seq DESC LIMIT 1) AS look
WHERE kind = '{Kind.FIRST_LOOK}'
UNION ALL
SELECT '{HistoryRow.FIRST_LOOK}', g.account_id, g.signal_id, n.seq, json_build_object(
    'destination', {_DESTINATION}, 'decided', n.decided, 'sure', n.status IN ('sent', 'pending'),
    'look', look.body)::text
FROM alerts.gathered AS g JOIN alerts.notification AS n USING (gathering_id) JOIN alerts.alert AS look USING (signal_id)
WHERE g.account_id = ANY(:accounts) AND (n.status IN ('sent', 'pending') OR n.maybe_told)
UNION ALL
SELECT '{HistoryRow.GATHERED}', g.account_id, g.signal_id, look.seq, json_build_object(
    'destination', open.destination, 'signal', look.body)::text
FROM alerts.gathered AS g JOIN alerts.gathering AS open USING (gathering_id) JOIN alerts.alert AS look USING (signal_id)
WHERE g.account_id = ANY(:moved)
UNION ALL
SELECT '{HistoryRow.PAST_BANDS}', asked.account_id, '', 0, (
    SELECT json_agg({_PAST_BAND} ORDER BY seq)::text FROM (
        SELECT * FROM alerts.alert AS a
        WHERE a.account_id = asked.account_id AND {_BANDS_AND_LOOKS} ORDER BY seq DESC LIMIT :past_bands) AS a)
FROM unnest(:accounts) AS asked (account_id)
UNION ALL
SELECT '{HistoryRow.TIMER}', subject, '', 0, due::text FROM alerts.timer
WHERE kind = '{TimerKind.ACCOUNT}' AND subject = ANY(:accounts)
UNION ALL
SELECT '{HistoryRow.ACKNOWLEDGED}', account_id, episode, 0, severity FROM alerts.acknowledgement
WHERE account_id = ANY(:accounts)
UNION ALL
SELECT '{HistoryRow.MERGED}', account_id, '', 0, '' FROM alerts.account_facts
WHERE account_id = ANY(:accounts) AND facts ->> 'merged_into' IS NOT NULL
UNION ALL
SELECT '{HistoryRow.OUTCOME}', account_id, signal_id, 0, "to" FROM (
    SELECT DISTINCT ON (account_id) account_id, signal_id, kind, "to" FROM alerts.alert
    WHERE account_id = ANY(:accounts)
      AND (kind = '{Kind.OUTCOME}' OR kind = '{Kind.RETRACTED}' AND "to" = ANY(:final))
    ORDER BY account_id, history, seq DESC) AS outcome
WHERE kind = '{Kind.OUTCOME}'
ORDER BY seq
""").bindparams(
    bindparam("accounts", type_=ARRAY(Text)),
    bindparam("moved", type_=ARRAY(Text)),
    bindparam("final", type_=ARRAY(Text)),
    bindparam("remembered", type_=Integer),
    bindparam("past_bands", type_=Integer),
)


class UnreadableRow(Struct, frozen=True):
    """A stored row that cannot be read: damaged, or written by another version."""

    part: HistoryRow
    name: str
    detail: str


class _SentMessage(Struct, frozen=True):
    """One that was sent, or is on its way."""

    destination: Destination
    decided: float
    sure: bool
    thread: str
    signals: tuple[PastSignal, ...]


class _ToldLook(Struct, frozen=True):
    """A first look in a message that was sent, or is on its way."""

    destination: Destination
    decided: float
    sure: bool
    look: msgspec.Raw


class _GatheredRow(Struct, frozen=True):
    destination: Destination
    signal: msgspec.Raw


class _PendingRow(Struct, frozen=True):
    """A pending message; its signals are still as they were stored."""

    notification_id: str
    destination: Destination
    signals: tuple[msgspec.Raw, ...]
    maybe_told: bool
    decided: float
    held: bool

    def message(self) -> PendingMessage:
        signals = tuple(decode_signal(bytes(body)) for body in self.signals)
        return PendingMessage(self.notification_id, self.destination, signals, self.maybe_told, self.decided, self.held)


class _AccountRows(Struct):
    """What was found of one account, oldest first."""

    pending: list[PendingMessage] = msgspec.field(default_factory=list)
    told: list[ToldSignal] = msgspec.field(default_factory=list)
    bands: list[Signal] = msgspec.field(default_factory=list)
    past_bands: tuple[PastSignal, ...] = ()
    gathered: list[GatheredSignal] = msgspec.field(default_factory=list)
    acknowledged: dict[str, Severity] = msgspec.field(default_factory=dict)
    outcome: str | None = None
    timer: float | None = None
    merged: bool = False


_pending = msgspec.json.Decoder(_PendingRow)
_message = msgspec.json.Decoder(_SentMessage)
_look = msgspec.json.Decoder(_ToldLook)
_gathered = msgspec.json.Decoder(_GatheredRow)
_past_bands = msgspec.json.Decoder(tuple[PastSignal, ...])


async def load_histories(
    connection: AsyncConnection, accounts: list[str], *, final: Collection[str], moved: Collection[str] = ()
) -> tuple[Sequence[AccountHistory], Sequence[UnreadableRow]]:
    """One for each account, and the rows left out; with the newest band of those that have `moved`.

    Pending messages stay locked until the transaction ends.
    """
    asked = {
        "accounts": accounts,
        "moved": list(moved),
        "final": sorted(final),
        "remembered": _REMEMBERED,
        "past_bands": PAST_BANDS,
    }
    rows = await _rows(connection, asked)
    while any(row.part == HistoryRow.STALE for row in rows):
        rows = await _rows(connection, asked)
    found: Mapping[str, _AccountRows] = defaultdict(_AccountRows)
    unreadable = []
    for row in rows:
        try:
            _add(row, found[row.account_id])
        except ValueError as error:  # msgspec's are, too
            unreadable.append(UnreadableRow(HistoryRow(row.part), row.name, f"{row.part}: {error}"))
    return [_history(account_id, found[account_id], final) for account_id in accounts], unreadable


async def _rows(connection: AsyncConnection, asked: dict[str, Any]) -> Sequence[Any]:
    return (await connection.execute(_HISTORIES, asked)).all()


def _add(row: Any, found: _AccountRows) -> None:
    match row.part:
        case HistoryRow.PENDING:
            found.pending.append(_pending.decode(row.body).message())
        case HistoryRow.TOLD:
            message = _message.decode(row.body)
            found.told += [
                ToldSignal(one, message.destination, message.decided, message.sure, message.thread)
                for one in message.signals
            ]
        case HistoryRow.FIRST_LOOK:
            told = _look.decode(row.body)
            signal = decode_signal(bytes(told.look))
            found.told += told_by(signal, told.destination, decided=told.decided, sure=told.sure)
        case HistoryRow.GATHERED:
            waiting = _gathered.decode(row.body)
            found.gathered.append(GatheredSignal(decode_signal(bytes(waiting.signal)), waiting.destination))
        case HistoryRow.BAND:
            found.bands.append(decode_signal(row.body))
        case HistoryRow.PAST_BANDS:
            found.past_bands = () if row.body is None else _past_bands.decode(row.body)
        case HistoryRow.TIMER:
            found.timer = float(row.body)
        case HistoryRow.ACKNOWLEDGED:
            found.acknowledged[row.name] = Severity(row.body)
        case HistoryRow.OUTCOME:
            found.outcome = row.body
        case HistoryRow.MERGED:
            found.merged = True


def _history(account_id: str, found: _AccountRows, final: Collection[str]) -> AccountHistory:
    return AccountHistory(
        account_id,
        pending=tuple(found.pending),
        told=tuple(found.told),
        bands=tuple(found.bands),
        past_bands=found.past_bands,
        acknowledged=found.acknowledged,
        left=found.outcome in final,
        timer=found.timer,
        gathered=tuple(found.gathered),
        merged=found.merged,
    )
