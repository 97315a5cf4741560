"""Requests in memory instead of PostgreSQL, for tests, with an outage on request."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import asdict, replace

from common.database_errors import DatabaseUnavailable
from ingest.erasures.erasure import AnotherErasureKey, AskedErasure, StoredErasure


class MemoryErasureStore:
    """`away` simulates an outage."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self.away = False
        self._now = now
        self._rows: dict[str, StoredErasure] = {}

    async def file(self, asked: AskedErasure) -> StoredErasure:
        in_force = [row for row in self._read() if row.lifted_at is None]
        if any(row.fingerprint != asked.fingerprint for row in in_force):
            raise AnotherErasureKey
        for row in in_force:
            if row.pseudonym == asked.pseudonym:
                return row
        filed = StoredErasure(**asdict(asked), filed_at=self._now())
        self._rows[asked.erasure_id] = filed
        return filed

    async def find(self, erasure_id: str) -> StoredErasure | None:
        return next((row for row in self._read() if row.erasure_id == erasure_id), None)

    async def in_force(self, *, most: int) -> Sequence[StoredErasure]:
        return [row for row in self._read() if row.lifted_at is None][:most]

    async def newest(self, *, most: int, before: StoredErasure | None = None) -> Sequence[StoredErasure]:
        rows = self._read()
        until = len(rows) if before is None else rows.index(before)
        return rows[:until][::-1][:most]

    async def announced(self, filed: StoredErasure) -> None:
        removed = {"identities": 0, "rejects": 0}
        self._set(filed.erasure_id, account_id=None, user_id=None, announced_at=self._now(), removed=removed)

    async def delete_again(self, named: StoredErasure) -> None:
        """Deletes nothing: this store has no other rows."""
        self._read()

    async def ask_to_lift(self, erasure_id: str, *, by: str) -> None:
        self._set(erasure_id, lift_asked_at=self._now(), lift_asked_by=by)

    async def lifted(self, erasure_id: str) -> None:
        self._set(erasure_id, lifted_at=self._now())

    def _read(self) -> list[StoredErasure]:
        if self.away:
            raise DatabaseUnavailable("away")
        return list(self._rows.values())

    def _set(self, erasure_id: str, **values: Any) -> None:
        """Sets only values that are not set yet: the first time, and the first who asked, stay."""
        for row in self._read():
            if row.erasure_id == erasure_id:
                new = {name: value for name, value in values.items() if value is None or getattr(row, name) is None}
                self._rows[erasure_id] = replace(row, **new)
