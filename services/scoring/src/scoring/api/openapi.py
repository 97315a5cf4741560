"""What the OpenAPI document says beside the parameters, drawn from the types that the code itself answers with."""

from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from common import problems
from scoring.api import answers, event_use_answers, portfolio_answers
from scoring.api.announcements import AnnouncementBody
from scoring.api.kpi_answers import KpiDefinitions, Kpis
from scoring.api.kpi_parquet import PARQUET_TYPE
from scoring.api.listed_fields import AccountFields
from scoring.api.ticket_answers import AccountTickets

_REF: Final = "#/components/schemas/{name}"
_ANSWERS: Final = (
    answers.Accounts,
    AccountFields,
    portfolio_answers.Portfolio,
    answers.Account,
    answers.NamedParent,
    answers.History,
    answers.Receipts,
    answers.AccountPeople,
    answers.AccountEntries,
    AccountTickets,
    answers.StateExport,
    answers.UnreadableStateExport,
    event_use_answers.EventUses,
    answers.Announced,
    answers.Announcements,
    Kpis,
    KpiDefinitions,
)
_DESCRIPTION: Final = """\
Health of accounts, with a reason for every point. Every answer says as of when it holds (`as_of`): now while scoring
keeps up, else the moment until which it has read. Scores are worked out for that moment when they are asked for, so
an account that has gone silent sinks without anything being written.
"""

_REFUSALS: Final = {
    401: "No key, or none that is active.",
    403: "The key has not the scope `read`.",
    422: "A parameter cannot be used: `errors` tells which and why.",
    503: "Scoring has not started yet, or the database does not answer: ask again.",
}
_OF_ONE: Final = {
    404: "Nothing is known of an account with this id.",
    500: "The state of the account was written by another version.",
}


_ADMIN: Final = {403: "The key has not the scope `admin`."}
ANNOUNCEMENT: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": _REF.format(name="AnnouncementBody")}}},
    }
}


def responses(answer: type[Any], *others: type[Any], of_one: bool) -> dict[int | str, dict[str, Any]]:
    """For one route: its answer, other answers that it may give, and every problem that it may report."""
    schemas = [{"$ref": _REF.format(name=each.__name__)} for each in (answer, *others)]
    refusals = dict(sorted({**_REFUSALS, **(_OF_ONE if of_one else {})}.items()))
    return {
        200: {
            "description": (answer.__doc__ or "").strip(),
            "content": {"application/json": {"schema": {"anyOf": schemas} if others else schemas[0]}},
        },
        **{status: problems.openapi_response(status, text) for status, text in refusals.items()},
    }


def kpi_responses() -> dict[int | str, dict[str, Any]]:
    """Of the route that answers as JSON, or with a file."""
    found = responses(Kpis, of_one=False)
    found[200]["content"] |= {"text/csv; charset=utf-8": {}, PARQUET_TYPE: {}}
    return {**found, 501: problems.openapi_response(501, "A Parquet file needs a package that is not installed.")}


def _admin_responses(status: int, answer: type[Any], refusals: dict[int, str]) -> dict[int | str, dict[str, Any]]:
    problems_told = sorted({**_REFUSALS, **_ADMIN, **refusals}.items())
    return {
        status: {
            "description": (answer.__doc__ or "").strip(),
            "content": {"application/json": {"schema": {"$ref": _REF.format(name=answer.__name__)}}},
        },
        **{code: problems.openapi_response(code, text) for code, text in problems_told},
    }


OF_ANNOUNCING: Final = _admin_responses(
    202,
    answers.Announced,
    {
        400: "The body ended before its end.",
        408: "The body came too slowly.",
        409: "Another announcement has this id, or time is the stream's.",
        413: "The body is too large.",
        422: "The body cannot be used: `errors` tells which field and why.",
    },
)
OF_ANNOUNCEMENTS: Final = _admin_responses(200, answers.Announcements, {})


def document(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, description=_DESCRIPTION, routes=app.routes)
    _, schemas = msgspec.json.schema_components(_ANSWERS, ref_template=_REF)
    found["components"] = {
        "schemas": {
            **found.get("components", {}).get("schemas", {}),
            **schemas,
            "AnnouncementBody": AnnouncementBody.model_json_schema(),
            "Problem": problems.SCHEMA,
        },
        "securitySchemes": {
            "key": {
                "type": "http",
                "scheme": "bearer",
                "description": "scope `read`; for announcements, exports and erasures `admin`",
            }
        },
    }
    found["security"] = [{"key": []}]
    return found
