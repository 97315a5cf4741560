"""Events for tests of POST /v1/events, and what a problem says."""

from typing import Any

import httpx

GOOD = {"event_id": "e-1", "account_id": "acme", "name": "report.opened"}
BAD = {"event_id": "e-2", "acount_id": "acme", "name": "report.opened"}


def good(number: int) -> dict[str, Any]:
    return {**GOOD, "event_id": f"e-{number}"}


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["detail"]
    return answer.status_code, body["code"]
