"""The statements of what is gathered for a person across partitions.

A person's row is locked by whoever adds to it or makes a message of it. Every statement locks rows in the order of the
address keys, so that the workers of two partitions never wait for each other.
"""

from sqlalchemy import BigInteger, Boolean, Double, SmallInteger, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from alerts.decisions.first_look import LONGEST_GATHERING
from alerts.decisions.reasons import DecisionReason
from alerts.postgres.decision_statements import NOW, TimerKind
from alerts.postgres.schema import TELLS_A_BAND
from common.contracts.signals import Kind

CHANNEL = "alerts_timers"
"""Notified when the owner of a partition has timers to look at."""

KIND = TimerKind.FIRST_LOOK

# The person's row, its timer and its members. A person to whom nothing came is one from whom an account is taken out.
# An account has one place in a gathering: a newer look overtakes the older.
GATHER = text(f"""
WITH came AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(:looks AS json)) AS new (
        address_key text, account_id text, signal_id text, band text, severity text, open integer,
        arr double precision, contract_end date, arrived double precision)
), persons AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(:persons AS json)) AS new (
        address_key text, partition smallint, new_id text, first double precision, last double precision,
        receiver text, path text[], destination json)
), person AS (
    INSERT INTO alerts.gathering AS g (kind, address_key, gathering_id, first, last, quiet, destination)
    SELECT '{KIND}', address_key, new_id, first, last, :quiet, destination FROM persons ORDER BY address_key
    ON CONFLICT (kind, address_key) DO UPDATE
    SET last = greatest(g.last, excluded.last), quiet = excluded.quiet, destination = excluded.destination
    RETURNING g.address_key, g.gathering_id, least(g.last + g.quiet, g.first + {LONGEST_GATHERING} * g.quiet) AS due
), armed AS (
    INSERT INTO alerts.timer (kind, subject, partition, due)
    SELECT '{KIND}', address_key, partition, due FROM person JOIN persons USING (address_key) ORDER BY address_key
    ON CONFLICT (kind, subject) DO UPDATE SET partition = excluded.partition, due = excluded.due
), overtaken AS (
    INSERT INTO alerts.decision (signal_id, at, reason, receiver, address_key, path)
    SELECT old.signal_id, came.arrived, '{DecisionReason.OVERTAKEN}', receiver, address_key, path
    FROM came JOIN person USING (address_key) JOIN persons USING (address_key)
    JOIN alerts.gathered AS old ON old.gathering_id = person.gathering_id AND old.account_id = came.account_id
    WHERE old.signal_id <> came.signal_id
), member AS (
    INSERT INTO alerts.gathered (gathering_id, account_id, signal_id, band, severity, open, arr, contract_end)
    SELECT gathering_id, account_id, signal_id, band, severity, open, arr, contract_end
    FROM came JOIN person USING (address_key)
    ON CONFLICT (gathering_id, account_id) DO UPDATE
    SET signal_id = excluded.signal_id, band = excluded.band, severity = excluded.severity, open = excluded.open,
        arr = excluded.arr, contract_end = excluded.contract_end
), taken_out AS (
    DELETE FROM alerts.gathered AS g
    USING person JOIN json_to_recordset(CAST(:taken_out AS json)) AS gone (address_key text, account_id text)
          USING (address_key)
    WHERE g.gathering_id = person.gathering_id AND g.account_id = gone.account_id
)
SELECT pg_notify('{CHANNEL}', partition::text) FROM person JOIN persons USING (address_key)
WHERE person.gathering_id = persons.new_id
""").bindparams(bindparam("quiet", type_=Double))

WAKE = text(f"SELECT pg_notify('{CHANNEL}', '')")

# Every partition has read the log up to `everywhere`, this one up to `here`. A gathering is told once all have passed
# its moment, for an account of any of them may belong to it; and while late looks wait for word that scoring has caught
# up, none is told.
_PASSED = """
    SELECT CASE WHEN count(*) >= :partitions AND (SELECT waiting FROM late) = 0 THEN min(newest)
           ELSE '-infinity' END AS everywhere,
           coalesce(max(newest) FILTER (WHERE partition = :partition), '-infinity') AS here,
           concat_ws(' ', min(newest), count(*), (SELECT waiting FROM late)) AS behind
    FROM alerts.progress"""
_LATE = f"SELECT count(*) AS waiting FROM alerts.alert WHERE waiting AND kind = '{Kind.FIRST_LOOK}'"
_WITH_PASSED = f"WITH late AS MATERIALIZED ({_LATE}), passed AS MATERIALIZED ({_PASSED})"
_OURS = f"""FROM passed CROSS JOIN alerts.timer AS t
    JOIN alerts.gathering AS g ON g.kind = t.kind AND g.address_key = t.subject
    WHERE t.partition = :partition AND t.kind = '{KIND}'"""
_READY = "(t.due <= passed.everywhere OR :regardless AND t.due <= passed.here)"
_READER = (bindparam("partition", type_=SmallInteger), bindparam("partitions", type_=BigInteger))
_TELLER = (*_READER, bindparam("regardless", type_=Boolean))

