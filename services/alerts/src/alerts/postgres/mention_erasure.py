"""Replaces the id of an erased account in stored facts of other accounts, in the transaction that reads the record."""

import msgspec
import structlog
from sqlalchemy import Text, bindparam, cast, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from alerts.postgres.schema import alert
from alerts.postgres.user_erasure import ALERTS_AT_ONCE
from alerts.signals.decoding import decode_signal
from common.bus.partitioner import partition_of
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

_NAMING_FACTS = text("""
SELECT account_id FROM alerts.account_facts WHERE facts ->> 'merged_into' = :account OR facts ->> 'parent' = :account
""")
_RENAME_FACTS = text("""
UPDATE alerts.account_facts SET facts = (facts::jsonb || jsonb_strip_nulls(jsonb_build_object(
    'merged_into', CASE WHEN facts ->> 'merged_into' = :account THEN :substitute END,
    'parent', CASE WHEN facts ->> 'parent' = :account THEN :substitute END)))::json
WHERE account_id = ANY(:accounts)
""").bindparams(
    bindparam("account", type_=Text), bindparam("substitute", type_=Text), bindparam("accounts", type_=ARRAY(Text))
)


async def erase_mentions(
    connection: AsyncConnection, account_id: str, substitute: str, *, partition: int, partitions: int
) -> int:
    """Rewrites the signals of the partition and the facts of its accounts; in how many signals.

    Facts of other partitions are theirs: each may have read facts that come after its own record, and waits for nobody.
    """
    renamed = await _rename_signals(connection, account_id, substitute, partition=partition)
    naming = await connection.scalars(_NAMING_FACTS, {"account": account_id})
    accounts = [one for one in naming if partition_of(one.encode(), partitions) == partition]
    named = {"account": account_id, "substitute": substitute, "accounts": accounts}
    await connection.execute(_RENAME_FACTS, named)
    return renamed


async def _rename_signals(connection: AsyncConnection, account_id: str, substitute: str, *, partition: int) -> int:
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
