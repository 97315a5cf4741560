"""Which values of events a metric cannot use, and why."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from common.contracts.events import Event
from common.erasures.substitutes import substitute_id
from common.errors import Doubt
from scoring.cards.load import load
from scoring.health import Scorer
from scoring.partition.event_use import EventUse, UnusableKey, UnusableReason, UseCount, values_by_event
from scoring.worker.event_use_report import ERASED_FOR, EVERY, MOST_NAMES, EventUseReport

CARD = load(
    """
version: 1
metrics:
  people: {dimension: deployment, kind: distinct, event: session.started, key: user_id, half_life: 14d,
           curve: [[1, 0], [9, 100]]}
  breadth: {dimension: adoption, kind: distinct, event: feature.used, key: feature, half_life: 14d,
            curve: [[1, 0], [9, 100]]}
  clicks: {dimension: adoption, kind: rate, event: page.viewed, weight: clicks, half_life: 14d,
           curve: [[1, 0], [9, 100]]}
  tickets: {dimension: engagement, kind: ratio, num: ticket.opened, weight: severity, den: people, half_life: 14d,
            curve: [[0.1, 100], [3, 0]]}
  mood: {dimension: roi, kind: gauge, event: mood.read, value: score, key: user_id, read: mean, ttl: 60d,
         curve: [[0, 0], [10, 100]]}
  arr_ratio: {dimension: roi, kind: gauge, event: contract.changed, value: arr/arr_peak_12m, ttl: never,
              curve: [[0.5, 0], [1, 100]]}
  plan: {dimension: roi, kind: milestone, planned: true, weight: size}
