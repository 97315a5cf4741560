"""How routes.yml names an e-mail address."""

from collections.abc import Sequence

from pydantic import Field

from alerts.routing.channel_grammar import Address, ChannelKey
from alerts.routing.destination import Target
from alerts.routing.values import Email
from common.documents.model import DocumentModel


class EmailEntry(DocumentModel):
    to: Email = Field(description="The address.")


class EmailGrammar:
    receiver = ChannelKey(EmailEntry, "An e-mail.")
    person = ChannelKey(Email, "Where their mail goes, if not to the address by which they are listed.")
    address_is_missing = "'email' needs to know where"

    def receiver_address(self, value: EmailEntry) -> Address:
        return Address(value.to)

    def person_address(self, value: str | None, *, email: str) -> Address:
        return Address(email if value is None else value)

    def needed_settings(self, targets: Sequence[Target]) -> str | None:
        return None


GRAMMAR = EmailGrammar()
