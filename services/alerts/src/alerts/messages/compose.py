"""A story in the reader's words. What does not help to act is left out: every rule here is about that."""

from collections.abc import Callable, Iterable

from alerts.core.case import closes
from alerts.core.destination import Channel
from alerts.core.reasons import Reason
from alerts.messages.harmless import harmless
from alerts.messages.headline import beside, capped_by, title
from alerts.messages.message import Message, Row
from alerts.messages.playbooks import Of, Playbooks
from alerts.messages.reader import Reader
from alerts.messages.story import Story
from alerts.messages.tongue import Labels
from alerts.routing.people import known_as
from alerts.words import Moved, movers, worse
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


def compose(story: Story, *, playbooks: Playbooks, account_url: Callable[[str], str | None]) -> Message:
    reader = Reader(story.target, now=story.now, playbooks=playbooks)
    closing = closes(story.head)
    return Message(
        language=reader.language,
        title=title(story.head, reader),
        thread=title(story.first.signal, reader) if story.first else None,
        lead=tuple(_lead(story, reader)),
        stake="" if closing else reader.tongue.dot.join(_stake(story, reader)),
        rows=tuple(_rows(story, reader)),
        small="" if closing else _how_sure(story.head, reader),
        link=account_url(story.head.account_id),
        link_text=reader.tongue.labels.open_account,
    )


def _lead(story: Story, reader: Reader) -> Iterable[str]:
    """What makes this message another one than the first of its kind, and how old it is."""
    tongue, head = reader.tongue, story.head
    last = story.last.signal if story.last else None
    alone = last is not None and _stands_alone(story)
    if last and alone:
        yield tongue.follows(str(title(last, reader)), reader.when(last.at))
    match story.reason:
        case _ if closes(head) and story.first is not None:
            began = story.first.signal.at
            days = (reader.local(head.at).date() - reader.local(began).date()).days
            yield tongue.recovered(days, reader.when(began))
        case Reason.WORSE | Reason.HANDED_ON if last and not alone and _other_band(head, last):
            yield tongue.was(last.after.band, reader.when(last.at))
        case Reason.AGAIN:
            yield tongue.again(reader.when(last.at) if last else "")
    yield from _whose(story, reader)
    age = reader.now - head.at
    if age.total_seconds() > _FRESH:
        yield tongue.happened(tongue.ago(age.total_seconds()), reader.when(head.at))


def _other_band(head: Signal, last: Signal) -> bool:
    return head.kind is Kind.BAND and head.after.band is not last.after.band


def _stands_alone(story: Story) -> bool:
    """No thread shows what it follows."""
    return story.target.channel is Channel.SLACK and (story.first is None or story.first.thread is None)


def _whose(story: Story, reader: Reader) -> Iterable[str]:
    """Why this reader gets it, where that is not plain."""
    owner, person = story.head.facts.owner or "", story.target.person
    handed_on = story.reason is Reason.HANDED_ON
    if owner and person and known_as(person) != known_as(owner):
        yield reader.tongue.in_place_of(harmless(owner, _ADDRESS), unreached=handed_on)
    elif handed_on:
        yield reader.tongue.another_way()


def _stake(story: Story, reader: Reader) -> Iterable[str]:
    """What there is to lose, who they are, and whose they are if the reader is nobody in particular."""
    tongue, facts, head = reader.tongue, story.head.facts, story.head
    if _health_is_news(story):
        yield tongue.health(round(head.after.score), head.after.band)
    if facts.arr is not None and facts.arr > 0:
        yield tongue.arr(_amount(facts.arr))
    if renewal := _renewal(head, reader):
        yield renewal
    stage = "" if renewal and head.after.stage == _RENEWAL else head.after.stage
    known = [(Of.TIERS, facts.tier), (Of.STAGES, stage)]
    if called := [reader.called(of, name) for of, name in known if name]:
        yield tongue.comma.join(called)
    if story.target.person is None and (facts.owner or facts.tier != _NOBODYS):
        yield tongue.owner(harmless(facts.owner or "", _ADDRESS))


def _health_is_news(story: Story) -> bool:
    if story.head.kind is Kind.OUTCOME or story.head.after.band is Band.INSUFFICIENT:
        return False
    return all(signal.kind is not Kind.BAND for signal in story.signals)


