"""GET /v1/dead-letters and POST /v1/dead-letters/resend, for keys with the scope `admin`."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from common import json_body
from common.auth import KeyVerifier
from common.http_app import json_response, key_required
from common.keys import Scope
from common.problems import openapi_responses
from common.query_parameters import QueryParameters, Start, Text, bad_parameter
from ingest.dead_letter_api.service import DeadLetterService
from ingest.dead_letters.answers import LettersAnswer, ResendAnswer
from ingest.dead_letters.letter import parse_position
from ingest.dead_letters.selection import LetterSelection

PATH: Final = "/v1/dead-letters"
_MOST_POSITIONS: Final = 500
_MOST_BYTES: Final = 50_000
_BODY_SECONDS: Final = 10.0
_REFUSALS: Final = {
    401: "No key, or none that is active.",
    403: "The key has not the scope `admin`.",
    422: "A parameter cannot be used: `errors` tells which and why.",
    503: "Kafka or the database does not answer, or another request reads the letters: ask again.",
}
_OF_RESENDING: Final = {
    400: "The body ended before its end.",
    408: "The body did not come in time.",
    409: "It is not known here who is erased, so nothing may be sent.",
    413: f"The body is over {_MOST_BYTES} bytes.",
}


def _known_position(text: str) -> str:
    parse_position(text)
    return text


Position = Annotated[str, AfterValidator(_known_position)]


class DeadLettersParameters(QueryParameters):
    """A letter is listed if it matches all given filters."""

    reason: Text | None = Field(default=None, description="such as core_failed")
    source: Text | None = Field(default=None, description="that of the key that posted it")
    account: Text | None = None
    since: Start | None = Field(default=None, description="set aside not before this")
    until: Start | None = Field(default=None, description="set aside before this")
    limit: int = Field(default=50, ge=1, le=1_000)


class ResendRequest(BaseModel):
    """Letters at `positions` (partition:offset) that match all given filters. One of these is needed.

    `again` also sends what was sent again before. `dry_run` says what would be sent, and sends nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    positions: list[Position] = Field(default_factory=list, max_length=_MOST_POSITIONS)
    reason: Text | None = None
    source: Text | None = None
    account: Text | None = None
    since: Start | None = None
    until: Start | None = None
    again: bool = False
    dry_run: bool = False


def router(letters: DeadLetterService, keys: KeyVerifier) -> APIRouter:
    routes = APIRouter(prefix=PATH, dependencies=[Depends(key_required(keys, Scope.ADMIN))])

    @routes.get("", responses=openapi_responses(LettersAnswer, _REFUSALS))
    async def list_dead_letters(asked: Annotated[DeadLettersParameters, Query()]) -> Response:
        """The newest dead letters, and the number of all by reason.

        Of each partition the newest 20,000 records are read, for about 8 seconds at most. What is left out is said by
        `complete`; `python -m ingest dead list` reads a topic of any length.
        """
        return json_response(await letters.list(_selection(asked), limit=asked.limit))

    @routes.post(
        "/resend",
        responses=openapi_responses(ResendAnswer, {**_REFUSALS, **_OF_RESENDING}),
        openapi_extra={"requestBody": _request_body()},
    )
    async def resend_dead_letters(request: Request) -> Response:
        """Send letters again, in the order of the dead topic. What was counted before is a duplicate.

        A letter that was on the events topic three times is sent again only by its position. After about 8 seconds it
        answers with what was sent so far, and `complete` is false: the same request then sends the rest.
        """
        asked = await json_body.read(request, ResendRequest, most=_MOST_BYTES, seconds=_BODY_SECONDS)
        selection = _selection(asked, positions=asked.positions)
        if selection.is_everything:
            raise bad_parameter("body", "no_selection", "say which: positions, reason, source, account, since or until")
        return json_response(await letters.resend(selection, again=asked.again, dry_run=asked.dry_run))

    return routes


def _selection(asked: DeadLettersParameters | ResendRequest, *, positions: list[str] | None = None) -> LetterSelection:
    return LetterSelection(
        positions=frozenset(parse_position(one) for one in positions or ()),
        reason=asked.reason,
        source=asked.source,
        account=asked.account,
        since=_moment(asked.since),
        until=_moment(asked.until),
    )


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _request_body() -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": ResendRequest.model_json_schema()}}}
