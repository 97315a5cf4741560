"""Reasons for rejecting an item or refusing a whole body. Answers, log and metrics use the same names.

BodyRefused    answer the whole request with its reason; no item of it was accepted
"""

from enum import StrEnum

from msgspec import Struct


class FieldErrorReason(StrEnum):
    """Why an item was rejected."""

    MALFORMED = "malformed"
    BAD_UNICODE = "bad_unicode"
    NUL = "nul_character"
    NOT_AN_OBJECT = "not_an_object"
    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    TOO_MANY_KEYS = "too_many_keys"
    UNKNOWN_FIELD = "unknown_field"
    SET_BY_INGEST = "set_by_ingest"
    MISSING = "missing"
    WRONG_TYPE = "wrong_type"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    BAD_NAME = "bad_name"
    BAD_TIME = "bad_time"
    NO_ZONE = "no_zone"
    IN_THE_FUTURE = "in_the_future"
    TOO_OLD = "too_old"
    OUT_OF_RANGE = "out_of_range"
    BAD_VALUE = "bad_value"
    ERASED = "erased"
    NO_ACCOUNT = "no_account"
    MERGE_CYCLE = "merge_cycle"
    TOO_MANY_MERGES = "too_many_merges"


class FieldError(Struct, frozen=True):
    """`field` is a path such as `properties.plan.seats`; empty for an error of the item as a whole."""

    field: str
    reason: FieldErrorReason
    detail: str


class BodyErrorReason(StrEnum):
    MALFORMED = "malformed_body"
    EMPTY = "empty_body"
    TOO_MANY_ITEMS = "too_many_items"
    BODY_TOO_LARGE = "body_too_large"
    INFLATED_TOO_LARGE = "inflated_body_too_large"
    BAD_COMPRESSION = "bad_compression"
    UNKNOWN_TYPE = "unsupported_content_type"
    UNKNOWN_ENCODING = "unsupported_content_encoding"


class BodyRefused(Exception):
    def __init__(self, reason: BodyErrorReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
