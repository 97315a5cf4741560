"""Failed messages that somebody has sent again: they are decided anew, like messages that waited for a timer.

A message about many accounts is sent again as it was.
"""

from collections.abc import Collection

from sqlalchemy import Double, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from alerts.decisions.reasons import DecisionReason
from alerts.postgres.decision_statements import NOW, TimerKind
from alerts.postgres.gathering_statements import WAKE

# A message with ways left, or with a fallback, was handed on when it failed.
_FAILED = """FROM alerts.notification AS n
    WHERE n.status = 'failed' AND json_array_length(n.ways) <= 1 AND n.fallback IS NULL
      AND n.done >= :since AND (:everything OR n.signals && :alerts OR n.gathering_id IN (
          SELECT gathering_id FROM alerts.gathered WHERE signal_id = ANY(:alerts)
            AND account_id IN (SELECT account_id FROM alerts.alert WHERE signal_id = ANY(:alerts))))"""

# Whoever decides a partition locks its row: a decision under way must not overlook the timer.
_LOCK = text(f"""
SELECT partition FROM alerts.progress WHERE partition IN (SELECT n.partition {_FAILED})
ORDER BY partition FOR UPDATE
""")

_RESEND = text(f"""
WITH failed AS MATERIALIZED (
    SELECT n.* {_FAILED} FOR UPDATE
), held AS (
    UPDATE alerts.notification AS n
    SET status = CASE WHEN n.gathering_id IS NULL THEN 'held' ELSE 'pending' END, due = {NOW},
        held_until = CASE WHEN n.gathering_id IS NULL THEN 0 ELSE n.held_until END, resent = {NOW}, done = NULL
    FROM failed WHERE n.notification_id = failed.notification_id
), armed AS (
    INSERT INTO alerts.timer (kind, subject, partition, due)
    SELECT DISTINCT '{TimerKind.ACCOUNT}', account_id, partition, 0.0::double precision FROM failed
    WHERE gathering_id IS NULL
    ON CONFLICT (kind, subject) DO UPDATE SET due = least(alerts.timer.due, excluded.due)
), told AS (
    INSERT INTO alerts.decision (signal_id, at, reason, receiver, address_key, path, notification_id, by)
    SELECT signal_id, decided, '{DecisionReason.RESENT}', receiver, address_key, path, notification_id, :by
    FROM failed CROSS JOIN LATERAL (
        SELECT signal_id FROM unnest(failed.signals) AS own (signal_id) WHERE failed.gathering_id IS NULL
        UNION ALL
        SELECT signal_id FROM alerts.gathered AS g WHERE g.gathering_id = failed.gathering_id) AS of
)
SELECT notification_id FROM failed ORDER BY seq
""")
_BOUND = (
    bindparam("since", type_=Double),
    bindparam("alerts", type_=ARRAY(Text)),
)
_BY = bindparam("by", type_=Text)


async def resend_failed(
    connection: AsyncConnection, *, alerts: Collection[str] | None = None, since: float = 0.0, by: str | None = None
) -> list[str]:
    """The ids of the messages that reached nobody and are to be sent again, in the open transaction.

    `alerts` are the ids of the signals in them (None: whichever), `since` is the wall time after which they failed.
    `by` is who asks; their decisions say so. The partition's owner is notified, and decides by what stands now whether
    they are sent.
    """
    asked = {"alerts": list(alerts or ()), "everything": alerts is None, "since": since}
    await connection.execute(_LOCK.bindparams(*_BOUND), asked)
    resent = await connection.execute(_RESEND.bindparams(*_BOUND, _BY), {**asked, "by": by})
    found = [row.notification_id for row in resent]
    await connection.execute(WAKE)
    return found
