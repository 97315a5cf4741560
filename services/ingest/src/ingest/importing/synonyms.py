"""The headers by which columns are known: the most certain ones first."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final


class Shape(StrEnum):
    """What a row of the file is."""

    EVENTS = "events"
    ACCOUNTS = "accounts"


class ColumnTarget(StrEnum):
    """What a column becomes. An `OBJECT` holds several properties, as JSON."""

    EVENT_ID = "event_id"
    ACCOUNT_ID = "account_id"
    USER_ID = "user_id"
    NAME = "name"
    TIME = "time"
    OBJECT = "properties"
    PROPERTY = "property"
    NOTHING = "nothing"


_ACCOUNT_IDS: Final = (
    *("account_id", "company_id", "organization_id", "organisation_id", "org_id", "customer_id", "tenant_id"),
    *("workspace_id", "group_id", "account", "company", "organization", "organisation", "org", "customer", "tenant"),
    *("workspace", "group"),
)
_TIMES: Final = ("time", "timestamp", "occurred_at", "event_time", "event_timestamp", "happened_at", "ts", "datetime")
# Headers that show that rows are events. `name` is not one: accounts have names, too.
EVENT_NAMES: Final = ("event", "event_name", "event_type", "action")

EVENT_FIELDS: Final[Mapping[ColumnTarget, Sequence[str]]] = {
    ColumnTarget.ACCOUNT_ID: _ACCOUNT_IDS,
    ColumnTarget.NAME: (*EVENT_NAMES, "name"),
    ColumnTarget.TIME: (*_TIMES, "created_at", "date", "sent_at"),
    ColumnTarget.USER_ID: ("user_id", "user", "email", "user_email", "distinct_id", "member_id", "person_id", "uid"),
    ColumnTarget.EVENT_ID: ("event_id", "message_id", "insert_id", "event_uuid", "uuid", "id"),
    ColumnTarget.OBJECT: ("properties", "event_properties", "props"),
}
ACCOUNT_FIELDS: Final[Mapping[ColumnTarget, Sequence[str]]] = {
    ColumnTarget.ACCOUNT_ID: (*_ACCOUNT_IDS[:9], "id", *_ACCOUNT_IDS[9:]),
    ColumnTarget.TIME: (*_TIMES, "updated_at", "as_of"),
    ColumnTarget.OBJECT: ("properties", "facts", "traits"),
}
# The names of the catalogue's facts are known without being listed here.
FACTS: Final[Mapping[str, Sequence[str]]] = {
    "name": ("name", "account_name", "company_name", "customer_name", "organization_name", "company", "customer"),
    "tier": ("tier", "touch", "service_tier"),
    "owner": ("owner", "owner_email", "csm", "csm_email", "account_owner", "account_manager"),
    "arr": ("arr", "annual_recurring_revenue"),
    "seats": ("seats", "seat_count", "licenses", "licences", "paid_seats"),
    "stage": ("stage", "lifecycle_stage"),
    "contract_start": ("contract_start", "contract_start_date", "start_date", "customer_since"),
    "contract_end": ("contract_end", "contract_end_date", "end_date", "renewal_date", "renews_at", "renewal"),
    "time_zone": ("time_zone", "timezone", "tz"),
    "language": ("language", "locale", "lang"),
    "segment": ("segment", "customer_segment", "market_segment"),
    "country": ("country", "country_code"),
    "currency": ("currency", "currency_code"),
    "parent": ("parent", "parent_id", "parent_account", "parent_account_id"),
}

_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NO_WORD: Final = re.compile(r"[\W_]+")
_PREFIX: Final = re.compile(r"\s*(?:event_)?(?:properties|property|props|traits|facts)[.:]\s*", re.IGNORECASE)


def normal(header: str) -> str:
    """The header in one style: `account_id` for `Account ID` and `accountId`."""
    return _NO_WORD.sub("_", _CAMEL.sub("_", header.strip())).strip("_").lower()


def property_name(header: str) -> str:
    """The name of the property for a column that is no field: its header without a leading `properties.`."""
    prefix = _PREFIX.match(header)
    return normal(header[prefix.end() :] if prefix else header)


def names_property(header: str) -> bool:
    """Whether the header says that the column is a property: `properties.plan`."""
    return _PREFIX.match(header) is not None
