"""Reads what the address or a form of a page asks for. A value that cannot be used is the caller's mistake: 422."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import QueryParams

View = TypeVar("View")
Asked = TypeVar("Asked")


def view_in_address(view_of: Callable[[QueryParams], View], request: Request) -> View:
    """What `view_of` makes of the address. Raises `RequestValidationError` where it raises Pydantic's own."""
    return _read(view_of, request.query_params, "query")


def view_in_form(view_of: Callable[[Mapping[str, str]], View], form: Mapping[str, str]) -> View:
    """As `view_in_address`, of the fields of a form."""
    return _read(view_of, form, "body")


def _read(view_of: Callable[[Asked], View], asked: Asked, where: str) -> View:
    try:
        return view_of(asked)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**fault, "loc": (where, *fault["loc"])} for fault in faults]) from error


def none_if_empty(value: Any) -> Any:
    """For a `BeforeValidator`: an empty field of a form is none."""
    return None if value == "" else value
