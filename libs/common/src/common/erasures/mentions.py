"""Replaces the id of an erased account in what is known of other accounts. Pure."""

from msgspec.structs import replace

from common.contracts.signals import Facts, Signal


def without_mentions(signal: Signal, account_id: str, substitute: str) -> Signal:
    """The signal of another account, whose facts name the substitute; the same object if they do not name the account.

    `substitute` is an `account_substitute`.
    """
    facts = facts_without_mentions(signal.facts, account_id, substitute)
    return signal if facts is signal.facts else replace(signal, facts=facts)


def facts_without_mentions(facts: Facts, account_id: str, substitute: str) -> Facts:
    """As `without_mentions`, for facts."""
    if facts.merged_into == account_id:
        facts = replace(facts, merged_into=substitute)
    if facts.parent == account_id:
        facts = replace(facts, parent=substitute)
    return facts
