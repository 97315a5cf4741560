"""One message about many accounts: what stands after an import, the gravest by name, the others counted."""

from collections import Counter
from collections.abc import Callable, Iterable

from alerts.decisions.first_look import FirstLookSummary
from alerts.languages.numbers import amount
from alerts.messages.compose import why_recipient
from alerts.messages.conditions import conditions, trouble
from alerts.messages.content import MessageContent
from alerts.messages.message import LabelledLine, Message, Title
from alerts.messages.recipient import Recipient
from alerts.playbooks.playbooks import NameCategory, Playbooks
from alerts.signals.score import SEVERITY_RANK
from alerts.signals.signal_kinds import Tone
from common.contracts.signals import Band, Severity, Signal

# Of one account: more conditions than these are counted, and so many metrics explain a band.
_MOST_OPEN = 3
_MOST_WEAK = 2
# A metric that costs at least so many points is worth naming.
_WEAK_POINTS = -5.0
# In days: a CSM acts on no renewal that is further away.
_RENEWAL_DAYS = 180
_CAP = "cap"
_TONES = {Severity.CRITICAL: Tone.RED, Severity.WARNING: Tone.YELLOW, Severity.INFO: Tone.GREEN}


def compose_first_look(
    content: MessageContent,
    summary: FirstLookSummary,
    *,
    playbooks: Playbooks,
    account_url: Callable[[str], str | None],
    accounts_url: str | None,
) -> Message:
    """`accounts_url` lists the company's accounts; where there is none, the message names the API's list."""
    recipient = Recipient(content.target, now=content.now, playbooks=playbooks)
    words = recipient.language.first_look
    # Of a single account there is no list to show.
    alone = summary.accounts == 1
    return Message(
        language=recipient.language_code,
        title=_title(content, summary, recipient),
        thread=None,
        lead=(words.lead(), *_why_recipient(content, recipient)),
        stake=recipient.language.dot.join(_worth(content.head, recipient) if alone else _stake(summary, recipient)),
        rows=tuple(_rows_of_one(content.head, recipient) if alone else _rows(content, summary, recipient)),
        small="" if alone or accounts_url else words.query(f"/v1/alerts?message={content.notification_id}"),
        link=account_url(content.head.account_id) if alone else accounts_url,
        link_text=recipient.language.labels.open_account if alone else words.open_accounts(),
    )


def _title(content: MessageContent, summary: FirstLookSummary, recipient: Recipient) -> Title:
    words, head = recipient.language.first_look, content.head
    tone = _TONES[min((one.severity for one in content.signals), key=SEVERITY_RANK.__getitem__)]
    if summary.accounts == 1:
        # Where nothing is to be mended, the contract ends soon.
        found = recipient.language.comma.join(_open(head, recipient)) or _renewal(head, recipient)
        text = words.title_of_one(recipient.account(head), found)
    else:
        found = words.found(red=summary.red, yellow=summary.yellow, other=summary.other, renewals=summary.renewals)
        text = words.title(summary.accounts, found)
    return Title(tone, text)


def _why_recipient(content: MessageContent, recipient: Recipient) -> Iterable[str]:
    # A back-up of several owners stands in for no one of them.
    if len({one.facts.owner for one in content.signals}) == 1:
        yield from why_recipient(content, recipient)


def _stake(summary: FirstLookSummary, recipient: Recipient) -> Iterable[str]:
    words = recipient.language.first_look
    if summary.arr > 0:
        yield words.at_risk(amount(summary.arr, recipient.language_code))
    if summary.well:
        yield words.well(summary.well)


def _rows(content: MessageContent, summary: FirstLookSummary, recipient: Recipient) -> Iterable[LabelledLine]:
    language, named = recipient.language, content.signals
    for signal in named:
        why = language.comma.join(_weak(signal, recipient))
        parts = [language.comma.join(_open(signal, recipient)), why, *_worth(signal, recipient)]
        yield LabelledLine(recipient.account(signal), language.dot.join(filter(None, parts)))
    if (others := summary.standing - len(named)) > 0:
        bands = Counter(signal.to for signal in named)
        red, yellow = summary.red - bands[Band.RED], summary.yellow - bands[Band.YELLOW]
        renewals = summary.renewals - sum(signal.severity is Severity.INFO for signal in named)
        other = others - red - yellow - renewals
        found = language.first_look.found(red=red, yellow=yellow, other=other, renewals=renewals)
        yield LabelledLine(language.first_look.rest(others), found)


def _rows_of_one(signal: Signal, recipient: Recipient) -> Iterable[LabelledLine]:
    labels = recipient.language.labels
    if why := recipient.language.comma.join(_weak(signal, recipient)):
        yield LabelledLine(labels.why, why)
    if step := recipient.next_step(signal):
        yield LabelledLine(labels.next_step, step)


def _worth(signal: Signal, recipient: Recipient) -> Iterable[str]:
    facts = signal.facts
    if facts.arr is not None and facts.arr > 0:
        yield recipient.language.arr(facts.arr)
    if renewal := _renewal(signal, recipient):
        yield renewal


def _renewal(signal: Signal, recipient: Recipient) -> str:
    end = signal.facts.contract_end
    if end is None or abs(days := recipient.days_to(end)) > _RENEWAL_DAYS:
        return ""
    return recipient.language.renewal(days, end, year=recipient.other_year(end))


def _open(signal: Signal, recipient: Recipient) -> list[str]:
    """The band with its score, then flags and missed steps, the gravest first."""
    language, band = recipient.language, Band(signal.to)
    found = []
    if band in (Band.RED, Band.YELLOW):
        found.append(language.first_look.band(language.band(band), round(signal.after.score)))
    return found + conditions(signal, recipient, most=_MOST_OPEN)


def _weak(signal: Signal, recipient: Recipient) -> Iterable[str]:
    """The metrics that cost most, where no flag or missed step explains the band."""
    if trouble(signal.standing):
        return
    parts = [part for part in signal.receipt.level.contributions if part.dimension != _CAP]
    for part in sorted(parts, key=lambda one: one.contribution)[:_MOST_WEAK]:
        if part.contribution <= _WEAK_POINTS:
            name = recipient.name_of(NameCategory.METRICS, part.metric)
            yield f"{name} {recipient.value(part.metric, part.value)}".rstrip()
