"""Reads a small body, of JSON as a rule, bounded in bytes and in time."""

import asyncio
from typing import TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from common.problems import Problem

# A body that stopped coming may never end.
_CLOSE = {"connection": "close"}

Model = TypeVar("Model", bound=BaseModel)


async def read(request: Request, model: type[Model], *, most: int, seconds: float) -> Model:
    """Raises the 400, 408, 413 or 422 to be answered.

    No value becomes another type: the document says `boolean`, so 0 is refused, not taken for false.
    """
    return _checked(await read_bytes(request, most=most, seconds=seconds), model)


async def read_optional(request: Request, model: type[Model], *, most: int, seconds: float) -> Model | None:
    """As `read`; None if there is no body."""
    body = await read_bytes(request, most=most, seconds=seconds)
    return _checked(body, model) if body else None


def _checked(body: bytes, model: type[Model]) -> Model:
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in faults]) from error


async def read_bytes(request: Request, *, most: int, seconds: float) -> bytes:
    """The whole body. Raises the 400, 408 or 413 to be answered."""
    try:
        async with asyncio.timeout(seconds):
            return await _whole(request, most)
    except TimeoutError as error:
        raise Problem(408, "slow_body", f"the body did not come within {seconds:g} s", headers=_CLOSE) from error
    except ClientDisconnect as error:
        raise Problem(400, "cut_short", "the body ended before its end") from error


async def _whole(request: Request, most: int) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            # The connection stays open, so that a proxy that is still sending the body gets the answer.
            raise Problem(413, "body_too_large", f"the body is over {most} bytes")
    return bytes(body)
