"""Replaces the id of an erased account in stored facts of other accounts, in the transaction that reads the record."""

import msgspec
import structlog
from sqlalchemy import Text, bindparam, cast, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from alerts.postgres.schema import alert
from alerts.postgres.user_erasure import ALERTS_AT_ONCE
from alerts.signals.decoding import decode_signal
from common.erasures.mentions import without_mentions

_log = structlog.get_logger()

# A cursor reads the table once. It does not see the rows that this transaction rewrites meanwhile.
_NAMING = (
    select(alert.c.signal_id, cast(alert.c.body, Text).label("body"))
    .where(alert.c.partition == bindparam("partition"), func.strpos(cast(alert.c.body, Text), bindparam("word")) > 0)
    .execution_options(yield_per=ALERTS_AT_ONCE)
)
_RENAME = text("""
UPDATE alerts.alert AS a SET body = new.body::json
FROM unnest(:signals, :bodies) AS new (signal_id, body) WHERE a.signal_id = new.signal_id
""").bindparams(bindparam("signals", type_=ARRAY(Text)), bindparam("bodies", type_=ARRAY(Text)))

# The table does not know partitions: the first one that reads the record renames all, and later facts come in order.
_RENAME_FACTS = text("""
UPDATE alerts.account_facts SET facts = (facts::jsonb || jsonb_strip_nulls(jsonb_build_object(
    'merged_into', CASE WHEN facts ->> 'merged_into' = :account THEN :substitute END,
    'parent', CASE WHEN facts ->> 'parent' = :account THEN :substitute END)))::json
WHERE facts ->> 'merged_into' = :account OR facts ->> 'parent' = :account
""").bindparams(bindparam("account", type_=Text), bindparam("substitute", type_=Text))


async def erase_mentions(connection: AsyncConnection, account_id: str, substitute: str, *, partition: int) -> int:
    """Rewrites the facts of accounts, and the partition's signals; in how many signals."""
    await connection.execute(_RENAME_FACTS, {"account": account_id, "substitute": substitute})
    renamed = 0
    asked = {"partition": partition, "word": msgspec.json.encode(account_id).decode()}
    async with connection.stream(_NAMING, asked) as found:
        async for rows in found.partitions():
            new: dict[str, str] = {}
            for row in rows:
                try:
                    signal = decode_signal(row.body)
                except msgspec.DecodeError as error:
                    # Nobody can tell what of it is the id.
                    _log.error("row.emptied", row=row.signal_id, detail=str(error))
                    new[row.signal_id] = "{}"
                    continue
                without = without_mentions(signal, account_id, substitute)
                if without is not signal:
                    new[row.signal_id] = msgspec.json.encode(without).decode()
            if new:
                await connection.execute(_RENAME, {"signals": list(new), "bodies": list(new.values())})
                renamed += len(new)
    return renamed
