"""What people were told, as lines of text for a terminal. Pure: values in, lines out."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import groupby

from alerts.api.answers import AlertSummary
from alerts.api.filter import NotificationStatus
from alerts.channels.registry import Channel
from alerts.decisions.reasons import DecisionReason
from alerts.messages.wrapping import columns, wrapped
from alerts.routing.destination import Target
from alerts.routing.routes import Routes
from alerts.signals.signal_kinds import plain
from common.contracts.signals import Kind
from local.demo.detection import GroundTruth
from local.demo.message_tracing import DeliveredMessage
from local.fakes.messages import ON_SCREEN, ReceivedMessage
from local.terminal import WIDTH, Colour, fitted, table

WEEK = timedelta(days=7)
_MARGIN = "  │ "
_COLOURS = {"🔴": Colour.RED, "🟡": Colour.YELLOW, "🟢": Colour.GREEN, "⚪": Colour.GREY}
_WHO = 23
_TITLE = 44


class Recipients:
    """Who reads what goes to an address, as the routes name them: people by their names, desks by their receiver's."""

    def __init__(self, routes: Routes) -> None:
        people = [(target, person.name) for person in routes.people.by_email.values() for target in person.targets]
        desks = [(target, receiver.name) for receiver in routes.receivers.values() for target in receiver.targets]
        self._known: dict[str, tuple[Target, str]] = {
            target.address_key: (target, name) for target, name in [*desks, *people]
        }

    def name(self, message: ReceivedMessage) -> str:
        return self._known[message.lane][1] if message.lane in self._known else message.address

    def greeting(self, message: ReceivedMessage) -> str:
        """`Slack to Dana Reyes:`"""
        return f"{ON_SCREEN[message.channel]} to {self.name(message)}:"

    def language(self, message: ReceivedMessage) -> str:
        return self._known[message.lane][0].language if message.lane in self._known else "en"


def line(delivered: DeliveredMessage, who: str) -> str:
    """`14 Mar  Dana Reyes, Slack      🔴 Birch Foods is red: 61 → 38             active seats -14, logins -6`."""
    message = delivered.message
    start = f"{delivered.at:%d %b}  {fitted(f'{who}, {ON_SCREEN[message.channel]}', _WHO)}"
    title = fitted(message.title, max(_TITLE, columns(message.title) + 2))
    return (start + title + _shortened(delivered.why, WIDTH - columns(start + title))).rstrip()


def colour(message: ReceivedMessage) -> Colour | None:
    return _COLOURS.get(message.title[:1])


def framed(message: ReceivedMessage) -> list[str]:
    """The whole message, a bar at its side; what is too wide is folded as its reader's window would."""
    folded = (one for text in message.lines for one in wrapped(text, WIDTH - columns(_MARGIN)).split("\n"))
    return [f"{_MARGIN}{text}".rstrip() for text in folded]


def summary(delivered: Sequence[DeliveredMessage], alerts: Sequence[AlertSummary]) -> list[str]:
    """How many of the signals were told, in how many messages, and how many came twice."""
    by_channel = Counter(one.message.channel for one in delivered)
    channels = ", ".join(f"{ON_SCREEN[channel]} {by_channel[channel]}" for channel in Channel if by_channel[channel])
    repeated = sum(one.repeated for one in delivered)
    told_of = sum(alert.told for alert in alerts)
    return [
        f"Of {len(alerts)} signals {told_of} were told, in {len(delivered)} messages ({channels}); "
        f"{repeated or 'none'} of them came twice.",
    ]


def unsaid(alerts: Sequence[AlertSummary]) -> list[str]:
    """Why nothing was sent, by the reason that was decided last, and what those signals were."""
    kept: dict[str, list[AlertSummary]] = {}
    for alert in alerts:
        if not alert.told:
            kept.setdefault(alert.decisions[-1].reason if alert.decisions else "not decided", []).append(alert)
    rows = [
        (str(len(found)), reason, _most(Counter(plain(alert.to) for alert in found)))
        for reason, found in sorted(kept.items(), key=lambda item: -len(item[1]))
    ]
    return table(("signals", "why nothing was sent", "most of them"), rows)


def hurried(alerts: Iterable[AlertSummary], *, day: float) -> list[str]:
    """What the haste of the play has changed, if anything; a simulated day took `day` seconds."""
    gone = {DecisionReason.OVERTAKEN, DecisionReason.RECOVERED_BEFORE_TOLD}
    if not any(alert.decisions and alert.decisions[-1].reason in gone for alert in alerts if not alert.told):
        return []
    return [f"(A day takes {day:.1f} s here: what comes and goes within a day or two is over before it can be told.)"]


def burden(delivered: Iterable[DeliveredMessage], recipients: Recipients, *, weeks: float) -> list[str]:
    """How much everybody had to read; `weeks` is the time that was played."""
    moments: dict[tuple[str, str], list[DeliveredMessage]] = {}
    for one in delivered:
        key = recipients.name(one.message), ON_SCREEN[one.message.channel]
        moments.setdefault(key, []).append(one)
    rows = [
        (who, channel, str(len(got)), f"{len(got) / weeks:.1f}", str(_busiest(got)))
        for (who, channel), got in sorted(moments.items(), key=lambda item: -len(item[1]))
    ]
    return table(("who", "by", "messages", "a week", "most in a week"), rows)


def not_arrived(delivered: Iterable[DeliveredMessage], alerts: Iterable[AlertSummary]) -> set[str]:
    """Messages that alerts calls sent and nobody has got."""
    sent = {one.id for alert in alerts for one in alert.notifications if one.status is NotificationStatus.SENT}
    return sent - {one.notification_id for one in delivered}


def by_scenario(
    delivered: Iterable[DeliveredMessage], scenarios: Mapping[str, str]
) -> dict[str, list[DeliveredMessage]]:
    """In the order in which they came; `scenarios` names each account's hidden one."""
    found: dict[str, list[DeliveredMessage]] = {}
    for one in delivered:
        found.setdefault(scenarios[one.account_id], []).append(one)
    return found


def of_trouble(delivered: DeliveredMessage, truth: GroundTruth) -> bool:
    """Whether it came when there was trouble, and speaks of it: a renewal and a withdrawal do not."""
    of_trouble = delivered.alerts[0].kind not in (Kind.OUTCOME, Kind.RETRACTED)
    return truth.trouble is not None and delivered.at >= truth.trouble and of_trouble


def when(delivered: DeliveredMessage, truth: GroundTruth) -> str:
    """`12 days after it began, 40 days before they gave notice`."""
    parts = []
    if truth.trouble is not None:
        parts.append(f"{_days((delivered.at - truth.trouble).days)} after it began")
    if truth.leaves is not None and delivered.at < truth.leaves:
        parts.append(f"{_days((truth.leaves - delivered.at).days)} before they gave notice")
    return ", ".join(parts)


def _most(counted: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counted.most_common(3))


def _days(days: int) -> str:
    return f"{days} day{'' if days == 1 else 's'}"


def _busiest(delivered: Sequence[DeliveredMessage]) -> int:
    """The most that came in a calendar week."""
    weeks = sorted(tuple(one.at.isocalendar())[:2] for one in delivered)
    return max(len(list(group)) for _, group in groupby(weeks))


def _shortened(reasons: str, room: int) -> str:
    """As many of them, whole, as there is room for."""
    parts = reasons.split(", ")
    while parts and columns(", ".join(parts)) > room:
        parts.pop()
    return ", ".join(parts)
