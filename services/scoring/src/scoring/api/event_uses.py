"""Which names of events the card uses, which nobody uses, and which values its metrics could not use."""

from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache

from common.catalogue.events import STANDARD_EVENTS
from common.catalogue.names import nearest_name
from scoring.api import event_use_answers
from scoring.api.parameters import EventNameParameters
from scoring.api.snapshot_reader import SnapshotReader
from scoring.health import Card
from scoring.health.facts import RETRACTED, WRITES
from scoring.health.moments import to_datetime
from scoring.health.overrides import OVERRIDDEN
from scoring.partition.event_use import UnusableKey, UseCount


class EventUseQueries:
    def __init__(self, snapshots: SnapshotReader) -> None:
        self._snapshots = snapshots

    async def event_uses(self, asked: EventNameParameters) -> event_use_answers.EventUses:
        async with self._snapshots.open() as (reader, snapshot):
            counts = await snapshot.event_names()
            unusable = await snapshot.unusable_values()
        card = reader.scorer.card
        users = users_by_event(card)
        # What the card waits for in vain comes first.
        listed = [*sorted(users.keys() - counts.keys()), *counts][: asked.limit]
        metrics = {metric.name for metric in card.metrics}
        values = [_unusable(key, count) for key, count in unusable.items() if key.metric in metrics]
        keeps = {f"metric {metric.name}" for metric in card.metrics if not metric.can_retract}
        not_retractable = frozenset({"retraction", *keeps})
        return event_use_answers.EventUses(
            names=tuple(
                _name_use(name, counts.get(name), users.get(name, ()), not_retractable=not_retractable)
                for name in listed
            ),
            unused=sum(count.count for name, count in counts.items() if name not in users),
            unusable=tuple(values[: asked.limit]),
            card_id=reader.scorer.card_id,
        )


def users_by_event(card: Card) -> Mapping[str, tuple[str, ...]]:
    """What listens to each name: "metric logins", "flag payment_failed", "outcome churned", "facts", "override".

    Retractions have "retraction".
    """
    found: dict[str, list[str]] = defaultdict(list)
    found[RETRACTED].append("retraction")
    found[OVERRIDDEN].append("override")
    for name in WRITES:
        found[name].append("facts")
    for metric in card.metrics:
        for name in metric.listens:
            found[name].append(f"metric {metric.name}")
    for flag in card.flags:
        for name in (*flag.events, *flag.clear_on):
            found[name].append(f"flag {flag.name}")
    for outcome in card.outcomes:
        for name in outcome.events:
            found[name].append(f"outcome {outcome.name}")
    return {name: tuple(dict.fromkeys(users)) for name, users in found.items()}


def _name_use(
    name: str, count: UseCount | None, users: tuple[str, ...], *, not_retractable: frozenset[str]
) -> event_use_answers.EventNameUse:
    standard = name in STANDARD_EVENTS
    return event_use_answers.EventNameUse(
        name=name,
        standard=standard,
        count=0 if count is None else count.count,
        used_by=users,
        retractable=tuple(user for user in users if user not in not_retractable),
        last_seen=None if count is None else to_datetime(count.last_seen),
        account_id=None if count is None else count.sample.account_id,
        event_id=None if count is None else count.sample.event_id,
        # A name that the card uses is meant as it is.
        nearest=None if standard or users else _nearest(name),
    )


def _unusable(key: UnusableKey, count: UseCount) -> event_use_answers.UnusableValue:
    return event_use_answers.UnusableValue(
        metric=key.metric,
        event=key.event,
        property=key.property,
        reason=key.reason,
        count=count.count,
        last_seen=to_datetime(count.last_seen),
        account_id=count.sample.account_id,
        event_id=count.sample.event_id,
        value=count.sample.value,
    )


@lru_cache(maxsize=2000)
def _nearest(name: str) -> str | None:
    """Cached: a comparison with all names of the catalogue takes half a millisecond."""
    return nearest_name(name, STANDARD_EVENTS)
