"""Decides messages of Stripe by the stored records, stores the decision, and passes the events on."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import structlog
from msgspec.structs import replace

from common.problems import unavailable
from ingest.events.erased import NOBODY, ErasedLookup
from ingest.intake.endpoint import Intake
from ingest.intake.intake import IntakeContext
from ingest.intake.report import IntakeReport
from ingest.mapping.item import IgnoredReason, IntakeItem
from ingest.mapping.senders.stripe.deciding import INVOICE_TYPES
from ingest.mapping.senders.stripe.objects import StripeEvent
from ingest.mapping.senders.stripe.owners import subscription_of_invoice
from ingest.mapping.senders.stripe.sender import StripeItem
from ingest.mapping.senders.stripe.snapshot import StripeDecision
from ingest.mapping.senders.trees import text_at
from ingest.webhooks.stripe_records import RecordsUnavailable, StripeDelivery, StripeRecords

UNAVAILABLE: Final = "webhook_records_unavailable"
_log = structlog.get_logger()


class StripeIntake:
    """Comes before the intake of all formats. It stores the decision about a message before its events are published.

    So a message that comes again becomes the same events again, for example if nobody knows whether they were
    published. It stores nothing of accounts in `erased`; no message of Stripe names a user.
    """

    def __init__(self, records: StripeRecords, intake: Intake, *, erased: ErasedLookup = NOBODY) -> None:
        self._records = records
        self._intake = intake
        self._erased = erased

    async def take(self, items: Sequence[IntakeItem], context: IntakeContext) -> IntakeReport:
        """Raises a 503 if PostgreSQL is away, and the errors of the intake behind it."""
        try:
            decided = [await self._decided(one) if isinstance(one, StripeItem) else one for one in items]
        except RecordsUnavailable as error:
            detail = "what is known of its customer cannot be read now: nothing was taken, send it again"
            raise unavailable(UNAVAILABLE, detail) from error
        report = await self._intake.take(decided, context)
        await self._mark_published([one for one in items if isinstance(one, StripeItem)], report)
        return report

    async def _decided(self, item: StripeItem) -> IntakeItem:
        async with self._records.transaction(item.webhook) as transaction:
            before = await transaction.delivery(item.event.id)
            if before is not None:
                return _again(item, before)
            subscription, customer = _objects(item.event)
            accounts = item.decider.accounts_in(item.event)
            snapshot = await transaction.snapshot(subscription=subscription, customer=customer, accounts=accounts)
            decision = item.decider.decide(item.event, snapshot)
            named = {*accounts, *(event.account_id for event in decision.events)}
            if any(map(self._erased.account, named)):
                return replace(item, ignored=IgnoredReason.ERASED)
            # A refused message is decided again when it comes again: mapping.yml may have the rate by then.
            if not decision.errors:
                await transaction.write(item.event.id, snapshot, decision)
        return _with(item, decision)

    async def _mark_published(self, items: Sequence[StripeItem], report: IntakeReport) -> None:
        refused = {one.item.message_id for one in report.refused}
        ids = defaultdict[str, list[str]](list)
        for item in items:
            if item.event.id not in refused:
                ids[item.webhook].append(item.event.id)
        for webhook, of_webhook in ids.items():
            try:
                await self._records.published(webhook, of_webhook)
            except RecordsUnavailable as error:
                # If the message comes again within a day, scoring still knows the ids.
                _log.warning("webhook.unmarked", webhook=webhook, error=str(error))


def _objects(event: StripeEvent) -> tuple[str | None, str | None]:
    """The ids of the subscription and the customer that a message is about."""
    tree = event.data.object
    if event.type in INVOICE_TYPES:
        return subscription_of_invoice(tree), text_at(tree, "customer")
    if "customer" in tree:
        return text_at(tree, "id"), text_at(tree, "customer")
    return None, text_at(tree, "id")


def _with(item: StripeItem, decision: StripeDecision) -> IntakeItem:
    return replace(item, events=decision.events, links=decision.links, errors=decision.errors, ignored=decision.ignored)


def _again(item: StripeItem, before: StripeDelivery) -> IntakeItem:
    if before.published:
        return replace(item, ignored=IgnoredReason.DUPLICATE)
    return _with(item, item.decider.decide(item.event, before.snapshot))
