"""A service's receipt of an erasure: how much it deleted, and when Kafka has deleted the rest from its topic.

Each service answers from its own table `erased`, which has no ids of accounts or people.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path, Response
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from common.auth import KeyVerifier
from common.database import connected
from common.database_errors import DatabaseUnavailable
from common.http_app import json_response, key_required
from common.keys import Scope
from common.problems import Problem, database_unavailable, openapi_response
from common.topics import TimeMode

ERASURE_ID = "^[A-Za-z0-9_-]+$"
ErasureId = Annotated[str, Path(min_length=1, max_length=64, pattern=ERASURE_ID)]
SEGMENT_DAYS = 7
"""Kafka deletes a whole segment of a log, which it closes after a week at the latest (`segment.ms`)."""


class ErasureReceipt(Struct, frozen=True):
    """What a service deleted for an erasure: `removed` counts rows by kind, until `erased_at` (record time).

    `partitions` is how many have read the erasure so far. One is enough for an account; for a person all must have, as
    many as ingest's answer says. `lifted` says whether later records count again. On `log_forgets_on` Kafka has deleted
    all earlier records from this service's topic; null without retention.
    """

    service: str
    erasure_id: str
    erased_at: datetime
    partitions: int
    lifted: bool
    removed: Mapping[str, int]
    log_forgets_on: date | None


def forgotten_on(moment: datetime, *, retention_days: int, mode: TimeMode) -> date | None:
    """The first day on which a topic has no record of that moment or an earlier one."""
    if mode is TimeMode.STREAM:
        return None
    return (moment + timedelta(days=retention_days + SEGMENT_DAYS + 1)).date()


class ErasureReceipts:
    """The receipts of a service, from table `erased` of its schema."""

    def __init__(
        self, engine: AsyncEngine, *, schema: str, retention_days: int, mode: TimeMode, patience: float = 10.0
    ) -> None:
        self._engine = engine
        self._schema = schema
        self._retention_days = retention_days
        self._mode = mode
        self._patience = patience
        # The first row of a partition has the counts: a copy of the record finds nothing to delete.
        self._query = text(f"""
            SELECT DISTINCT ON (partition) at, lifted_at IS NOT NULL AS lifted, removed::text AS removed
            FROM {schema}.erased WHERE erasure_id = :erasure_id ORDER BY partition, erased_at""")

    async def receipt(self, erasure_id: str) -> ErasureReceipt:
        """Adds up all partitions. Raises a `Problem`: 404 if none has read the erasure, 503 without a database."""
        try:
            async with connected(self._engine, timeout=self._patience, service=self._schema) as connection:
                rows = (await connection.execute(self._query, {"erasure_id": erasure_id})).all()
        except DatabaseUnavailable as error:
            raise database_unavailable(error) from error
        if not rows:
            detail = f"{self._schema} has read no such erasure: ask ingest for its state, and here again in a moment"
            raise Problem(404, "erasure_not_found", detail)
        moment = datetime.fromtimestamp(max(row.at for row in rows), UTC)
        removed: Counter[str] = Counter()
        for row in rows:
            removed.update(msgspec.json.decode(row.removed, type=dict[str, int]))
        return ErasureReceipt(
            service=self._schema,
            erasure_id=erasure_id,
            erased_at=moment,
            partitions=len(rows),
            lifted=all(row.lifted for row in rows),
            removed=removed,
            log_forgets_on=forgotten_on(moment, retention_days=self._retention_days, mode=self._mode),
        )


def receipt_routes(receipts: ErasureReceipts, keys: KeyVerifier) -> APIRouter:
    """`GET /v1/erasures/{id}`."""
    router = APIRouter(prefix="/v1/erasures", dependencies=[Depends(key_required(keys, Scope.ADMIN))])

    @router.get("/{erasure_id}", responses=_responses())
    async def get_erasure(erasure_id: ErasureId) -> Response:
        """How much this service deleted, and on which day Kafka has deleted the rest from its topic."""
        return json_response(await receipts.receipt(erasure_id))

    return router


def _responses() -> dict[int | str, dict[str, Any]]:
    _, components = msgspec.json.schema_components((ErasureReceipt,), ref_template="{name}")
    answer = {"schema": components[ErasureReceipt.__name__]}
    refusals = {
        401: "No key, or none that is active.",
        403: "The key has not the scope `admin`.",
        404: "The service has read no such erasure, or not yet.",
        422: "The id cannot be used.",
        503: "The database does not answer: ask again.",
    }
    return {
        200: {"description": "What was deleted here.", "content": {"application/json": answer}},
        **{status: openapi_response(status, text) for status, text in refusals.items()},
    }
