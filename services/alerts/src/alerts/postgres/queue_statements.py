"""The statements that claim messages, write what became of them and hand one on to the next way."""

from sqlalchemy import Double, Integer, SmallInteger, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

NOW = "extract(epoch FROM statement_timestamp())::double precision"

# Of one account only the oldest message to an address, and none beside one that is on its way. A message about many
# accounts is one of each of them.
_CANDIDATES = f"""
    FROM alerts.notification AS n
    JOIN unnest(:kinds, :channels, :slots) AS capacity (kind, channel, slots)
      ON capacity.kind = split_part(n.address_key, ':', 1)
    WHERE n.status = 'pending' AND n.partition = ANY(:partitions) AND n.address_key <> ALL(:closed)
      AND NOT EXISTS (
          SELECT FROM alerts.notification AS other
          WHERE other.status = 'pending' AND other.address_key = n.address_key AND other.account_id = n.account_id
            AND other.notification_id <> n.notification_id
            AND (other.seq < n.seq OR other.lease_until > {NOW})
      )
      AND NOT EXISTS (
          SELECT FROM alerts.notification AS other JOIN alerts.gathered AS g USING (gathering_id)
          WHERE other.status = 'pending' AND other.address_key = n.address_key AND other.account_id = ''
            AND g.account_id = n.account_id AND other.seq < n.seq
      )"""

# Checked when the row is read and again when it is locked: another sender may have claimed it in between.
_CLAIMABLE = f"n.status = 'pending' AND n.due <= {NOW} AND (n.lease_until IS NULL OR n.lease_until <= {NOW})"

_CAPACITY = (
    bindparam("partitions", type_=ARRAY(SmallInteger)),
    bindparam("closed", type_=ARRAY(Text)),
    bindparam("kinds", type_=ARRAY(Text)),
    bindparam("channels", type_=ARRAY(Text)),
    bindparam("slots", type_=ARRAY(Integer)),
)

_SENT_BEFORE = """SELECT s.seq, s.notification_id, s.done, s.thread, s.signals[1] AS head
             FROM alerts.notification AS s
             WHERE s.address_key = n.address_key AND s.episode = n.episode AND s.account_id = n.account_id
                   AND s.status = 'sent'
             ORDER BY s.seq"""

# A message with its signals, and the first and the newest sent message of the same thread.
_MESSAGE = f"""
    n.notification_id, n.partition, n.account_id, n.receiver, n.address_key, n.reason, n.ways::text AS ways,
    n.fallback::text AS fallback, n.decided, n.attempts,
    greatest(0, {NOW} - (
        SELECT min(a.started) FROM alerts.attempt AS a
        WHERE a.notification_id = n.notification_id AND a.started >= coalesce(n.resent, 0))) AS age,
    CASE WHEN n.resent IS NULL THEN greatest(head.at, n.held_until) END AS happened,
    CASE WHEN n.resent IS NULL THEN greatest(head.recorded, n.held_until) END AS recorded,
    n.summary::text AS summary,
    ARRAY(
        SELECT f.facts::text FROM unnest(n.signals) WITH ORDINALITY AS s (signal_id, place)
        LEFT JOIN alerts.alert AS a USING (signal_id)
        LEFT JOIN alerts.account_facts AS f ON f.account_id = a.account_id ORDER BY place) AS facts,
    ARRAY(
        SELECT a.body::text FROM unnest(n.signals) WITH ORDINALITY AS s (signal_id, place)
        LEFT JOIN alerts.alert AS a USING (signal_id) ORDER BY place) AS bodies,
    (SELECT json_agg(json_build_object(
        'notification_id', e.notification_id, 'body', a.body::text, 'sent', e.done, 'thread', e.thread
    ) ORDER BY e.seq)
    FROM (({_SENT_BEFORE} LIMIT 1) UNION ({_SENT_BEFORE} DESC LIMIT 1)) AS e
    JOIN alerts.alert AS a ON a.signal_id = e.head)::text AS thread"""

_HEAD = "LEFT JOIN alerts.alert AS head ON head.signal_id = n.signals[1]"

# One message for each address, the most urgent and then the oldest first, as many as each channel has slots for.
_CHOSEN = f"""
    SELECT n.notification_id, n.address_key, chosen.channel
    FROM alerts.notification AS n
    JOIN (
        SELECT notification_id, channel, slots, row_number() OVER (PARTITION BY channel ORDER BY rank, seq) AS place
        FROM (
            SELECT n.notification_id, n.rank, n.seq, capacity.channel, capacity.slots,
                   row_number() OVER (PARTITION BY n.address_key ORDER BY n.rank, n.seq) AS turn
            {_CANDIDATES} AND {_CLAIMABLE}
        ) AS waiting
        WHERE turn = 1
    ) AS chosen USING (notification_id)
    WHERE place <= slots AND {_CLAIMABLE}
    FOR UPDATE OF n SKIP LOCKED"""

