"""The open conditions of an account that are trouble, each in a few words: flags, missed steps, a late onboarding."""

from collections.abc import Iterable

from alerts.decisions.first_look import NO_TROUBLE
from alerts.messages.recipient import Recipient
from common.contracts.signals import Facts, Kind, OpenCondition, Signal


def conditions(signal: Signal, recipient: Recipient, *, most: int, dated: bool = False) -> list[str]:
    """All trouble but the band, in the order of scoring, the gravest first; more than `most` are counted.

    `dated`: with the day since which a condition has stood.
    """
    told = [_condition(one, signal.facts, recipient, dated=dated) for one in trouble(signal.standing)]
    if len(told) > most:
        told = [*told[: most - 1], recipient.language.more(len(told) - most + 1)]
    return told


def trouble(standing: Iterable[OpenCondition]) -> list[OpenCondition]:
    """All that stands but the band, an open renewal window and readiness for expansion."""
    return [one for one in standing if one.kind is not Kind.BAND and one.kind not in NO_TROUBLE]


def _condition(one: OpenCondition, facts: Facts, recipient: Recipient, *, dated: bool) -> str:
    words = recipient.language.journey
    if one.kind is Kind.MILESTONE_MISSED:
        due = recipient.due_day(one.since, facts)
        return recipient.language.overdue(recipient.step(one.to), due, year=recipient.other_year(due))
    if one.kind is Kind.ONBOARDING_LATE:
        return words.late([], 0)
    name = recipient.flag(one.to)
    # Where several are open, their number says more than the first day.
    if one.count > 1:
        return words.counted(name, one.count)
    return words.since(name, recipient.day(recipient.local(one.since).date())) if dated else name
