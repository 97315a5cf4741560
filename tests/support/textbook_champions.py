"""The silence of the champions, worked out anew from the whole history: who they are, and when they were seen."""

import math
from datetime import datetime

from common.contracts.events import Event
from scoring.health.metrics.silence.definition import Silence
from support.textbook_history import History
from support.textbook_metrics import Line, suspicion


def champions_suspicion(history: History, metric: Silence) -> Line | None:
    """None while nobody is a champion.

    Everybody is seen at first when they become one. With each who is one no more the active days begin anew. The last
    word on somebody has the say, in the order of its time.
    """
    words: dict[str, list[tuple[float, int, bool]]] = {}
    champions: dict[str, float] = {}
    ever: dict[str, float] = {}
    days: list[int] = []
    for logged in history.log:
        who, word = logged.event.user_id, said(logged.event)
        moment = max(logged.moment, history.born_at(logged.place))
        if who is None:
            continue
        if word is not None:
            words.setdefault(who, []).append((logged.moment, logged.place, word))
            if not max(words[who])[2]:
                days = [] if champions.pop(who, None) is not None else days
            elif who not in champions:
                champions[who] = ever[who] = max(moment, ever.get(who, -math.inf))
        if logged.event.name in metric.events and moment > champions.get(who, math.inf):
            champions[who] = ever[who] = moment
            day = datetime.fromtimestamp(moment, history.zone_at(logged.place)).toordinal()
            if not days or day > days[-1]:
                days.append(day)
    return suspicion(metric, max(*champions.values(), history.born), days) if champions else None


def said(event: Event) -> bool | None:
    """Whether the person whom an event names is a champion; None if it says nothing of that."""
    if event.name == "champion.left":
        return False
    champion = event.properties.get("champion", "nothing") if event.name == "user.updated" else "nothing"
    return champion is True if champion is None or isinstance(champion, bool) else None
