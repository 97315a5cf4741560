"""The statements of a decision transaction: each writes in one round trip."""

from enum import StrEnum

from sqlalchemy import BigInteger, Double, LargeBinary, SmallInteger, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

NOW = "extract(epoch FROM clock_timestamp())::double precision"
"""Wall time by the database's clock, in seconds: the one that leases go by."""


class TimerKind(StrEnum):
    """What is decided again when a timer fires; the subject of each kind says of what."""

    ACCOUNT = "account"  # its held messages
    FIRST_LOOK = "first_look"  # what is gathered for a person


_POSITION = (
    bindparam("partition", type_=SmallInteger),
    bindparam("to_offset", type_=BigInteger),
    bindparam("last_hash", type_=LargeBinary),
    bindparam("newest", type_=Double),
)

BEGIN = text("""
INSERT INTO alerts.progress (partition, cluster_id, to_offset, last_hash, newest)
VALUES (:partition, :cluster_id, :to_offset, :last_hash, :newest)
ON CONFLICT (partition) DO NOTHING
""").bindparams(*_POSITION)

MOVE = text("""
UPDATE alerts.progress
SET cluster_id = :cluster_id, to_offset = :to_offset, last_hash = :last_hash, newest = :newest
WHERE partition = :partition AND cluster_id = :stored_cluster_id AND to_offset = :stored_offset
""").bindparams(*_POSITION, bindparam("stored_offset", type_=BigInteger))

_LATE = "FROM alerts.alert WHERE waiting AND partition = :partition"

# Ordered, for `seq` is the order of the log, and PostgreSQL joins in any order. It also returns older late signals; it
# does not see the rows that it inserts. The bodies are an array of their own: inside the JSON of the rows PostgreSQL
# would parse them and refuse some.
RECORD = text(f"""
WITH added AS (
    INSERT INTO alerts.alert (signal_id, partition, account_id, episode, kind, "to", severity, stage, tier, owner, at,
                              recorded, history, waiting, body)
    SELECT signal_id, :partition, account_id, episode, kind, "to", severity, stage, tier, owner, at,
           recorded, history, waiting, body::json
    FROM ROWS FROM (
        json_to_recordset(CAST(:alerts AS json)) AS (
            signal_id text, account_id text, episode text, kind text, "to" text, severity text, stage text, tier text,
            owner text, at double precision, recorded double precision, history boolean, waiting boolean),
        unnest(:bodies)) WITH ORDINALITY AS new (
            signal_id, account_id, episode, kind, "to", severity, stage, tier, owner, at, recorded, history, waiting,
            body, place)
    WHERE NOT EXISTS (SELECT FROM alerts.erased_signal AS gone WHERE gone.signal_id = new.signal_id)
    ORDER BY place
    ON CONFLICT (signal_id) DO NOTHING
    RETURNING signal_id
)
SELECT true AS added, signal_id, NULL AS account_id, NULL AS body, 0 AS seq FROM added
UNION ALL
SELECT false, signal_id, account_id, body::text, seq {_LATE} AND account_id = ANY(:accounts)
ORDER BY seq
""").bindparams(
    bindparam("partition", type_=SmallInteger),
    bindparam("bodies", type_=ARRAY(Text)),
    bindparam("accounts", type_=ARRAY(Text)),
)

# Accounts with alerts whose owner is another one now, or that were merged just now. Without a former FactsChanged the
# newest alert knows the owner. A merged account has nothing that another owner could hear of.
FACTS = text("""
WITH new AS MATERIALIZED (
    SELECT account_id, recorded, facts
    FROM json_to_recordset(CAST(:facts AS json)) AS new (account_id text, recorded double precision, facts json)
), before AS MATERIALIZED (
    SELECT new.account_id, known.facts IS NOT NULL AS known, known.facts ->> 'owner' AS owner,
           known.facts ->> 'merged_into' IS NOT NULL AS merged, newest.owner AS told_owner
    FROM new
    LEFT JOIN alerts.account_facts AS known USING (account_id)
    CROSS JOIN LATERAL (
        SELECT owner FROM alerts.alert AS a WHERE a.account_id = new.account_id ORDER BY seq DESC LIMIT 1) AS newest
), written AS (
    INSERT INTO alerts.account_facts (account_id, recorded, facts) SELECT account_id, recorded, facts FROM new
    ON CONFLICT (account_id) DO UPDATE SET recorded = excluded.recorded, facts = excluded.facts
)
SELECT account_id FROM before JOIN new USING (account_id)
WHERE CASE WHEN new.facts ->> 'merged_into' IS NOT NULL THEN NOT merged
      ELSE (CASE WHEN known THEN before.owner ELSE told_owner END) IS DISTINCT FROM new.facts ->> 'owner' END
ORDER BY account_id
""")

