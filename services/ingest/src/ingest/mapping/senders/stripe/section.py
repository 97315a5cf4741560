"""What mapping.yml says of a webhook of Stripe."""

from typing import Annotated, ClassVar, Final

from pydantic import Field

from common.documents.value_types import DistinctList, choice, text
from ingest.mapping.senders.section import WebhookSection
from ingest.mapping.value_types import AccountFact, Paths, PathText

_Code = Annotated[str, text(r"^[A-Z]{3}$", "a currency by ISO 4217, such as EUR")]
_StripeName = Annotated[str, text(r"^[!-~]{1,100}$", "the id of a price or product, or the lookup key of a price")]
_FACTS: Final = {
    "name": ("name", "description"),
    "country": ("address.country", "shipping.address.country"),
    "owner": ("metadata.owner",),
    "tier": ("metadata.tier",),
}


class StripeSection(WebhookSection):
    """Subscriptions, invoices and customers of Stripe."""

    usual_account: ClassVar = ("metadata.account_id",)

    sender: Annotated[str, choice("stripe")] = Field(description="Who sends the messages.")
    currency: _Code = Field(description="The currency of the ARR.")
    rates: dict[_Code, Annotated[float, Field(gt=0, le=1_000_000)]] = Field(
        {}, max_length=200, description="What one unit of another currency is worth in that of the ARR."
    )
    seats: DistinctList[_StripeName] = Field(
        (), description="Prices or products whose quantity is the number of seats (default: the greatest quantity)."
    )
    reason: DistinctList[PathText] = Field(
        ("cancellation_details.comment", "metadata.cancellation_reason"),
        description="Where a subscription has the customer's words about its cancellation.",
    )
    facts: dict[AccountFact, Paths] = Field(
        {}, description="Facts of the account, each with the paths in a customer that it may come from."
    )

    def fact_paths(self) -> dict[str, tuple[str, ...]]:
        return {**_FACTS, **self.facts}
