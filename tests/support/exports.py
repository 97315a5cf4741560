"""What the tests of exports ask of every service."""

from typing import Any

import jsonschema


def check_export(answer: Any, document: Any) -> None:
    """Whether an export is of the form that the OpenAPI document tells, row by row."""
    described = document["paths"]["/v1/accounts/{account_id}/export"]["get"]["responses"]["200"]
    schema = described["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(answer)
    assert answer["sections"].keys() == schema["properties"]["sections"]["properties"].keys()
