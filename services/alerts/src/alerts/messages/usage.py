"""What an account uses: the review that a renewal brings, and what speaks for growth."""

from collections.abc import Iterable

from alerts.messages.conditions import conditions
from alerts.messages.customer import CustomerDetails, contacts_line
from alerts.messages.message import LabelledLine
from alerts.messages.recipient import Recipient
from alerts.playbooks.playbooks import NameCategory
from common.contracts.signals import Signal, UsageFigure, UsageReview

# In points of the metric (0 to 100): a smaller fall is not named; below _LOW a metric is low, from _STRONG on strong.
_LEAST_FALL = 10.0
_LOW = 50.0
_STRONG = 80.0
_MOST_FALLS = 3
_MOST_OTHERS = 2
_MOST_STRONG = 3
_MOST_OPEN = 4
_MOST_PROMISED = 3


def review_rows(
    signal: Signal, review: UsageReview, recipient: Recipient, shown: CustomerDetails
) -> Iterable[LabelledLine]:
    """Lines for what they use, who is active, what is open and what was promised; none for an empty one."""
    labels, language = recipient.language.journey.labels, recipient.language
    texts = (
        (labels.use, language.dot.join(_use(review, recipient))),
        (labels.active, language.dot.join(_active(signal, review, recipient, shown))),
        (labels.open, language.comma.join(conditions(signal, recipient, most=_MOST_OPEN, dated=True))),
        (labels.promised, language.comma.join(_promised(review, recipient))),
    )
    return [LabelledLine(label, text) for label, text in texts if text]


def strong_row(signal: Signal, recipient: Recipient) -> Iterable[LabelledLine]:
    """The metrics with the most points, with their values, as a reason to talk about growth."""
    parts = sorted(signal.receipt.level.contributions, key=lambda part: (-part.points, part.metric))
    strong = [recipient.figure(part.metric, part.value) for part in parts if part.points >= _STRONG]
    # A metric whose value is not shown is left out.
    if named := list(filter(None, strong))[:_MOST_STRONG]:
        yield LabelledLine(recipient.language.journey.labels.strong, recipient.language.comma.join(named))


def _use(review: UsageReview, recipient: Recipient) -> Iterable[str]:
    words = recipient.language.journey
    known = [one for one in review.figures if one.points is not None]
    fallen = sorted((one for one in known if _fall(one) >= _LEAST_FALL), key=lambda one: (-_fall(one), one.metric))
    if fallen:
        told = [_fell(one, recipient) for one in fallen[:_MOST_FALLS]]
        # The biggest falls are named, the others counted.
        if (more := len(fallen) - len(told)) > 0:
            told.append(recipient.language.more(more))
        since = "" if review.since is None else recipient.day(recipient.local(review.since).date())
        yield words.fell(since, told)
    others = sorted((one for one in known if one not in fallen), key=lambda one: (one.points or 0.0, one.metric))
    low = [one for one in others if (one.points or 0.0) < _LOW][:_MOST_OTHERS]
    strong = [one for one in reversed(others) if (one.points or 0.0) >= _STRONG][:_MOST_OTHERS]
    if low:
        yield words.low([_now(one, recipient) for one in low])
    if strong:
        yield words.strong([_now(one, recipient) for one in strong])


def _fall(figure: UsageFigure) -> float:
    """In points; below 0 for a rise, 0 where nothing was known before."""
    if figure.points is None or figure.former_points is None:
        return 0.0
    return figure.former_points - figure.points


def _fell(figure: UsageFigure, recipient: Recipient) -> str:
    name = recipient.name_of(NameCategory.METRICS, figure.metric)
    if changed := recipient.changed(figure.metric, figure.former_value, figure.value):
        return f"{name} {changed}"
    points = recipient.language.became(f"{round(figure.former_points or 0.0)}", f"{round(figure.points or 0.0)}")
    return f"{name} {recipient.language.journey.points(points)}"


def _now(figure: UsageFigure, recipient: Recipient) -> str:
    name = recipient.name_of(NameCategory.METRICS, figure.metric)
    return recipient.figure(figure.metric, figure.value) or name


def _active(signal: Signal, review: UsageReview, recipient: Recipient, shown: CustomerDetails) -> Iterable[str]:
    if review.active_people is not None:
        yield recipient.language.journey.people(recipient.language.number(round(review.active_people)))
    if shown.contacts and (call := contacts_line(signal, recipient)):
        yield call


def _promised(review: UsageReview, recipient: Recipient) -> list[str]:
    """The earliest first."""
    steps = sorted(review.promised, key=lambda one: (one.due, one.step))
    told = [
        recipient.language.journey.due(recipient.step(one.step), recipient.day(recipient.local(one.due).date()))
        for one in steps[:_MOST_PROMISED]
    ]
    if (more := len(steps) - len(told)) > 0:
        told.append(recipient.language.more(more))
    return told
