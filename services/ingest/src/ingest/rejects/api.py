"""GET /v1/rejects: messages that could not be taken, or only in part, the newest first."""

from datetime import UTC, datetime
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from common.auth import KeyVerifier
from common.database_errors import DatabaseUnavailable
from common.http_app import json_response, key_required
from common.keys import Scope
from common.problems import database_unavailable, openapi_responses
from common.query_parameters import QueryParameters, Start, Text
from ingest.rejects.answers import RejectAnswer, RejectsAnswer
from ingest.rejects.store import ListedReject, RejectFilter

PATH = "/v1/rejects"
_RESPONSES = openapi_responses(
    RejectsAnswer,
    {
        401: "No key, or none that is active.",
        403: "The key has not the scope `read`.",
        422: "A parameter cannot be used: `errors` tells which and why.",
        503: "The database does not answer: ask again.",
    },
)


class RejectReader(Protocol):
    async def page(self, wanted: RejectFilter, *, limit: int) -> list[ListedReject]:
        """Raises `DatabaseUnavailable`."""


class RejectsParameters(QueryParameters):
    """A message is listed if it matches all given filters."""

    source: Text | None = Field(default=None, description="the source of the key that sent it")
    reason: Text | None = Field(default=None, description="such as no_account, or left_out: taken in part")
    format: Text | None = Field(default=None, description="such as segment")
    since: Start | None = Field(default=None, description="received not before this")
    limit: int = Field(default=50, ge=1, le=200)
    before: int | None = Field(default=None, ge=1, le=2**63 - 1, description="`next` of the page before")


def router(rejects: RejectReader, keys: KeyVerifier) -> APIRouter:
    """The route, for keys with the scope `read`."""
    routes = APIRouter()

    @routes.get(PATH, dependencies=[Depends(key_required(keys, Scope.READ))], responses=_RESPONSES)
    async def list_rejects(asked: Annotated[RejectsParameters, Query()]) -> Response:
        """Messages of SDKs and webhooks that could not be taken, or only in part, the newest first."""
        try:
            found = await rejects.page(_wanted(asked), limit=asked.limit + 1)
        except DatabaseUnavailable as error:
            raise database_unavailable(error) from error
        shown = found[: asked.limit]
        following = shown[-1].id if len(found) > asked.limit else None
        return json_response(RejectsAnswer([_answer(one) for one in shown], following))

    return routes


def _wanted(asked: RejectsParameters) -> RejectFilter:
    return RejectFilter(
        source=asked.source,
        reason=asked.reason,
        format=asked.format,
        since=None if asked.since is None else datetime.fromtimestamp(asked.since, UTC),
        before=asked.before,
    )


def _answer(listed: ListedReject) -> RejectAnswer:
    one = listed.rejected
    return RejectAnswer(
        received_at=one.at.astimezone(UTC),
        source=one.source,
        key_id=one.key_id,
        format=one.format,
        label=one.label,
        message_id=one.message_id,
        reason=one.reason,
        errors=one.errors,
        dead_letter=one.dead_letter,
    )