KNOWN_FACTS = text(
    "SELECT account_id, facts::text AS facts FROM alerts.account_facts WHERE account_id = ANY(:accounts)"
).bindparams(bindparam("accounts", type_=ARRAY(Text)))

LATE = text(f"SELECT signal_id, account_id, body::text AS body {_LATE} ORDER BY seq")
LATE_OF_ACCOUNTS = text(
    f"SELECT signal_id, account_id, body::text AS body {_LATE} AND account_id = ANY(:accounts) ORDER BY seq"
).bindparams(bindparam("accounts", type_=ARRAY(Text)))

# A message whose lease ran out without an outcome may have been sent: it stays `maybe_told`.
WRITE = text(f"""
WITH settled AS (
    UPDATE alerts.alert SET waiting = false WHERE signal_id = ANY(:settled)
), released AS (
    UPDATE alerts.notification AS n
    SET status = 'pending', due = {NOW}, reason = released.reason, decided = released.at
    FROM unnest(:released, :released_reasons, :released_ats) AS released (notification_id, reason, at)
    WHERE n.notification_id = released.notification_id AND status = 'held'
), armed AS (
    INSERT INTO alerts.timer (kind, subject, partition, due)
    SELECT '{TimerKind.ACCOUNT}', subject, :partition, due
    FROM unnest(:timer_subjects, :timer_dues) AS new (subject, due)
    ON CONFLICT (kind, subject) DO UPDATE SET partition = excluded.partition, due = excluded.due
), disarmed AS (
    DELETE FROM alerts.timer WHERE kind = '{TimerKind.ACCOUNT}' AND subject = ANY(:disarmed)
), dropped AS (
    UPDATE alerts.notification SET status = 'dropped', done = {NOW}, maybe_told = maybe_told OR lease_token IS NOT NULL
    WHERE notification_id = ANY(:dropped)
), composed AS (
    INSERT INTO alerts.notification (notification_id, partition, account_id, episode, receiver, address_key, ways, path,
        repeat_interval, resolve_after, fallback, reason, rank, signals, decided, status, held_until, maybe_told,
        attempts, due)
    SELECT notification_id, :partition, account_id, episode, receiver, address_key, ways, path,
           repeat_interval, resolve_after, fallback, reason, rank, signals, decided,
           CASE WHEN held_until IS NULL THEN 'pending' ELSE 'held' END, held_until, maybe_told, 0, {NOW}
    FROM json_to_recordset(CAST(:notifications AS json)) AS new (
        notification_id text, account_id text, episode text, receiver text, address_key text, ways json, path text[],
        repeat_interval double precision, resolve_after double precision, fallback json, reason text, rank smallint,
        signals text[], decided double precision, held_until double precision, maybe_told boolean)
)
INSERT INTO alerts.decision (signal_id, at, reason, receiver, address_key, path, notification_id)
SELECT signal_id, at, reason, receiver, address_key, path, notification_id
FROM json_to_recordset(CAST(:decisions AS json)) AS new (
    signal_id text, at double precision, reason text, receiver text, address_key text, path text[],
    notification_id text)
""").bindparams(
    bindparam("partition", type_=SmallInteger),
    bindparam("settled", type_=ARRAY(Text)),
    bindparam("dropped", type_=ARRAY(Text)),
    bindparam("released", type_=ARRAY(Text)),
    bindparam("released_reasons", type_=ARRAY(Text)),
    bindparam("released_ats", type_=ARRAY(Double)),
    bindparam("timer_subjects", type_=ARRAY(Text)),
    bindparam("timer_dues", type_=ARRAY(Double)),
    bindparam("disarmed", type_=ARRAY(Text)),
)
