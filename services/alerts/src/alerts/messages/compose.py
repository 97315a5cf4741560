"""A story in the reader's words. What does not help to act is left out: every rule here is about that."""

from collections.abc import Callable, Iterable

from alerts.core.case import closes_episode
from alerts.core.destination import Channel
from alerts.core.reasons import DecisionReason
from alerts.messages.harmless import sanitize
from alerts.messages.headline import beside, capped_by, title
from alerts.messages.message import LabelledLine, Message
from alerts.messages.playbooks import NameCategory, Playbooks
from alerts.messages.reader import Recipient
from alerts.messages.story import MessageContent
from alerts.messages.tongue import LineLabels
from alerts.routing.people import known_as
from alerts.words import ScoreMove, is_worse, score_moves
from common.contracts.signals import Band, Kind, Severity, Signal

# Younger than this a message needs no age: it has just happened.
_FRESH = 300.0
# Whatever moved the score by less than this share of the biggest is not why.
_SHARE = 0.15
# Sure enough not to speak of it.
_COVERED = 0.8
# Nobody plans further ahead than this by what silence would do, or by a contract's end.
_OUTLOOK_DAYS = 21
_RENEWAL_DAYS = 180
# The stage that a contract's end says by itself.
_RENEWAL = "renewal"
# The tier of the accounts that have no owner on purpose.
_NOBODYS = "tech"
# What costs at least so many points is worth a word to whoever calls them.
_WEAK = -5.0
_MOST_WEAK = 2
_CAP = "cap"
_MOST_BESIDE = 4
_ADDRESS = 80


def compose(content: MessageContent, *, playbooks: Playbooks, account_url: Callable[[str], str | None]) -> Message:
    reader = Recipient(content.target, now=content.now, playbooks=playbooks)
    closing = closes_episode(content.head)
    return Message(
        language=reader.language_code,
        title=title(content.head, reader),
        thread=title(content.first.signal, reader) if content.first else None,
        lead=tuple(_lead(content, reader)),
        stake="" if closing else reader.language.dot.join(_stake(content, reader)),
        rows=tuple(_rows(content, reader)),
        small="" if closing else _how_sure(content.head, reader),
        link=account_url(content.head.account_id),
        link_text=reader.language.labels.open_account,
    )


def _lead(content: MessageContent, reader: Recipient) -> Iterable[str]:
    """What makes this message another one than the first of its kind, and how old it is."""
    language, head = reader.language, content.head
    last = content.last.signal if content.last else None
    alone = last is not None and _stands_alone(content)
    if last and alone:
        yield language.follows(str(title(last, reader)), reader.when(last.at))
    match content.reason:
        case _ if closes_episode(head) and content.first is not None:
            began = content.first.signal.at
            days = (reader.local(head.at).date() - reader.local(began).date()).days
            yield language.recovered(days, reader.when(began))
        case DecisionReason.WORSE | DecisionReason.HANDED_ON if last and not alone and _other_band(head, last):
            yield language.was(last.after.band, reader.when(last.at))
        case DecisionReason.AGAIN:
            yield language.again(reader.when(last.at) if last else "")
    yield from _whose(content, reader)
    age = reader.now - head.at
    if age.total_seconds() > _FRESH:
        yield language.happened(language.ago(age.total_seconds()), reader.when(head.at))


def _other_band(head: Signal, last: Signal) -> bool:
    return head.kind is Kind.BAND and head.after.band is not last.after.band


def _stands_alone(content: MessageContent) -> bool:
    """No thread shows what it follows."""
    return content.target.channel is Channel.SLACK and (content.first is None or content.first.thread is None)


def _whose(content: MessageContent, reader: Recipient) -> Iterable[str]:
    """Why this reader gets it, where that is not plain."""
    owner, person = content.head.facts.owner or "", content.target.person
    handed_on = content.reason is DecisionReason.HANDED_ON
    if owner and person and known_as(person) != known_as(owner):
        yield reader.language.in_place_of(sanitize(owner, _ADDRESS), unreached=handed_on)
    elif handed_on:
        yield reader.language.another_way()


def _stake(content: MessageContent, reader: Recipient) -> Iterable[str]:
    """What there is to lose, who they are, and whose they are if the reader is nobody in particular."""
    language, facts, head = reader.language, content.head.facts, content.head
    if _health_is_news(content):
        yield language.health(round(head.after.score), head.after.band)
    if facts.arr is not None and facts.arr > 0:
        yield language.arr(_amount(facts.arr))
    if renewal := _renewal(head, reader):
        yield renewal
    stage = "" if renewal and head.after.stage == _RENEWAL else head.after.stage
    known = [(NameCategory.TIERS, facts.tier), (NameCategory.STAGES, stage)]
    if called := [reader.called(of, name) for of, name in known if name]:
        yield language.comma.join(called)
    if content.target.person is None and (facts.owner or facts.tier != _NOBODYS):
        yield language.owner(sanitize(facts.owner or "", _ADDRESS))


