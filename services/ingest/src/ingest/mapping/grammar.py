"""The format of mapping.yml: the loader reads by it, and the JSON Schema for editors comes from it."""

from typing import Annotated, Literal

from pydantic import Field

from common.documents.model import DocumentModel
from common.documents.value_types import DistinctList, Entry, FormatVersion, Given, text
from ingest.mapping.senders.registry import WebhookEntry, WebhookName
from ingest.mapping.value_types import AccountFact, ClientName, OurName, Paths, PersonFact, SourceName


class SourceSection(DocumentModel):
    """How the messages of a source become events. What is left out is as under `defaults`."""

    account: Given[Paths] = Field(
        None, description="Where a message may name its account; the first path with an id counts."
    )
    names: dict[ClientName, OurName] = Field(
        {},
        max_length=2_000,
        description="Our names by those of the client, in any style; other names become object.verbed by themselves.",
    )
    ignore: Given[Annotated[tuple[ClientName, ...], Field(max_length=2_000)]] = Field(
        None, description="Names of events that are counted and passed over."
    )
    page: Given[OurName] = Field(None, description="The event that a page message becomes.")
    screen: Given[OurName] = Field(None, description="The event that a screen message becomes.")
    facts: dict[AccountFact, Paths] = Field(
        {}, description="Facts of the account, each with the traits of a group message that it may come from."
    )
    person: dict[PersonFact, Paths] = Field(
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
    webhooks: dict[WebhookName, Entry[WebhookEntry]] = Field(
        {}, max_length=100, description="Webhooks that other systems send to POST /v1/webhooks/NAME, by that name."
    )