weights: {default: {deployment: 25, engagement: 25, adoption: 25, roi: 25}}
bands: {default: {red: 40, yellow: 70}}
""",
    "card.yml",
)
AT = datetime(2026, 3, 1, tzinfo=UTC)


def happened(name: str, properties: dict[str, Any], *, user_id: str | None = "ann", event_id: str = "e-1") -> Event:
    return Event(event_id, "acme", name, AT, "web", AT, user_id=user_id, properties=properties)


def unusable(event: Event) -> set[tuple[str, str, str]]:
    use = EventUse(values_by_event(CARD))
    use.note(event, 1.0)
    return {(key.metric, key.property, key.reason.value) for key in use.unusable}


@pytest.mark.parametrize(
    ("name", "properties", "user_id", "expected"),
    [
        ("session.started", {}, None, {("people", "user_id", "missing")}),
        ("session.started", {}, "ann", set()),
        ("feature.used", {}, "ann", {("breadth", "feature", "missing")}),
        ("feature.used", {"feature": ["export"]}, "ann", {("breadth", "feature", "not_a_key")}),
        ("feature.used", {"feature": 7}, "ann", set()),
        ("page.viewed", {"clicks": "many"}, "ann", {("clicks", "clicks", "not_a_number")}),
        ("page.viewed", {"clicks": True}, "ann", {("clicks", "clicks", "not_a_number")}),
        ("page.viewed", {}, "ann", set()),  # it counts 1
        ("ticket.opened", {"severity": "high"}, "ann", {("tickets", "severity", "not_a_number")}),
        ("mood.read", {"score": "9"}, None, {("mood", "score", "not_a_number"), ("mood", "user_id", "missing")}),
        ("mood.read", {"score": 9}, "ann", set()),
        ("contract.changed", {"seats": 4}, None, set()),  # another change than that of the amount
        ("contract.changed", {"arr": "9,000"}, None, {("arr_ratio", "arr", "not_a_number")}),
        ("milestone.reached", {"step": 7}, None, {("plan", "step", "not_a_text")}),
        ("milestone.planned", {"step": "sso", "due": "soon"}, None, {("plan", "due", "not_a_moment")}),
        ("milestone.planned", {"step": "sso", "due": 9, "size": "S"}, None, {("plan", "size", "not_a_number")}),
        ("milestone.planned", {"step": "sso", "due": "2026-03-31"}, None, set()),
        ("nobody.listens", {"score": "9"}, None, set()),
    ],
)  # fmt: skip
def test_a_value_that_a_metric_cannot_use_is_noted_with_the_reason(
    name: str, properties: dict[str, Any], user_id: str | None, expected: set[tuple[str, str, str]]
) -> None:
    assert unusable(happened(name, properties, user_id=user_id)) == expected


def test_what_is_noted_is_what_changes_no_metric() -> None:
    """The note and the metric read a value alike."""
    scorer = Scorer(CARD, "card")
    values: list[Any] = ["9", True, None, [], {}, 1e19, 9, 9.5, -3]
    for value in values:
        event = happened("mood.read", {"score": value})
        account = scorer.create("acme")
        metric = next(each for each in account.metrics if each.name == "mood")
        assert metric.feed(event, AT.timestamp(), AT.timestamp(), account.context) is (unusable(event) == set()), value


def test_a_note_counts_and_keeps_the_last_event_as_a_sample() -> None:
    use = EventUse(values_by_event(CARD))
    for number, said in enumerate(("x" * 500, "high")):
        use.note(happened("ticket.opened", {"severity": said}, event_id=f"e-{number}"), float(number))
    key = UnusableKey("tickets", "ticket.opened", "severity", UnusableReason.NOT_A_NUMBER)
    assert list(use.unusable) == [key]
    assert (use.unusable[key].count, use.unusable[key].last_seen) == (2, 1.0)
    assert (use.unusable[key].sample.event_id, use.unusable[key].sample.value) == ("e-1", "'high'")
    assert (use.names()["ticket.opened"].count, use.names()["ticket.opened"].sample.event_id) == (2, "e-1")


class Store:
    """A store that is away until `back`."""

    def __init__(self) -> None:
        self.back = True
        self.names: dict[str, int] = {}
        self.scrubbed: list[str] = []
        self.values_scrubbed = 0

    async def write_event_use(self, names: Any, unusable: Any, *, most_names: int) -> None:
        if not self.back:
            raise Doubt("away")
        for name, count in names.items():
            self.names[name] = self.names.get(name, 0) + count.count

    async def scrub_event_use(self, account_ids: Collection[str]) -> None:
        if not self.back:
            raise Doubt("away")
        self.scrubbed += account_ids

    async def scrub_values(self) -> None:
        if not self.back:
            raise Doubt("away")
        self.values_scrubbed += 1


def used(*names: str) -> EventUse:
    use = EventUse(values_by_event(CARD))
    for name in names:
        use.note(happened(name, {}), 1.0)
    return use


async def test_what_cannot_be_written_is_written_later() -> None:
    store, now = Store(), [0.0]
    report = EventUseReport(store, steady=lambda: now[0])
    store.back = False
    report.add(used("a.b", "a.b"))
    await report.write_due()
    report.add(used("a.b", "c.d"))
    store.back = True
    await report.write_due()
    assert store.names == {}, "not before its time"
    now[0] += EVERY
    await report.write_due()
    assert store.names == {"a.b": 3, "c.d": 1}
    await report.write()
    assert store.names == {"a.b": 3, "c.d": 1}


async def test_made_up_names_leave_room_for_standard_ones() -> None:
    store = Store()
    report = EventUseReport(store, steady=lambda: 0.0)
    report.add(used(*(f"made_up.{n}" for n in range(MOST_NAMES + 7)), "Not A Name\0", "session.started"))
    await report.write()
    assert len(store.names) == MOST_NAMES + 1
    assert store.names["session.started"] == 1


def test_counts_add_up() -> None:
    first, second = used("a.b").names()["a.b"], used("a.b").names()["a.b"]
    second.last_seen = 9.0
    first.add(second)
    assert first == UseCount(2, 9.0, second.sample)


async def test_an_erased_account_is_no_sample_and_is_deleted_from_the_samples_for_a_while() -> None:
    """A write under way may still bring it."""
    store, now = Store(), [0.0]
    report = EventUseReport(store, steady=lambda: now[0])
    report.add(used("a.b"))
    report.forget("acme")
    store.back = False
    await report.write()
    store.back = True
    await report.write()
    assert (store.names, store.scrubbed) == ({"a.b": 1}, ["acme"])
    now[0] += ERASED_FOR
    await report.write_due()
    await report.write()
    assert store.scrubbed == ["acme", "acme"]


async def test_after_the_erasure_of_a_person_no_value_is_shown_and_all_are_deleted_for_a_while() -> None:
    store, now = Store(), [0.0]
    report, use = EventUseReport(store, steady=lambda: now[0]), EventUse(values_by_event(CARD))
    use.note(happened("ticket.opened", {"severity": "Ann's words"}), 1.0)
    report.add(use)
    await report.forget_values()
    assert [count.sample.value for count in use.unusable.values()] == [""]
    await report.write_due()
    store.back = False
    now[0] += ERASED_FOR
    await report.write_due()
    store.back = True
    now[0] += EVERY
    await report.write_due()
    now[0] += EVERY
    await report.write_due()
    assert store.values_scrubbed == 3, "at once, with the next write, and with the first one that comes later enough"


def test_what_an_erased_person_sent_is_not_shown() -> None:
    use = EventUse(values_by_event(CARD))
    use.note(replace(happened("ticket.opened", {"severity": "high"}), user_id=substitute_id("drawn")), 1.0)
    assert [count.sample.value for count in use.unusable.values()] == [""]