def _renewal(head: Signal, reader: Reader) -> str:
    end = head.facts.contract_end
    if end is None or head.kind is Kind.OUTCOME or abs(days := reader.days_to(end)) > _RENEWAL_DAYS:
        return ""
    return reader.tongue.renewal(days, end, year=reader.other_year(end))


def _rows(story: Story, reader: Reader) -> Iterable[Row]:
    labels, head = reader.tongue.labels, story.head
    if why := _why(head, reader):
        yield Row(_why_label(head, labels), why)
    elif otherwise := _otherwise(head, reader):
        yield Row(labels.otherwise, otherwise)
    if also := _also(story, reader):
        yield Row(labels.also, also)
    if closes(head):
        return
    if outlook := _outlook(head, reader):
        yield Row(labels.outlook, outlook)
    if step := reader.next_step(head):
        yield Row(labels.next_step, step)


def _why_label(head: Signal, labels: Labels) -> str:
    return labels.helped if head.severity is Severity.INFO else labels.why


def _why(head: Signal, reader: Reader) -> str:
    """What moved the score, in points that add up; nothing if the title has said it all."""
    if head.kind is not Kind.BAND:
        return ""
    why = movers(head, share=_SHARE)
    if not why.most or (len(why.most) == 1 and why.most[0].name == capped_by(head)):
        return ""
    told = [_moved(one, head, reader, first=one is why.most[0]) for one in why.most]
    return reader.tongue.comma.join([*told, reader.tongue.others(why.others)] if why.others else told)


def _moved(moved: Moved, head: Signal, reader: Reader, *, first: bool) -> str:
    tongue = reader.tongue
    if moved.capped:
        flag = reader.called(Of.FLAGS, moved.name)
        return tongue.moved(flag if moved.points < 0 else tongue.cleared(flag), "", moved.points, first=first)
    values = {part.metric: part.value for part in head.receipt.level.contributions}
    value = reader.value(moved.name, values.get(moved.name))
    return tongue.moved(reader.called(Of.METRICS, moved.name), value, moved.points, first=first)


def _otherwise(head: Signal, reader: Reader) -> str:
    """How they would stand but for the flag that holds the score down: a sick account, or a healthy one with a bill."""
    level = head.receipt.level
    caps = [part.contribution for part in level.contributions if part.dimension == _CAP]
    if not caps or not worse(head):
        return ""
    weak = sorted((part for part in level.contributions if part.dimension != _CAP), key=lambda part: part.contribution)
    told = [
        " ".join(filter(None, [reader.called(Of.METRICS, part.metric), reader.value(part.metric, part.value)]))
        for part in weak[:_MOST_WEAK]
        if part.contribution <= _WEAK
    ]
    return reader.tongue.otherwise(round(level.score - sum(caps)), reader.tongue.comma.join(told))


def _also(story: Story, reader: Reader) -> str:
    """What is told with the head, unless the title names it."""
    named = capped_by(story.head)
    others = [one for one in story.signals[1:] if not (one.kind is Kind.FLAG and one.to == named)]
    told = list(dict.fromkeys(beside(one, reader) for one in others))
    if len(told) > _MOST_BESIDE:
        told = [*told[: _MOST_BESIDE - 1], reader.tongue.more(len(told) - _MOST_BESIDE + 1)]
    return reader.tongue.comma.join(told)


def _outlook(head: Signal, reader: Reader) -> str:
    """Of those who could still become red. That the healthy would fall if they vanished says nothing."""
    forecast = head.forecast
    if forecast is None or forecast.band is not Band.RED or head.after.band is not Band.YELLOW:
        return ""
    if head.kind is Kind.OUTCOME or forecast.at <= reader.now:
        return ""
    days = reader.days_to(reader.local(forecast.at).date())
    return reader.tongue.silent(forecast.band, reader.when(forecast.at), days) if days <= _OUTLOOK_DAYS else ""


def _how_sure(head: Signal, reader: Reader) -> str:
    if head.kind is Kind.OUTCOME:
        return ""
    if head.after.band is Band.INSUFFICIENT:
        return reader.tongue.too_little(head.after.coverage)
    return reader.tongue.covered(head.after.coverage) if head.after.coverage < _COVERED else ""


def _amount(amount: float) -> str:
    return f"{amount:,.0f}" if amount < 1e9 else f"{amount:.3g}"
