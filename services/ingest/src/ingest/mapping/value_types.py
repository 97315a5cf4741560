"""Types of values that several parts of mapping.yml have."""

from typing import Annotated

from msgspec.structs import fields

from common.catalogue.accounts import AccountUpdated, UserUpdated
from common.catalogue.names import NAME_PATTERN
from common.documents.value_types import DistinctList, choice, text

SOURCE = r"^[a-z0-9][a-z0-9_.-]{0,63}$"
_PATH = r"^[^.]{1,128}(\.[^.]{1,128}){0,7}$"
ACCOUNT_FACTS = tuple(one.encode_name for one in fields(AccountUpdated) if one.encode_name != "away")
PERSON_FACTS = tuple(one.encode_name for one in fields(UserUpdated))

SourceName = Annotated[str, text(SOURCE, "the source of an API key, such as web")]
PathText = Annotated[str, text(_PATH, "a path of keys with dots between them, such as context.groupId")]
ClientName = Annotated[str, text(r"^\S(.{0,198}\S)?$", "the name of an event as the client sends it")]
OurName = Annotated[str, text(NAME_PATTERN, "an event name such as session.started")]
AccountFact = Annotated[str, choice(*ACCOUNT_FACTS)]
PersonFact = Annotated[str, choice(*PERSON_FACTS)]
Paths = DistinctList[PathText]
