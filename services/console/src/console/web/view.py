"""Reads what the address of a page asks for."""

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import QueryParams

View = TypeVar("View")


def view_in_address(view_of: Callable[[QueryParams], View], request: Request) -> View:
    """What `view_of` makes of the address. Raises `RequestValidationError` where it raises Pydantic's own."""
    try:
        return view_of(request.query_params)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**fault, "loc": ("query", *fault["loc"])} for fault in faults]) from error


def none_if_empty(value: Any) -> Any:
    """For a `BeforeValidator`: an empty field of a form is none."""
    return None if value == "" else value
