"""The routes that erase an account or a person, show a request, and lift it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Request, Response
from msgspec import Struct
from pydantic import Field

from common.account_in_path import account_in_path, user_in_path
from common.auth import KeyVerifier, authorize
from common.erasures.receipts import ERASURE_ID, ErasureId, forgotten_on
from common.http_app import json_response
from common.keys import Scope
from common.problems import openapi_response
from common.query_parameters import QueryParameters
from common.topics import TopicSettings
from ingest.erasures.erasure import ErasureKind, ErasureState, StoredErasure
from ingest.erasures.service import ErasureService
from ingest.receiving.bounds import ID_CHARS

_RECEIPTS: Final = {name: f"GET /v1/erasures/{{id}} at the API of {name}" for name in ("scoring", "alerts")}


class ErasureAnswer(Struct, frozen=True):
    """A request to erase an account or a person. `removed` counts the rows that ingest deleted, by kind.

    `receipts` says where to ask what the other services deleted. `partitions` is how many partitions of the log get the
    record: 1 for an account, all for a person. `state` is `filed` (Kafka has not acknowledged the record yet),
    `announced`, `lifting` or `lifted`. `announced_at` is when Kafka had the record. On `log_forgets_on` Kafka has
    deleted all earlier records from the topic of events; null without retention. `filed_by` and `lift_asked_by` are ids
    of API keys, or `command`.
    """

    erasure_id: str
    kind: ErasureKind
    partitions: int
    state: ErasureState
    filed_at: datetime
    filed_by: str
    announced_at: datetime | None
    lift_asked_by: str | None
    lifted_at: datetime | None
    removed: Mapping[str, int] | None
    log_forgets_on: date | None
    receipts: Mapping[str, str]


class ErasuresAnswer(Struct, frozen=True):
    """Requests, the newest first. `next_cursor` is the `cursor` of the next page, null on the last one."""

    erasures: Sequence[ErasureAnswer]
    next_cursor: str | None


class ErasuresParameters(QueryParameters):
    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        pattern=ERASURE_ID,
        description="`next_cursor` of the page before",
    )


def erasure_routes(service: ErasureService, keys: KeyVerifier, *, topics: TopicSettings) -> APIRouter:
    router = APIRouter(prefix="/v1")
    retention_days, mode = topics["retention_days"], topics["mode"]

    def answer(erasure: StoredErasure) -> ErasureAnswer:
        at = erasure.announced_at
        return ErasureAnswer(
            erasure_id=erasure.erasure_id,
            kind=erasure.kind,
            partitions=1 if erasure.kind is ErasureKind.ACCOUNT else topics["partitions"],
            state=erasure.state,
            filed_at=erasure.filed_at,
            filed_by=erasure.filed_by,
            announced_at=at,
            lift_asked_by=erasure.lift_asked_by,
            lifted_at=erasure.lifted_at,
            removed=erasure.removed,
            log_forgets_on=None if at is None else forgotten_on(at, retention_days=retention_days, mode=mode),
            receipts={name: text.format(id=erasure.erasure_id) for name, text in _RECEIPTS.items()},
        )

    async def admin(request: Request) -> str:
        return (await authorize(request.headers.get("authorization"), keys, Scope.ADMIN)).id

    @router.delete("/accounts/{account_id:any_text}", status_code=202, responses=_responses(202, _OF_ERASING))
    async def erase_account(request: Request, account_id: str) -> Response:
        """Erase an account in every service. A second request gets the erasure that is in force."""
        by = await admin(request)
        return _accepted(answer(await service.erase_account(account_in_path(request, longest=ID_CHARS), by=by)))

    @router.delete("/users/{user_id:any_text}", status_code=202, responses=_responses(202, _OF_ERASING))
    async def erase_user(request: Request, user_id: str) -> Response:
        """Erase a person at all accounts, in every service. The id is the one that clients send.

        What the person did before still counts, under a random substitute.
        """
        by = await admin(request)
        return _accepted(answer(await service.erase_user(user_in_path(request, longest=ID_CHARS), by=by)))

    @router.get("/erasures", responses=_responses(200, _OF_LIST, ErasuresAnswer))
    async def list_erasures(request: Request, asked: Annotated[ErasuresParameters, Query()]) -> Response:
        """All requests, the newest first. They never have the id of whom they erased."""
        await admin(request)
        found = await service.newest(most=asked.limit + 1, before=asked.cursor)
        shown = [answer(one) for one in found[: asked.limit]]
        return json_response(ErasuresAnswer(shown, shown[-1].erasure_id if len(found) > asked.limit else None))

    @router.get("/erasures/{erasure_id}", responses=_responses(200, _OF_ONE))
    async def get_erasure(request: Request, erasure_id: ErasureId) -> Response:
        """How far a request is, where to ask for the receipts, and when Kafka has deleted the records."""
        await admin(request)
        return json_response(answer(await service.find(erasure_id)))

    @router.post("/erasures/{erasure_id}/lift", status_code=202, responses=_responses(202, _OF_ONE))
    async def lift_erasure(request: Request, erasure_id: ErasureId) -> Response:
        """End an erasure: events of the account or person count again, without what was deleted."""
        by = await admin(request)
        return _accepted(answer(await service.lift(erasure_id, by=by)))

    return router


def _accepted(answer: ErasureAnswer) -> Response:
    return Response(msgspec.json.encode(answer), 202, media_type="application/json")


_OF_ONE: Final = {
    401: "No key, or none that is active.",
    403: "The key has not the scope `admin`.",
    404: "There is no erasure with this id.",
    422: "The id cannot be used.",
    503: "The database or the log does not answer: ask again.",
}
_OF_LIST: Final = {**_OF_ONE, 404: "The cursor names no erasure.", 422: "A parameter cannot be used."}
_OF_ERASING: Final = {
    **{status: text for status, text in _OF_ONE.items() if status != 404},
    409: "ERASURE_KEY is not set, or another one than before, or too many erasures are in force.",
}


def _responses(
    status: int, refusals: Mapping[int, str], answered: type[Struct] = ErasureAnswer
) -> dict[int | str, dict[str, Any]]:
    _, components = msgspec.json.schema_components((ErasureAnswer,), ref_template="#/components/schemas/{name}")
    inline = components[ErasureAnswer.__name__]
    inline["properties"]["kind"] = {"type": "string", "enum": [kind.value for kind in ErasureKind]}
    inline["properties"]["state"] = {"type": "string", "enum": [state.value for state in ErasureState]}
    if answered is ErasuresAnswer:
        cursor = {"type": ["string", "null"]}
        properties = {"erasures": {"type": "array", "items": inline}, "next_cursor": cursor}
        inline = {"type": "object", "required": list(properties), "properties": properties}
    text = "The requests." if answered is ErasuresAnswer else "The request."
    return {
        status: {"description": text, "content": {"application/json": {"schema": inline}}},
        **{code: openapi_response(code, text) for code, text in sorted(refusals.items())},
    }
