"""The content of a message in the recipient's words. A line is there only if it helps the recipient to act."""

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from alerts.decisions.account import closes_episode
from alerts.decisions.reasons import DecisionReason
from alerts.messages.content import MessageContent
from alerts.messages.customer import EVERYTHING, CustomerDetails, contacts_line, quotes_line
from alerts.messages.headline import band_now, capping_flag, title, without_account
from alerts.messages.message import LabelledLine, Message
from alerts.messages.recipient import Recipient
from alerts.messages.sanitize import sanitize
from alerts.messages.usage import review_rows, strong_row
from alerts.playbooks.playbooks import NameCategory, Playbooks
from alerts.routing.people import known_as
from alerts.signals.score import ScoreMove, is_worse, score_moves
from alerts.signals.signal_kinds import overriding, rules_of
from common.contracts.signals import Band, Kind, Signal

# A younger message shows no age.
_RECENT = 300.0
# A move below this share of the biggest one is no reason worth a line.
_LEAST_SHARE = 0.15
# With this coverage the score is sure enough to say nothing about it.
_ENOUGH_COVERAGE = 0.8
# In days: a CSM acts on no forecast, and on no renewal, that is further away.
_OUTLOOK_DAYS = 21
_RENEWAL_DAYS = 180
# A line about the renewal makes this stage plain.
_RENEWAL = "renewal"
# Accounts of this tier have no owner on purpose.
_TIER_WITHOUT_OWNER = "tech"
# A metric that costs at least so many points is worth naming.
_WEAK_POINTS = -5.0
_MOST_WEAK = 2
_CAP = "cap"
_MOST_ALSO = 4
_LONGEST_OWNER = 80


def compose(
    content: MessageContent,
    *,
    playbooks: Playbooks,
    account_url: Callable[[str], str | None],
    in_thread: bool,
    shown: CustomerDetails = EVERYTHING,
) -> Message:
    """`in_thread`: the recipient sees the message below the ones that it follows. `shown` is what of the customer."""
    recipient = Recipient(content.target, now=content.now, playbooks=playbooks)
    content = _as_it_stands(content)
    closing = closes_episode(content.head)
    return Message(
        language=recipient.language_code,
        title=title(content.head, recipient),
        thread=title(content.first.signal, recipient) if content.first else None,
        lead=tuple(_lead(content, recipient, in_thread=in_thread)),
        stake="" if closing else recipient.language.dot.join(_stake(content, recipient)),
        rows=tuple(_rows(content, recipient, shown)),
        small="" if closing else _how_sure(content.head, recipient),
        link=account_url(content.head.account_id),
        link_text=recipient.language.labels.open_account,
    )


def _as_it_stands(content: MessageContent) -> MessageContent:
    """With a flag at its head as a flag alone, where a newer band of the message says how the account stands now."""
    head, others = content.head, content.signals[1:]
    overtaken = any(one.kind is Kind.BAND and one.at >= head.at for one in others)
    if head.kind is not Kind.FLAG or head.before is None or not overtaken:
        return content
    flag = replace(head, before=replace(head.before, band=head.after.band))
    return replace(content, signals=(flag, *others))


def _lead(content: MessageContent, recipient: Recipient, *, in_thread: bool) -> Iterable[str]:
    """How this message differs from the first of its thread, why this recipient gets it, and how old it is."""
    language, head = recipient.language, content.head
    last = content.last.signal if content.last else None
    alone = last is not None and not in_thread
    by_hand = overriding(head) is not None
    # Without a thread to look at, the message says which one it follows.
    if last and alone:
        yield language.follows(str(title(last, recipient)), recipient.when(last.at))
    match content.reason:
        # A recovery says for how long the account was in trouble.
        case _ if closes_episode(head) and content.first is not None and not by_hand:
            began = content.first.signal.at
            days = (recipient.local(head.at).date() - recipient.local(began).date()).days
            yield language.recovered(days, recipient.when(began))
        # Red after yellow: what the account was before.
        case DecisionReason.WORSE | DecisionReason.HANDED_ON if last and not alone and _other_band(head, last):
            yield language.was(last.after.band, recipient.when(last.at))
        # The renewal of another contract is not the same alert again.
        case DecisionReason.AGAIN if head.kind is not Kind.RENEWAL_WINDOW:
            yield language.again(recipient.when(last.at) if last else "")
    yield from _by_hand(head, recipient)
    yield from why_recipient(content, recipient)
    age, event = recipient.now - head.at, head.happened_at
    # What the customer did on another day, however late it came or was confirmed.
    if event is not None and not closes_episode(head) and recipient.local(event).date() != recipient.now.date():
        yield language.happened_on(recipient.when(event))
    # An old message says so: the news may have changed since.
    elif age.total_seconds() > _RECENT:
        yield language.happened(language.ago(age.total_seconds()), recipient.when(head.at))


