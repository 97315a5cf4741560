"""Takes an erased person out of stored signals, in the transaction that reads the erasure's record."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import structlog
from sqlalchemy import Text, bindparam, cast, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from alerts.postgres.schema import alert
from alerts.signals.decoding import decode_signal
from common.erasures.erased_people import without_people
from common.exports.subject import ExportSubject, says_user

_log = structlog.get_logger()

ALERTS_AT_ONCE = 500  # in memory; a signal has a few kilobytes
ANSWER_DELETED: Final = "what the channel answered was deleted: the message named a person who is erased"
_EMPTY: Final = "{}"

# A cursor reads the table once. It does not see the rows that this transaction rewrites meanwhile.
_NAMING = (
    select(alert.c.signal_id, cast(alert.c.body, Text).label("body"))
    .where(alert.c.partition == bindparam("partition"), says_user(alert.c.body))
    .execution_options(yield_per=ALERTS_AT_ONCE)
)

_SHORTEN = text("""
WITH shortened AS (
    UPDATE alerts.alert AS a SET body = new.body::json
    FROM unnest(:signals, :bodies) AS new (signal_id, body) WHERE a.signal_id = new.signal_id
    RETURNING a.account_id
)
SELECT notification_id FROM alerts.notification
WHERE account_id IN (SELECT account_id FROM shortened UNION SELECT '') AND signals && :signals
""").bindparams(bindparam("signals", type_=ARRAY(Text)), bindparam("bodies", type_=ARRAY(Text)))

# Messages are locked before their attempts, and in the order in which senders lock them. It is a statement of its own:
# only the next one sees the attempt of a sender for which this one has waited.
_LOCK_MESSAGES = text("""
SELECT 1 FROM alerts.notification WHERE notification_id = ANY(:messages) ORDER BY seq FOR UPDATE
""").bindparams(bindparam("messages", type_=ARRAY(Text)))
# A channel's answer may quote the message, so all answers are deleted. An attempt that is under way has no outcome yet:
# it gets this text now and keeps it when it ends.
_DELETE_ANSWERS = text("""
UPDATE alerts.attempt SET detail = :deleted
WHERE notification_id = ANY(:messages) AND (detail <> :deleted OR detail IS NULL AND outcome IS NULL)
""").bindparams(bindparam("messages", type_=ARRAY(Text)), bindparam("deleted", type_=Text))


class _Shortened(NamedTuple):
    """A signal's new body; `{}` if the old one cannot be read, and so cannot be shortened."""

    signal_id: str
    body: str


async def delete_person(connection: AsyncConnection, user_id: str, *, partition: int) -> Mapping[str, int]:
    """Rewrites the partition's signals that name the person. Returns how many rows were changed, by kind.

    Waiting messages need no change: they are made from the signals when they are sent.
    """
    asked = {"partition": partition, "user_in_json": ExportSubject("", user_id).parameters()["user_in_json"]}
    changed = emptied = 0
    messages: set[str] = set()
    async with connection.stream(_NAMING, asked) as found:
        async for rows in found.partitions():
            shortened = [one for row in rows if (one := _shorten(row, user_id)) is not None]
            messages.update(await _write(connection, shortened))
            changed += len(shortened)
            emptied += sum(one.body == _EMPTY for one in shortened)
    answers = await _delete_answers(connection, messages)
    return {"alerts_shortened": changed - emptied, "alerts_emptied": emptied, "answers": answers}


def _shorten(row: Any, user_id: str) -> _Shortened | None:
    """None if the signal does not name the person: the id may be that of an account."""
    try:
        signal = decode_signal(row.body)
    except msgspec.DecodeError as error:
        _log.error("row.emptied", row=row.signal_id, detail=str(error))
        return _Shortened(row.signal_id, _EMPTY)
    without = without_people(signal, lambda named: named == user_id)
    return None if without is signal else _Shortened(row.signal_id, msgspec.json.encode(without).decode())


async def _write(connection: AsyncConnection, shortened: Sequence[_Shortened]) -> Iterable[str]:
    """Stores the new bodies; returns the ids of the messages that tell these signals."""
    if not shortened:
        return ()
    new = {"signals": [one.signal_id for one in shortened], "bodies": [one.body for one in shortened]}
    return (await connection.scalars(_SHORTEN, new)).all()


async def _delete_answers(connection: AsyncConnection, messages: Iterable[str]) -> int:
    asked = {"messages": list(messages)}
    await connection.execute(_LOCK_MESSAGES, asked)
    return (await connection.execute(_DELETE_ANSWERS, asked | {"deleted": ANSWER_DELETED})).rowcount
