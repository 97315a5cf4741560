"""The OpenAPI document of ingest; its schemas are generated from the types that the code answers with."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from common import problems
from ingest.dead_letters.answers import LettersAnswer, ResendAnswer
from ingest.events import openapi as events
from ingest.events.answers import PostEventsAnswer
from ingest.events.incoming_event import IncomingEvent
from ingest.publishing.event_names import EventNamesAnswer
from ingest.rejects.answers import RejectsAnswer
from ingest.sources.report import SourceAnswer, SourcesAnswer
from ingest.webhooks.format import WebhookAnswer

_REF: Final = "#/components/schemas/{name}"
_ANSWERS: Final = (
    IncomingEvent,
    PostEventsAnswer,
    EventNamesAnswer,
    RejectsAnswer,
    SourcesAnswer,
    SourceAnswer,
    WebhookAnswer,
    LettersAnswer,
    ResendAnswer,
)
_KEY: Final = {
    "type": "http",
    "scheme": "bearer",
    "description": "scope `events` or `write` to post, `read` to ask, `admin` for what cannot be taken back",
}
_USER_NAME: Final = {"type": "http", "scheme": "basic", "description": "the key as user name, no password"}
_REPLACED: Final = {("/v1/events", "post"): events.post_events(), ("/v1/events/names", "get"): events.event_names()}


def document(app: FastAPI) -> dict[str, Any]:
    """All routes of the app, with every schema that they name."""
    found = get_openapi(title=app.title, version=app.version, routes=app.routes)
    components: Mapping[str, Any] = found.get("components", {})
    _, schemas = msgspec.json.schema_components(_ANSWERS, ref_template=_REF)
    found["components"] = {
        **components,
        "schemas": {**components.get("schemas", {}), **schemas, "Problem": problems.SCHEMA},
        "securitySchemes": {"key": _KEY, "userName": _USER_NAME},
    }
    # Removes the validation error that FastAPI documents by itself: here it is a 400 or 422 problem.
    for (path, method), described in _REPLACED.items():
        found["paths"][path][method]["responses"] = described["responses"]
    return found
