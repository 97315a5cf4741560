"""Replaces the id of an erased account in the state of another one. The score stays the same."""

from common.erasures.mentions import facts_without_mentions
from scoring.health.account import Account


def erase_mentions(account: Account, account_id: str, substitute: str) -> bool:
    """Replaces it in the facts and in the former facts, which a retraction may bring back. Whether it was there."""
    posted = facts_without_mentions(account.posted, account_id, substitute)
    former = facts_without_mentions(account.former_facts.facts, account_id, substitute)
    if posted is account.posted and former is account.former_facts.facts:
        return False
    account.facts = facts_without_mentions(account.facts, account_id, substitute)
    account.posted, account.former_facts.facts = posted, former
    return True
