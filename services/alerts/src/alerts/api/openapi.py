"""The OpenAPI document; its schemas are generated from the types that the code answers with."""

from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from alerts.api import answers
from alerts.api.parameters import Acknowledge, Resend
from common import problems

_REF: Final = "#/components/schemas/{name}"
_ANSWERS: Final = (answers.Alerts, answers.AlertOwners, answers.Alert, answers.Acknowledgement, answers.Resent)
_DESCRIPTION: Final = """\
What happened to every signal: who was told, who was not, and why. `GET /v1/alerts?account=acme&told=false` answers
"why was I not told?". Moments of decisions are those of the log; of messages and attempts, the wall clock's.
"""

_REFUSALS: Final = {
    401: "No key, or none that is active.",
    422: "A parameter cannot be used: `errors` tells which and why.",
    503: "The database does not answer: ask again.",
}
_READ: Final = {403: "The key has not the scope `read`."}
OF_MANY: Final = {**_REFUSALS, **_READ}
OF_ONE: Final = {
    **_REFUSALS,
    **_READ,
    404: "There is no alert with this id.",
    500: "The alert was written by another version.",
}
OF_ACKNOWLEDGING: Final = {
    **_REFUSALS,
    403: "The key has not the scope `write`.",
    404: "There is no alert with this id.",
    408: "The body came too slowly.",
    413: "The body is too large.",
    422: "The body cannot be used: `errors` tells which field and why.",
}
OF_RESENDING: Final = {
    **_REFUSALS,
    403: "The key has not the scope `write`.",
    404: "There is no alert with this id.",
    408: "The body came too slowly.",
    409: "No message of this alert has failed for good.",
    413: "The body is too large.",
    422: "The body cannot be used: `errors` tells which field and why.",
}


def _body(model: type[BaseModel], *, required: bool) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": _REF.format(name=model.__name__)}}}
    return {"requestBody": {"required": required, "content": content}}


ACKNOWLEDGE: Final = _body(Acknowledge, required=True)
RESEND: Final = _body(Resend, required=False)


def document(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, description=_DESCRIPTION, routes=app.routes)
    _, schemas = msgspec.json.schema_components(_ANSWERS, ref_template=_REF)
    found["components"] = {
        "schemas": {
            **found.get("components", {}).get("schemas", {}),
            **schemas,
            **{model.__name__: model.model_json_schema() for model in (Acknowledge, Resend)},
            "Problem": problems.SCHEMA,
        },
        "securitySchemes": {
            "key": {
                "type": "http",
                "scheme": "bearer",
                "description": "scope `read`; to act, `write`",
            }
        },
    }
    found["security"] = [{"key": []}]
    return found
