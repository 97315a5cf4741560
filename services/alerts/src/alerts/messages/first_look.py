"""One message about many accounts: what stands after an import, the gravest by name, the others counted."""

from collections import Counter
from collections.abc import Iterable

from alerts.decisions.first_look import FirstLookSummary
from alerts.languages.language import FirstLookCounts
from alerts.languages.numbers import amount
from alerts.messages.content import MessageContent
from alerts.messages.message import LabelledLine, Message, Title
from alerts.messages.recipient import Recipient
from alerts.playbooks.playbooks import NameCategory, Playbooks
from alerts.signals.score import SEVERITY_RANK
from alerts.signals.signal_kinds import Tone
from common.contracts.signals import Band, Kind, OpenCondition, Severity, Signal

# Of one account: more conditions than these are counted, and fewer metrics than these explain a band.
_MOST_OPEN = 3
_MOST_WEAK = 2
# A metric that costs at least so many points is worth naming.
_WEAK_POINTS = -5.0
# In days: no CSM plans for a renewal that is further away.
_RENEWAL_DAYS = 180
_CAP = "cap"


def compose_first_look(
    content: MessageContent, summary: FirstLookSummary, *, playbooks: Playbooks, accounts_url: str | None
) -> Message:
    recipient = Recipient(content.target, now=content.now, playbooks=playbooks)
    words = recipient.language.first_look
    alone = summary.accounts == 1
    return Message(
        language=recipient.language_code,
        title=Title(_tone(content.signals), _title(content.head, summary, recipient)),
        thread=None,
        lead=(words.lead(),),
        stake="" if alone else words.worth(_arr(summary, recipient), summary.well),
        rows=tuple(_rows(content, summary, recipient)),
        # Where no tool of the company lists the accounts, the API does.
        small="" if alone or accounts_url else words.query(f"/v1/alerts?message={content.notification_id}"),
        link=None if alone else accounts_url,
        link_text=words.open_accounts(),
    )


def _tone(named: Iterable[Signal]) -> Tone:
    gravest = min((SEVERITY_RANK[one.severity] for one in named), default=SEVERITY_RANK[Severity.INFO])
    return Tone.RED if gravest == SEVERITY_RANK[Severity.CRITICAL] else Tone.YELLOW


def _title(head: Signal, summary: FirstLookSummary, recipient: Recipient) -> str:
    words = recipient.language.first_look
    if summary.accounts == 1:
        return words.title_of_one(recipient.account(head), recipient.language.comma.join(_open(head, recipient)))
    counts = FirstLookCounts(summary.accounts, summary.red, summary.yellow, summary.other, summary.well)
    return words.title(counts)


def _arr(summary: FirstLookSummary, recipient: Recipient) -> str:
    return amount(summary.arr, recipient.language_code) if summary.arr > 0 else ""


def _rows(content: MessageContent, summary: FirstLookSummary, recipient: Recipient) -> Iterable[LabelledLine]:
    named = content.signals
    for signal in named:
        yield LabelledLine(recipient.account(signal), recipient.language.dot.join(_account(signal, recipient)))
    if (others := summary.standing - len(named)) > 0:
        bands = Counter(signal.to for signal in named)
        left = {Band.RED: summary.red - bands[Band.RED], Band.YELLOW: summary.yellow - bands[Band.YELLOW]}
        told = [f"{recipient.language.band(band)} {count:,}" for band, count in left.items() if count > 0]
        yield LabelledLine(recipient.language.first_look.rest(others), recipient.language.comma.join(told))


def _account(signal: Signal, recipient: Recipient) -> Iterable[str]:
    """Who it is about is the label: what stands, why, what it is worth, and until when."""
    language, facts = recipient.language, signal.facts
    yield language.comma.join(_open(signal, recipient))
    if weak := list(_weak(signal, recipient)):
        yield language.comma.join(weak)
    if facts.arr is not None and facts.arr > 0:
        yield language.arr(facts.arr)
    end = facts.contract_end
    if end is not None and abs(days := recipient.days_to(end)) <= _RENEWAL_DAYS:
        yield language.renewal(days, end, year=recipient.other_year(end))


def _open(signal: Signal, recipient: Recipient) -> list[str]:
    """The band with its score, then flags and missed steps, the gravest first."""
    language, band = recipient.language, Band(signal.to)
    found = [language.health(round(signal.after.score), band)] if band in (Band.RED, Band.YELLOW) else []
    conditions = [_condition(one, recipient) for one in signal.standing if one.kind is not Kind.BAND]
    if len(conditions) > _MOST_OPEN:
        conditions = [*conditions[: _MOST_OPEN - 1], language.more(len(conditions) - _MOST_OPEN + 1)]
    return found + conditions


def _condition(one: OpenCondition, recipient: Recipient) -> str:
    if one.kind is Kind.MILESTONE_MISSED:
        due = recipient.local(one.since)
        return recipient.language.overdue(recipient.step(one.to), due, year=recipient.other_year(due.date()))
    return recipient.flag(one.to)


def _weak(signal: Signal, recipient: Recipient) -> Iterable[str]:
    """The metrics that cost most, where a band has no flag that explains it."""
    if any(one.kind is not Kind.BAND for one in signal.standing):
        return
    parts = [part for part in signal.receipt.level.contributions if part.dimension != _CAP]
    for part in sorted(parts, key=lambda one: one.contribution)[:_MOST_WEAK]:
        if part.contribution <= _WEAK_POINTS:
            name = recipient.name_of(NameCategory.METRICS, part.metric)
            yield f"{name} {recipient.value(part.metric, part.value)}".rstrip()
