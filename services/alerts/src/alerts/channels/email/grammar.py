"""How routes.yml names an e-mail address."""

from collections.abc import Mapping, Sequence

from alerts.routing.channel_grammar import Address
from alerts.routing.destination import Target
from alerts.routing.values import EMAIL
from common.documents.mapping_rules import KeyRule, MappingRule


class EmailGrammar:
    receiver = KeyRule(MappingRule({"to": KeyRule(EMAIL, "The address.", required=True)}), "An e-mail.")
    person = KeyRule(EMAIL, "Where their mail goes, if not to the address by which they are listed.")
    address_is_missing = "'email' needs to know where"

    def receiver_address(self, value: Mapping[str, str]) -> Address:
        return Address(value["to"])

    def person_address(self, value: str | None, *, email: str) -> Address:
        return Address(email if value is None else value)

    def needed_settings(self, targets: Sequence[Target]) -> str | None:
        return None


GRAMMAR = EmailGrammar()