def _health_is_news(content: MessageContent) -> bool:
    if content.head.kind is Kind.OUTCOME or content.head.after.band is Band.INSUFFICIENT:
        return False
    return all(signal.kind is not Kind.BAND for signal in content.signals)


def _renewal(head: Signal, reader: Recipient) -> str:
    end = head.facts.contract_end
    if end is None or head.kind is Kind.OUTCOME or abs(days := reader.days_to(end)) > _RENEWAL_DAYS:
        return ""
    return reader.language.renewal(days, end, year=reader.other_year(end))


def _rows(content: MessageContent, reader: Recipient) -> Iterable[LabelledLine]:
    labels, head = reader.language.labels, content.head
    if why := _why(head, reader):
        yield LabelledLine(_why_label(head, labels), why)
    elif otherwise := _otherwise(head, reader):
        yield LabelledLine(labels.otherwise, otherwise)
    if also := _also(content, reader):
        yield LabelledLine(labels.also, also)
    if closes_episode(head):
        return
    if outlook := _outlook(head, reader):
        yield LabelledLine(labels.outlook, outlook)
    if step := reader.next_step(head):
        yield LabelledLine(labels.next_step, step)


def _why_label(head: Signal, labels: LineLabels) -> str:
    return labels.helped if head.severity is Severity.INFO else labels.why


def _why(head: Signal, reader: Recipient) -> str:
    """What moved the score, in points that add up; nothing if the title has said it all."""
    if head.kind is not Kind.BAND:
        return ""
    why = score_moves(head, share=_SHARE)
    if not why.most or (len(why.most) == 1 and why.most[0].name == capped_by(head)):
        return ""
    told = [_moved(one, head, reader, first=one is why.most[0]) for one in why.most]
    return reader.language.comma.join([*told, reader.language.others(why.others)] if why.others else told)


def _moved(moved: ScoreMove, head: Signal, reader: Recipient, *, first: bool) -> str:
    language = reader.language
    if moved.capped:
        flag = reader.called(NameCategory.FLAGS, moved.name)
        return language.moved(flag if moved.points < 0 else language.cleared(flag), "", moved.points, first=first)
    values = {part.metric: part.value for part in head.receipt.level.contributions}
    value = reader.value(moved.name, values.get(moved.name))
    return language.moved(reader.called(NameCategory.METRICS, moved.name), value, moved.points, first=first)


def _otherwise(head: Signal, reader: Recipient) -> str:
    """How they would stand but for the flag that holds the score down: a sick account, or a healthy one with a bill."""
    level = head.receipt.level
    caps = [part.contribution for part in level.contributions if part.dimension == _CAP]
    if not caps or not is_worse(head):
        return ""
    weak = sorted((part for part in level.contributions if part.dimension != _CAP), key=lambda part: part.contribution)
    told = [
        " ".join(
            filter(None, [reader.called(NameCategory.METRICS, part.metric), reader.value(part.metric, part.value)])
        )
        for part in weak[:_MOST_WEAK]
        if part.contribution <= _WEAK
    ]
    return reader.language.otherwise(round(level.score - sum(caps)), reader.language.comma.join(told))


def _also(content: MessageContent, reader: Recipient) -> str:
    """What is told with the head, unless the title names it."""
    named = capped_by(content.head)
    others = [one for one in content.signals[1:] if not (one.kind is Kind.FLAG and one.to == named)]
    told = list(dict.fromkeys(beside(one, reader) for one in others))
    if len(told) > _MOST_BESIDE:
        told = [*told[: _MOST_BESIDE - 1], reader.language.more(len(told) - _MOST_BESIDE + 1)]
    return reader.language.comma.join(told)


def _outlook(head: Signal, reader: Recipient) -> str:
    """Of those who could still become red. That the healthy would fall if they vanished says nothing."""
    forecast = head.forecast
    if forecast is None or forecast.band is not Band.RED or head.after.band is not Band.YELLOW:
        return ""
    if head.kind is Kind.OUTCOME or forecast.at <= reader.now:
        return ""
    days = reader.days_to(reader.local(forecast.at).date())
    return reader.language.silent(forecast.band, reader.when(forecast.at), days) if days <= _OUTLOOK_DAYS else ""


def _how_sure(head: Signal, reader: Recipient) -> str:
    if head.kind is Kind.OUTCOME:
        return ""
    if head.after.band is Band.INSUFFICIENT:
        return reader.language.too_little(head.after.coverage)
    return reader.language.covered(head.after.coverage) if head.after.coverage < _COVERED else ""


def _amount(amount: float) -> str:
    return f"{amount:,.0f}" if amount < 1e9 else f"{amount:.3g}"