# Each owner sees that its partition passes the moment of every gathering, wherever the person's timer lives.
TIMERS = text(f"""
{_WITH_PASSED}, gathering AS (
    SELECT min(t.due) AS due FROM alerts.timer AS t, passed WHERE t.kind = '{KIND}' AND t.due > passed.here
)
SELECT least((SELECT min(due) FROM alerts.timer WHERE partition = :partition AND kind = '{TimerKind.ACCOUNT}'),
             (SELECT due FROM gathering)) AS earliest,
       (SELECT due FROM gathering) AS gathering,
       EXISTS (SELECT {_OURS} AND t.due <= passed.everywhere) AS ready,
       (SELECT behind {_OURS} AND t.due <= passed.here AND t.due > passed.everywhere LIMIT 1) AS behind
""").bindparams(*_READER)

# Locked first, and asked again afterwards: another partition may have moved the moment while this waited.
LOCK = text(f"""
SELECT address_key FROM alerts.gathering WHERE kind = '{KIND}' AND address_key IN (
    {_WITH_PASSED} SELECT t.subject {_OURS} AND {_READY} ORDER BY t.due, t.subject LIMIT :most)
ORDER BY address_key FOR UPDATE
""").bindparams(*_TELLER, bindparam("most", type_=BigInteger))

DUE = text(f"""
{_WITH_PASSED}
SELECT g.address_key, g.gathering_id, t.due, g.destination::text AS destination {_OURS} AND {_READY}
    AND g.address_key = ANY(:locked)
ORDER BY t.due, t.subject
""").bindparams(*_TELLER, bindparam("locked", type_=ARRAY(Text)))

# What is known of each account by now, and what has come of it since its look.
MEMBERS = text(f"""
SELECT g.signal_id, g.account_id, g.band, g.severity, g.open,
       CASE WHEN known.account_id IS NULL THEN g.arr ELSE (known.facts ->> 'arr')::double precision END AS arr,
       g.contract_end,
       (SELECT CASE newer.kind WHEN '{Kind.BAND}' THEN newer."to" ELSE newer.body -> 'after' ->> 'band' END
        FROM alerts.alert AS newer
        WHERE newer.account_id = g.account_id AND {TELLS_A_BAND} AND newer.seq > look.seq
          AND NOT newer.waiting AND NOT newer.history
        ORDER BY newer.seq DESC LIMIT 1) AS newer_band,
       ack.severity AS acknowledged,
       coalesce((SELECT outcome."to" FROM alerts.alert AS outcome
                 WHERE outcome.account_id = g.account_id AND outcome.kind = '{Kind.OUTCOME}'
                 ORDER BY outcome.history, outcome.seq DESC LIMIT 1) = ANY(:final), false) AS "left"
FROM alerts.gathered AS g
JOIN alerts.alert AS look ON look.signal_id = g.signal_id
LEFT JOIN alerts.account_facts AS known ON known.account_id = g.account_id
LEFT JOIN alerts.acknowledgement AS ack ON ack.account_id = g.account_id AND ack.episode = look.episode
WHERE g.gathering_id = :gathering_id
ORDER BY g.account_id
""").bindparams(bindparam("final", type_=ARRAY(Text)))

# Afterwards the members are the accounts that were told. Without `notification_id` nobody is told anything.
CLOSE = text(f"""
WITH closed AS (
    DELETE FROM alerts.gathering WHERE kind = '{KIND}' AND address_key = :address_key
), disarmed AS (
    DELETE FROM alerts.timer WHERE kind = '{KIND}' AND subject = :address_key
), kept AS (
    DELETE FROM alerts.gathered WHERE gathering_id = :gathering_id AND signal_id = ANY(:kept)
), composed AS (
    INSERT INTO alerts.notification (notification_id, partition, account_id, episode, receiver, address_key, ways, path,
        repeat_interval, resolve_after, fallback, reason, rank, signals, decided, status, held_until, maybe_told,
        attempts, due, gathering_id, summary)
    SELECT :notification_id, :partition, '', :gathering_id, receiver, :address_key, ways, path, repeat_interval,
           resolve_after, fallback, '{DecisionReason.FIRST_LOOK}', :rank, :signals, :at, 'pending', :at, false, 0,
           {NOW}, :gathering_id, CAST(:summary AS json)
    FROM json_to_record(CAST(:destination AS json)) AS to_person (
        receiver text, ways json, path text[], repeat_interval double precision, resolve_after double precision,
        fallback json)
    WHERE :notification_id IS NOT NULL
)
INSERT INTO alerts.decision (signal_id, at, reason, receiver, address_key, path, notification_id)
SELECT signal_id, :at, reason, receiver, :address_key, path,
       CASE WHEN reason = '{DecisionReason.FIRST_LOOK}' THEN :notification_id END
FROM unnest(:signal_ids, :reasons) AS decided (signal_id, reason)
CROSS JOIN json_to_record(CAST(:destination AS json)) AS to_person (receiver text, path text[])
""").bindparams(
    bindparam("address_key", type_=Text),
    bindparam("gathering_id", type_=Text),
    bindparam("kept", type_=ARRAY(Text)),
    bindparam("notification_id", type_=Text),
    bindparam("partition", type_=SmallInteger),
    bindparam("rank", type_=SmallInteger),
    bindparam("signals", type_=ARRAY(Text)),
    bindparam("at", type_=Double),
    bindparam("signal_ids", type_=ARRAY(Text)),
    bindparam("reasons", type_=ARRAY(Text)),
)
