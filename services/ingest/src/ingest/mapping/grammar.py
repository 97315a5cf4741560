"""The format of mapping.yml: the loader reads by it, and the JSON Schema for editors comes from it."""

from typing import Annotated, Literal, TypeVar

from msgspec.structs import fields
from pydantic import Field

from common.catalogue.accounts import AccountUpdated, UserUpdated
from common.catalogue.names import NAME_PATTERN
from common.documents.model import DocumentModel
from common.documents.value_types import DistinctList, Entry, FormatVersion, Given, choice, text

T = TypeVar("T")

SOURCE = r"^[a-z0-9][a-z0-9_.-]{0,63}$"
_PATH = r"^[^.]{1,128}(\.[^.]{1,128}){0,7}$"
ACCOUNT_FACTS = tuple(one.encode_name for one in fields(AccountUpdated) if one.encode_name != "away")
PERSON_FACTS = tuple(one.encode_name for one in fields(UserUpdated))

SourceName = Annotated[str, text(SOURCE, "the source of an API key, such as web")]
PathText = Annotated[str, text(_PATH, "a path of keys with dots between them, such as context.groupId")]
_ClientName = Annotated[str, text(r"^\S(.{0,198}\S)?$", "the name of an event as the client sends it")]
_OurName = Annotated[str, text(NAME_PATTERN, "an event name such as session.started")]
_AccountFact = Annotated[str, choice(*ACCOUNT_FACTS)]
_PersonFact = Annotated[str, choice(*PERSON_FACTS)]
_Paths = DistinctList[PathText]


class SourceSection(DocumentModel):
    """How the messages of a source become events. What is left out is as under `defaults`."""

    account: Given[_Paths] = Field(
        None, description="Where a message may name its account; the first path with a value counts."
    )
    names: dict[_ClientName, _OurName] = Field(
        {},
        max_length=2_000,
        description="Our names by those of the client, in any style; other names become object.verbed by themselves.",
    )
    ignore: Given[Annotated[tuple[_ClientName, ...], Field(max_length=2_000)]] = Field(
        None, description="Names of events that are counted and passed over."
    )
    page: Given[_OurName] = Field(None, description="The event that a page message becomes.")
    screen: Given[_OurName] = Field(None, description="The event that a screen message becomes.")
    facts: dict[_AccountFact, _Paths] = Field(
        {}, description="Facts of the account, each with the traits of a group message that it may come from."
    )
    person: dict[_PersonFact, _Paths] = Field(
        {}, description="Facts of a person, each with the traits of an identify message that it may come from."
    )


class OwnSection(SourceSection):
    identities: Given[SourceName] = Field(
        None,
        description="The set of identities (user and anonymous ids with their accounts) that the source shares with "
        "every other that names the same set; by default it has one of its own.",
    )


_Key = Annotated[str, text(r"^\S.{0,127}$", "the key of a field")]


class PrivacySection(DocumentModel):
    """What is hashed or left out before anything is stored, wherever the key stands in an event or message."""

    drop: Given[DistinctList[_Key]] = Field(None, description="Keys that are left out with their values.")
    hash: Given[DistinctList[_Key]] = Field(None, description="Keys whose values are replaced by a keyed hash.")
    users: Given[Literal["hashed", "as sent"]] = Field(
        None, description="Whether user and anonymous ids are replaced by a keyed hash (default: as sent)."
    )


class MappingFile(DocumentModel):
    """How messages of SDKs and webhooks become events of accounts."""

    version: FormatVersion = Field(description="The version of this format.")
    defaults: SourceSection = Field(
        SourceSection.model_validate({}), description="For every source, key by key, unless it says otherwise."
    )
    privacy: PrivacySection = Field(
        PrivacySection.model_validate({}),
        description="For every source and every way in; a hash needs the setting INGEST_PRIVACY_KEY.",
    )
    sources: dict[SourceName, Entry[OwnSection]] = Field(
        {}, max_length=500, description="Sources of API keys that are mapped in a way of their own."
    )