# A row that still has a token has an attempt without an outcome, which may have arrived. That attempt is marked `cut
# short`; a sender that is still alive writes the true outcome later. A message that another sender holds may be claimed
# when its lease ends. (greatest() ignores nulls.)
CLAIM = text(f"""
WITH chosen AS MATERIALIZED ({_CHOSEN}
), leased AS (
    UPDATE alerts.notification AS n
    SET maybe_told = maybe_told OR lease_token IS NOT NULL, attempts = attempts + 1,
        lease_token = :token, lease_until = {NOW} + :lease
    FROM chosen WHERE n.notification_id = chosen.notification_id
    RETURNING n.*
), cut_short AS (
    UPDATE alerts.attempt AS a SET outcome = :cut_short, ended = {NOW}
    FROM leased AS n
    WHERE a.notification_id = n.notification_id AND a.n = n.attempts - 1 AND a.outcome IS NULL
), begun AS (
    INSERT INTO alerts.attempt (notification_id, n, started) SELECT notification_id, attempts, {NOW} FROM leased
), later AS (
    SELECT min(greatest(n.due, n.lease_until)) - {NOW} AS next_due
    {_CANDIDATES} AND n.address_key NOT IN (SELECT address_key FROM chosen)
      AND capacity.slots > (SELECT count(*) FROM chosen WHERE chosen.channel = capacity.channel)
)
SELECT later.next_due, {_MESSAGE}
FROM later LEFT JOIN leased AS n ON true {_HEAD}
ORDER BY n.rank, n.seq
""").bindparams(*_CAPACITY, bindparam("lease", type_=Double))

HELD = text(f"""
WITH held AS MATERIALIZED (
    SELECT * FROM alerts.notification
    WHERE lease_token = :token AND status = 'pending' AND partition = ANY(:partitions) FOR UPDATE
)
SELECT 0.0::double precision AS next_due, {_MESSAGE} FROM held AS n {_HEAD} ORDER BY n.rank, n.seq
""").bindparams(bindparam("partitions", type_=ARRAY(SmallInteger)))

RENEW = text(f"""
UPDATE alerts.notification SET lease_until = {NOW} + :lease
WHERE notification_id = :id AND lease_token = :token AND status = 'pending'
""").bindparams(bindparam("lease", type_=Double))

# Locked in the order of a claim, the message before its attempts, or the two could deadlock. Another sender may have
# marked this attempt `cut short`: its outcome is known now. If that sender has begun an attempt, that one is cut short.
SENT = text(f"""
WITH mine AS MATERIALIZED (
    SELECT notification_id, attempts FROM alerts.notification WHERE notification_id = :id FOR UPDATE
), sent AS (
    UPDATE alerts.notification AS n
    SET status = 'sent', done = {NOW} - :ago, thread = :thread, lease_until = NULL, lease_token = NULL
    FROM mine WHERE n.notification_id = mine.notification_id AND n.status <> 'sent'
)
UPDATE alerts.attempt AS a
SET outcome = CASE WHEN a.n = :attempt THEN 'sent' ELSE :cut_short END,
    detail = CASE WHEN a.n = :attempt THEN NULL ELSE a.detail END,
    ended = CASE WHEN a.n = :attempt THEN greatest(a.started, {NOW} - :ago) ELSE {NOW} END
FROM mine
WHERE a.notification_id = mine.notification_id
  AND (a.n = :attempt AND (a.outcome IS NULL OR a.outcome = :cut_short)
       OR a.n <> :attempt AND a.n = mine.attempts AND a.outcome IS NULL)
""").bindparams(
    bindparam("ago", type_=Double),
    bindparam("attempt", type_=Integer),
    bindparam("thread", type_=Text),
    bindparam("cut_short", type_=Text),
)

SET_ASIDE = text(f"""
WITH failed AS (
    UPDATE alerts.notification AS n
    SET status = 'failed', done = {NOW}, lease_until = NULL, lease_token = NULL
    WHERE notification_id = :id AND lease_token = :token
    RETURNING notification_id, attempts
)
UPDATE alerts.attempt AS a SET outcome = :outcome, detail = :detail, ended = {NOW}
FROM failed AS n WHERE a.notification_id = n.notification_id AND a.n = n.attempts
""")

HAND_ON = text(f"""
INSERT INTO alerts.notification (notification_id, partition, account_id, episode, receiver, address_key, ways, path,
                                 repeat_interval, resolve_after, fallback, reason, rank, signals, decided, status,
                                 maybe_told, attempts, due, gathering_id, summary)
SELECT :new, partition, account_id, episode, :receiver, :address_key, CAST(:ways AS json), path || :steps,
       repeat_interval, resolve_after, CAST(:fallback AS json), :reason, rank, signals, decided, 'pending', false, 0,
       {NOW}, gathering_id, summary
FROM alerts.notification WHERE notification_id = :old
""").bindparams(bindparam("steps", type_=ARRAY(Text)), bindparam("fallback", type_=Text))

HANDED_ON = text("""
INSERT INTO alerts.decision (signal_id, at, reason, receiver, address_key, path, notification_id)
SELECT signal_id, n.decided, n.reason, n.receiver, n.address_key, n.path, n.notification_id
FROM alerts.notification AS n CROSS JOIN LATERAL (
    SELECT signal_id, place FROM unnest(n.signals) WITH ORDINALITY AS told (signal_id, place) WHERE account_id <> ''
    UNION ALL
    SELECT signal_id, 0 FROM alerts.gathered AS g WHERE g.gathering_id = n.gathering_id) AS told
WHERE n.notification_id = :new
ORDER BY place
""")
