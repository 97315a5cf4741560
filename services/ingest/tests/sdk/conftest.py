"""Ingest with the mapping that we ship, asked as the clients of SDKs ask: with their own headers and keys."""

import base64
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from ingest.in_memory import Ingest, in_memory
from ingest.mapping.load import load_mapping
from ingest.mapping.rules import MappingRules

SHIPPED = Path(__file__).parents[4] / "deploy" / "mapping.yml"
ORIGIN = "https://app.example.com"


@pytest.fixture(scope="session")
def rules() -> MappingRules:
    return load_mapping(SHIPPED.read_text(encoding="utf-8"), "deploy/mapping.yml")


@pytest.fixture
async def sdk(rules: MappingRules) -> AsyncIterator[Ingest]:
    """Requests have no Authorization header of their own."""
    async with in_memory(rules=rules, origins=[ORIGIN]) as built:
        del built.http.headers["authorization"]
        yield built


@pytest.fixture
def key(sdk: Ingest) -> str:
    return sdk.keys.create()


Post = Callable[..., Any]


@pytest.fixture
def post(sdk: Ingest, key: str) -> Post:
    """Posts JSON with the key as Basic user name, and returns the answer if it is a 200."""

    async def send(path: str, body: Any, **headers: str) -> httpx.Response:
        basic = base64.b64encode(f"{key}:".encode()).decode()
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = await sdk.post(content, path, authorization=f"Basic {basic}", **headers)
        assert answer.status_code == 200, answer.text
        return answer

    return send
