"""The table of people: what a commit adds to it, and a page of it. A row is what all events said, in any batches."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ARRAY, Boolean, Date, Double, Select, Text, and_, or_, select

from scoring.health.moments import to_date
from scoring.partition.commit import PersonRow
from scoring.postgres import schema

# Of each account so many people are kept and shown, those seen last.
KEPT: Final = 500
_FIELDS: Final = ("name", "email", "role", "champion")
_COLUMNS: Final = ("last_seen", "left_on", *(f"{field}{end}" for field in _FIELDS for end in ("", "_at")))
_TYPES_BY_COLUMN: Final = {"last_seen": Date, "left_on": Date, "champion": Boolean}


def _last_writer(field: str) -> str:
    """Of two writers the later by event time; at equal times the later in the log, which is the new one."""
    later = f"excluded.{field}_at >= coalesce(old.{field}_at, '-infinity')"
    return (
        f"{field} = CASE WHEN {later} THEN excluded.{field} ELSE old.{field} END, "
        f"{field}_at = greatest(old.{field}_at, excluded.{field}_at)"
    )


# A person who says nothing new keeps their row as it is: an update that changes nothing would still write it.
STATEMENT: Final = f"""
people AS (
    INSERT INTO scoring.person AS old (account_id, user_id, partition, {", ".join(_COLUMNS)})
    SELECT account_id, user_id, :partition, {", ".join(_COLUMNS)}
    FROM unnest(:person_accounts, :person_users, {", ".join(f":person_{one}" for one in _COLUMNS)})
         AS new (account_id, user_id, {", ".join(_COLUMNS)})
    WHERE coalesce(left_on::text, {", ".join(f"{field}_at::text" for field in _FIELDS)}) IS NOT NULL OR NOT EXISTS (
        SELECT FROM scoring.person AS known
        WHERE known.account_id = new.account_id AND known.user_id = new.user_id AND known.last_seen >= new.last_seen)
    ON CONFLICT (account_id, user_id) DO UPDATE SET
        last_seen = greatest(old.last_seen, excluded.last_seen), left_on = greatest(old.left_on, excluded.left_on),
        {", ".join(map(_last_writer, _FIELDS))}
)"""

TYPES: Final[dict[str, Any]] = {
    "person_accounts": ARRAY(Text),
    "person_users": ARRAY(Text),
    **{f"person_{one}": ARRAY(_TYPES_BY_COLUMN.get(one, Double if one.endswith("_at") else Text)) for one in _COLUMNS},
}


def parameters(rows: Sequence[PersonRow]) -> dict[str, Any]:
    written: dict[str, Any] = {
        "person_accounts": [row.account_id for row in rows],
        "person_users": [row.user_id for row in rows],
        "person_last_seen": [to_date(row.last_seen) for row in rows],
        "person_left_on": [to_date(row.left_on) if row.left_on >= 0 else None for row in rows],
    }
    for field in _FIELDS:
        said = [row.said.get(field) for row in rows]
        written[f"person_{field}"] = list(_values(field, said))
        written[f"person_{field}_at"] = [None if one is None else one[1] for one in said]
    return written


def _values(field: str, said: Iterable[tuple[object, float] | None]) -> Iterable[str | bool | None]:
    for one in said:
        value = None if one is None else one[0]
        if field == "champion":
            yield value is True
        else:
            # PostgreSQL takes no NUL in a text. The state keeps the whole value.
            yield value.replace("\0", "") if isinstance(value, str) else None


class PersonOfAccount(Struct, frozen=True):
    """One person. `last_seen` is the day (UTC) of their last event, `left_on` that of `champion.left`."""

    user_id: str
    last_seen: date
    name: str | None
    email: str | None
    role: str | None
    champion: bool
    left_on: date | None


class PersonPlace(Struct, frozen=True):
    """After whom a page begins."""

    last_seen: date
    user_id: str


def page(account_id: str, *, after: PersonPlace | None, limit: int) -> Select[Any]:
    """The next people of an account, those seen last first, of the newest `KEPT`."""
    table = schema.person
    user = table.c.user_id.collate("C")
    newest = select(table).where(table.c.account_id == account_id).order_by(table.c.last_seen.desc(), user)
    shown = newest.limit(KEPT).subquery()
    user = shown.c.user_id.collate("C")
    columns = [shown.c[name] for name in PersonOfAccount.__struct_fields__]
    query = select(*columns).order_by(shown.c.last_seen.desc(), user).limit(limit)
    if after is None:
        return query
    later = and_(shown.c.last_seen == after.last_seen, user > after.user_id)
    return query.where(or_(shown.c.last_seen < after.last_seen, later))
