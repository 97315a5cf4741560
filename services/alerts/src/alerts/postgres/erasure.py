"""The statements that delete an erased account. They run in the transaction that reads the erasure's record."""

from sqlalchemy import BigInteger, Double, LargeBinary, SmallInteger, Text, bindparam, text

# This lock comes first, and in the order in which all transactions lock gatherings: these lose a member.
LOCK_GATHERINGS = text("""
SELECT address_key FROM alerts.gathering
WHERE gathering_id IN (SELECT gathering_id FROM alerts.gathered WHERE account_id = :account)
ORDER BY address_key FOR UPDATE
""").bindparams(bindparam("account", type_=Text))

# Messages about many accounts are locked next: another partition may be taking its own account out of the same message.
# So `ERASE` sees which signals that transaction has left in it.
LOCK_SHARED_MESSAGES = text("""
SELECT notification_id FROM alerts.notification
WHERE account_id = ''
  AND signals && (SELECT coalesce(array_agg(signal_id), '{}') FROM alerts.alert WHERE account_id = :account)
ORDER BY notification_id FOR UPDATE
""").bindparams(bindparam("account", type_=Text))

# A message that is being sent is deleted too: its sender then finds no row for the outcome. A message about many
# accounts loses this account's signals, and is deleted if it has no others. Ids of signals stay, so that an old copy of
# a signal is not told again.
ERASE = text("""
WITH own AS MATERIALIZED (
    SELECT coalesce(array_agg(signal_id), '{}') AS signals FROM alerts.alert WHERE account_id = :account
), alerts_gone AS (
    DELETE FROM alerts.alert WHERE account_id = :account RETURNING signal_id
), remembered AS (
    INSERT INTO alerts.erased_signal (signal_id) SELECT signal_id FROM alerts_gone ON CONFLICT DO NOTHING
), messages_gone AS (
    DELETE FROM alerts.notification AS n USING own
    WHERE n.account_id = :account OR n.account_id = '' AND n.signals && own.signals AND n.signals <@ own.signals
    RETURNING n.notification_id
), shared AS (
    UPDATE alerts.notification AS n
    SET signals = ARRAY(SELECT signal_id FROM unnest(n.signals) WITH ORDINALITY AS told (signal_id, place)
                        WHERE signal_id <> ALL(own.signals) ORDER BY place)
    FROM own WHERE n.account_id = '' AND n.signals && own.signals AND NOT n.signals <@ own.signals
    RETURNING 1
), attempts_gone AS (
    DELETE FROM alerts.attempt WHERE notification_id IN (SELECT notification_id FROM messages_gone) RETURNING 1
), decisions_gone AS (
    DELETE FROM alerts.decision AS d USING own WHERE d.signal_id = ANY(own.signals) RETURNING 1
), gathered_gone AS (
    DELETE FROM alerts.gathered WHERE account_id = :account RETURNING 1
), facts_gone AS (
    DELETE FROM alerts.account_facts WHERE account_id = :account RETURNING 1
), timers_gone AS (
    DELETE FROM alerts.timer WHERE kind = :timer_kind AND subject = :account RETURNING 1
), acknowledgements_gone AS (
    DELETE FROM alerts.acknowledgement WHERE account_id = :account RETURNING 1
)
INSERT INTO alerts.erased (partition, pseudonym, erased_at, cluster_id, fingerprint, erasure_id, at, removed)
SELECT :partition, :pseudonym, :erased_at, :cluster_id, :fingerprint, :erasure_id, :at, json_build_object(
    'alerts', (SELECT count(*) FROM alerts_gone), 'messages', (SELECT count(*) FROM messages_gone),
    'messages_shortened', (SELECT count(*) FROM shared), 'attempts', (SELECT count(*) FROM attempts_gone),
    'decisions', (SELECT count(*) FROM decisions_gone), 'gathered', (SELECT count(*) FROM gathered_gone),
    'facts', (SELECT count(*) FROM facts_gone), 'timers', (SELECT count(*) FROM timers_gone),
    'acknowledgements', (SELECT count(*) FROM acknowledgements_gone))
ON CONFLICT (partition, pseudonym, erased_at) DO NOTHING
""").bindparams(
    bindparam("account", type_=Text),
    bindparam("timer_kind", type_=Text),
    bindparam("partition", type_=SmallInteger),
    bindparam("pseudonym", type_=LargeBinary),
    bindparam("erased_at", type_=BigInteger),
    bindparam("cluster_id", type_=Text),
    bindparam("fingerprint", type_=Text),
    bindparam("erasure_id", type_=Text),
    bindparam("at", type_=Double),
)

LIFT = text("""
UPDATE alerts.erased SET lifted_at = :lifted_at
WHERE partition = :partition AND erasure_id = :erasure_id AND lifted_at IS NULL AND erased_at < :lifted_at
""").bindparams(
    bindparam("partition", type_=SmallInteger),
    bindparam("erasure_id", type_=Text),
    bindparam("lifted_at", type_=BigInteger),
)
