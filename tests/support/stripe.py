"""What tests of Stripe's webhook post, and what they read on the log."""

from typing import Any

from ingest.in_memory import Ingest
from support.webhooks import post_message

CREATED, UPDATED, DELETED = (f"customer.subscription.{verb}" for verb in ("created", "updated", "deleted"))
WORDS = {"comment": "We moved to a competitor", "feedback": "switched_service", "reason": "cancellation_requested"}
LEAVING: dict[str, Any] = {"cancel_at_period_end": True, "cancellation_details": WORDS}


async def post(ingest: Ingest, *messages: dict[str, Any]) -> list[dict[str, Any]]:
    """The answers; each message has to be taken."""
    answers = [await post_message(ingest, "billing", one) for one in messages]
    assert [one.status_code for one in answers] == [200] * len(messages)
    return [one.json() for one in answers]


def told(ingest: Ingest, name: str) -> list[dict[str, Any]]:
    return [event.properties for event in ingest.events() if event.name == name]


def names(ingest: Ingest) -> list[str]:
    return [event.name for event in ingest.events()]


def facts(ingest: Ingest, account_id: str = "acme") -> dict[str, Any]:
    """The account's facts as scoring has them: the last writer of each by event time, at equal times in the log."""
    written = [event for event in ingest.events() if event.account_id == account_id]
    known: dict[str, Any] = {}
    for event in sorted(written, key=lambda one: one.time):
        if event.name in ("account.updated", "contract.started", "contract.changed", "contract.renewed"):
            known |= event.properties
    return known