def _by_hand(head: Signal, recipient: Recipient) -> Iterable[str]:
    """Of a band that a person has set, what the score says; of the band after it, that the override is over."""
    words = recipient.language.journey
    if overriding(head) is not None:
        yield words.score_stays(round(head.after.score))
    elif head.kind is Kind.BAND and head.before is not None and (was := head.before.override) is not None:
        yield words.no_longer_set(recipient.language.band(was.to), recipient.setter(was))


def _other_band(head: Signal, last: Signal) -> bool:
    return head.told_band is not None and head.after.band is not last.after.band


def why_recipient(content: MessageContent, recipient: Recipient) -> Iterable[str]:
    """Why this recipient gets it, if they are not the owner or the first way failed."""
    owner, person = content.head.facts.owner or "", content.target.person
    handed_on = content.reason is DecisionReason.HANDED_ON
    # A back-up learns for whom they stand in.
    if owner and person and known_as(person) != known_as(owner):
        yield recipient.language.in_place_of(sanitize(owner, _LONGEST_OWNER), unreached=handed_on)
    elif handed_on:
        yield recipient.language.another_way()


def _stake(content: MessageContent, recipient: Recipient) -> Iterable[str]:
    """What there is to lose, who the customer is, and the owner if the recipient is not a person of routes.yml."""
    language, facts, head = recipient.language, content.head.facts, content.head
    if _shows_health(content):
        yield _health(head, recipient)
    if facts.arr is not None and facts.arr > 0:
        yield language.arr(facts.arr)
    if renewal := _renewal(head, recipient):
        yield renewal
    plain = renewal or head.kind is Kind.RENEWAL_WINDOW
    stage = "" if plain and head.after.stage == _RENEWAL else head.after.stage
    known = [(NameCategory.TIERS, facts.tier), (NameCategory.STAGES, stage)]
    if called := [recipient.name_of(of, name) for of, name in known if name]:
        yield language.comma.join(called)
    # In a team's channel the owner is named, or that there is none where there should be one.
    if content.target.person is None and (facts.owner or facts.tier != _TIER_WITHOUT_OWNER):
        yield language.owner(sanitize(facts.owner or "", _LONGEST_OWNER))


def _health(head: Signal, recipient: Recipient) -> str:
    language, score, override = recipient.language, round(head.after.score), head.after.override
    if override is None:
        return language.health(score, head.after.band)
    return language.journey.health_set(score, language.band(override.to), recipient.until(override, seen=head.at))


def _shows_health(content: MessageContent) -> bool:
    # An outcome says nothing about health, and without a band there is none to show.
    if not rules_of(content.head.kind).about_health or content.head.after.band is Band.INSUFFICIENT:
        return False
    # A band in the message shows the score already.
    return all(signal.told_band is None for signal in content.signals)


def _renewal(head: Signal, recipient: Recipient) -> str:
    end = head.facts.contract_end
    # The title of a renewal says the day already.
    if head.kind is Kind.RENEWAL_WINDOW:
        return ""
    if end is None or not rules_of(head.kind).about_health or abs(days := recipient.days_to(end)) > _RENEWAL_DAYS:
        return ""
    return recipient.language.renewal(days, end, year=recipient.other_year(end))


def _rows(content: MessageContent, recipient: Recipient, shown: CustomerDetails) -> Iterable[LabelledLine]:
    labels, head = recipient.language.labels, content.head
    by_hand = overriding(head) is not None
    if head.review is not None:
        yield from review_rows(head, head.review, recipient, shown)
    # The metrics do not explain a band that a person has set. The title says who set it.
    elif not by_hand:
        yield from _evidence(content, recipient, shown)
    if also := _also(content, recipient):
        yield LabelledLine(labels.also, also)
    # A recovery, a withdrawal and a band that a person has set ask for no next step.
    if closes_episode(head) or head.kind is Kind.RETRACTED or by_hand:
        return
    if outlook := _outlook(head, recipient):
        yield LabelledLine(labels.outlook, outlook)
    # The review names them already.
    if shown.contacts and head.review is None and (call := contacts_line(head, recipient)):
        yield LabelledLine(labels.call, call)
    if step := recipient.next_step(head):
        yield LabelledLine(labels.next_step, step)


