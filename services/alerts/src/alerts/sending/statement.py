"""Which messages may be sent now, and how one is handed on, as PostgreSQL reads it."""

from sqlalchemy import Double, Integer, SmallInteger, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

NOW = "extract(epoch FROM statement_timestamp())::double precision"

# Of one account only the oldest message of a lane, and none beside one that is on its way.
_CANDIDATES = f"""
    FROM alerts.notification AS n
    JOIN unnest(:kinds, :channels, :slots) AS room (kind, channel, slots) ON room.kind = split_part(n.lane, ':', 1)
    WHERE n.status = 'pending' AND n.partition = ANY(:partitions) AND n.lane <> ALL(:closed)
      AND NOT EXISTS (
          SELECT FROM alerts.notification AS other
          WHERE other.status = 'pending' AND other.lane = n.lane AND other.account_id = n.account_id
            AND other.notification_id <> n.notification_id
            AND (other.seq < n.seq OR other.lease_until > {NOW})
      )"""

# Said of the row as it was seen and again of the row as it is when its lock is ours: another may have been first.
_CLAIMABLE = f"n.status = 'pending' AND n.due <= {NOW} AND (n.lease_until IS NULL OR n.lease_until <= {NOW})"

_ROOM = (
    bindparam("partitions", type_=ARRAY(SmallInteger)),
    bindparam("closed", type_=ARRAY(Text)),
    bindparam("kinds", type_=ARRAY(Text)),
    bindparam("channels", type_=ARRAY(Text)),
    bindparam("slots", type_=ARRAY(Integer)),
)

# One for each lane, the most urgent first and then the oldest, as many as each channel has room for.
READY = text(f"""
SELECT n.notification_id
FROM alerts.notification AS n
JOIN (
    SELECT notification_id, slots, row_number() OVER (PARTITION BY channel ORDER BY rank, seq) AS place
    FROM (
        SELECT n.notification_id, n.rank, n.seq, room.channel, room.slots,
               row_number() OVER (PARTITION BY n.lane ORDER BY n.rank, n.seq) AS turn
        {_CANDIDATES} AND {_CLAIMABLE}
    ) AS waiting
    WHERE turn = 1
) AS chosen USING (notification_id)
WHERE place <= slots AND {_CLAIMABLE}
ORDER BY n.rank, n.seq
FOR UPDATE OF n SKIP LOCKED
""").bindparams(*_ROOM)

# A message on its way elsewhere may come back when its lease ends. (greatest() passes over nulls.)
NEXT_DUE = text(f"SELECT min(greatest(n.due, n.lease_until)) - {NOW} {_CANDIDATES}").bindparams(*_ROOM)

# The newest attempt, if it has no outcome, was cut short, whoever made it; if he lives he may know better later.
CUT_SHORT = text(f"""
UPDATE alerts.attempt AS a SET outcome = :outcome, ended = {NOW}
FROM alerts.notification AS n
WHERE n.notification_id = ANY(:ids) AND a.notification_id = n.notification_id AND a.n = n.attempts
  AND a.outcome IS NULL
""").bindparams(bindparam("ids", type_=ARRAY(Text)))

# A token that is still there has no outcome: what it stood for may have arrived.
LEASE = text(f"""
UPDATE alerts.notification
SET maybe_told = maybe_told OR lease_token IS NOT NULL, attempts = attempts + 1,
    lease_token = :token, lease_until = {NOW} + :lease
WHERE notification_id = ANY(:ids)
""").bindparams(bindparam("ids", type_=ARRAY(Text)), bindparam("lease", type_=Double))

BEGIN = text(f"""
INSERT INTO alerts.attempt (notification_id, n, started)
SELECT notification_id, attempts, {NOW} FROM alerts.notification WHERE notification_id = ANY(:ids)
""").bindparams(bindparam("ids", type_=ARRAY(Text)))

_GONE_OUT = """SELECT s.seq, s.notification_id, s.done, s.thread, s.signals[1] AS head
     FROM alerts.notification AS s
     WHERE s.lane = n.lane AND s.episode = n.episode AND s.account_id = n.account_id AND s.status = 'sent'
     ORDER BY s.seq"""

# The first and the newest message of the same thread that have gone out.
THREADS = text(f"""
SELECT n.notification_id AS of, e.notification_id, e.done, e.thread, a.body::text AS body
FROM alerts.notification AS n
CROSS JOIN LATERAL (
    ({_GONE_OUT} LIMIT 1)
    UNION
    ({_GONE_OUT} DESC LIMIT 1)
) AS e
JOIN alerts.alert AS a ON a.signal_id = e.head
WHERE n.notification_id = ANY(:ids)
ORDER BY e.seq
""").bindparams(bindparam("ids", type_=ARRAY(Text)))

HAND_ON = text(f"""
INSERT INTO alerts.notification (notification_id, partition, account_id, episode, receiver, lane, ways, path,
                                 repeat_interval, reason, rank, signals, decided, status, maybe_told, attempts, due)
SELECT :new, partition, account_id, episode, receiver, :lane, CAST(:ways AS json), path,
       repeat_interval, :reason, rank, signals, decided, 'pending', false, 0, {NOW}
FROM alerts.notification WHERE notification_id = :old
""")

HANDED_ON = text("""
INSERT INTO alerts.decision (signal_id, at, reason, receiver, lane, path, notification_id)
SELECT signal_id, n.decided, n.reason, n.receiver, n.lane, n.path, n.notification_id
FROM alerts.notification AS n CROSS JOIN unnest(n.signals) WITH ORDINALITY AS told (signal_id, place)
WHERE n.notification_id = :new
ORDER BY place
""")