def _evidence(content: MessageContent, recipient: Recipient, shown: CustomerDetails) -> Iterable[LabelledLine]:
    """What the customer said, and what the score or its figures say."""
    labels, head = recipient.language.labels, content.head
    if shown.quotes and (details := quotes_line(content, recipient)):
        yield LabelledLine(labels.details, details)
    if head.kind is Kind.EXPANSION_READY:
        yield from strong_row(head, recipient)
    # Why the score moved; else how the account stands without the flag that the title names.
    if why := _why(head, recipient):
        yield LabelledLine(labels.why if is_worse(head) else labels.helped, why)
    elif otherwise := _otherwise(head, recipient):
        yield LabelledLine(labels.otherwise, otherwise)


def _why(head: Signal, recipient: Recipient) -> str:
    """What moved the score, in points that add up; nothing if the title says it."""
    if head.told_band is None:
        return ""
    why = score_moves(head, share=_LEAST_SHARE)
    # The only cause is the flag in the title.
    if not why.most or (len(why.most) == 1 and why.most[0].name == capping_flag(head)):
        return ""
    language = recipient.language
    told = [_moved(one, head, recipient, first=one is why.most[0]) for one in why.most]
    if why.others:
        told.append(language.others(why.others))
    # Else the reasons would come to more than the difference of the scores in the title.
    if why.capped:
        told.append(language.capped(why.capped))
    return language.comma.join(told)


def _moved(moved: ScoreMove, head: Signal, recipient: Recipient, *, first: bool) -> str:
    language = recipient.language
    # A flag moves the score by its cap, and back when it is cleared.
    if moved.capped:
        flag = recipient.flag(moved.name)
        return language.moved(flag if moved.points < 0 else language.cleared(flag), "", moved.points, first=first)
    values = {part.metric: part.value for part in head.receipt.level.contributions}
    value = recipient.value(moved.name, values.get(moved.name))
    return language.moved(recipient.name_of(NameCategory.METRICS, moved.name), value, moved.points, first=first)


def _otherwise(head: Signal, recipient: Recipient) -> str:
    """The score without the flag that caps it: it tells an unhealthy account from a healthy one with an open bill."""
    level = head.receipt.level
    caps = [part.contribution for part in level.contributions if part.dimension == _CAP]
    # Only while a flag caps the score, and only for bad news.
    if not caps or not is_worse(head):
        return ""
    weak = sorted((part for part in level.contributions if part.dimension != _CAP), key=lambda part: part.contribution)
    names = [
        f"{recipient.name_of(NameCategory.METRICS, part.metric)} {recipient.value(part.metric, part.value)}".rstrip()
        for part in weak[:_MOST_WEAK]
        if part.contribution <= _WEAK_POINTS
    ]
    return recipient.language.otherwise(round(level.score - sum(caps)), recipient.language.comma.join(names))


def _also(content: MessageContent, recipient: Recipient) -> str:
    """The other signals of the message, unless the title names them."""
    named = capping_flag(content.head)
    others = [one for one in content.signals[1:] if not (one.kind is Kind.FLAG and one.to == named)]
    told = list(dict.fromkeys(without_account(one, recipient) for one in others))
    # A band that another flag brought, where nothing else of the message tells a band.
    if content.head.told_band is None and all(one.kind is not Kind.BAND for one in others):
        told += [band_now(one, recipient) for one in others if one.told_band is not None][:1]
    # A long list helps nobody: the rest is counted.
    if len(told) > _MOST_ALSO:
        told = [*told[: _MOST_ALSO - 1], recipient.language.more(len(told) - _MOST_ALSO + 1)]
    return recipient.language.comma.join(told)


def _outlook(head: Signal, recipient: Recipient) -> str:
    """For a yellow account: when it would become red. That a healthy account would fall in silence is no news."""
    forecast = head.forecast
    # Only red is worth a forecast, and only from yellow.
    if forecast is None or forecast.band is not Band.RED or head.after.band is not Band.YELLOW:
        return ""
    if not rules_of(head.kind).about_health or forecast.at <= recipient.now:
        return ""
    days = recipient.days_to(recipient.local(forecast.at).date())
    return recipient.language.silent(forecast.band, recipient.when(forecast.at), days) if days <= _OUTLOOK_DAYS else ""


def _how_sure(head: Signal, recipient: Recipient) -> str:
    if not rules_of(head.kind).about_health or overriding(head) is not None:
        return ""
    # Too little data for a band: the reader must not take the score for one.
    if head.after.band is Band.INSUFFICIENT:
        return recipient.language.too_little(head.after.coverage)
    return recipient.language.covered(head.after.coverage) if head.after.coverage < _ENOUGH_COVERAGE else ""
