"""Systems post plans and reached milestones every night: entries are bounded, and KPIs are those of all events."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from common.contracts.events import Event
from scoring.cards.load import load
from scoring.health import Scorer
from scoring.kpis.entry_log import PLAN_OF, REACHED_OF, EntryLog, StoredEntry
from scoring.kpis.entry_view import LAST_DAY, EntryView
from scoring.partition.kpi_entries import KpiEntry, entry_of, restatements
from support.cards import SMALL
from support.examples import examples
from support.scoring_harness import DAY, START, event

CARD = SMALL.replace("planned: true, grace: 7d}", "planned: true, grace: 7d, steps: {first_value: 30d}}", 1)


def reached(at: float, event_id: str, step: str = "first_value") -> Event:
    return event("acme", "milestone.reached", at, event_id=event_id, properties={"step": step})


def retracted(at: float, event_id: str) -> Event:
    return event("acme", "event.retracted", at, event_id=f"r {event_id}", properties={"event_id": event_id})


def entries_of(*posted: tuple[Event, float]) -> list[KpiEntry]:
    """Of events with their record times."""
    scorer = Scorer(load(CARD, "card"), "card", strict=True)
    account, found = scorer.create("acme"), list[KpiEntry]()
    for one, recorded in posted:
        if (entry := entry_of(one, account, recorded=recorded)) is not None:
            found += [entry, *restatements(one, account, recorded=recorded)]
        scorer.apply(account, one, recorded)
    return found


def view(entries: list[KpiEntry]) -> EntryView:
    log = EntryLog()
    log.extend(
        StoredEntry(
            one.account_id, one.name, one.at, one.known_at, one.key, None, msgspec.json.encode(one.said).decode()
        )
        for one in entries
    )
    return EntryView(log.table())


def first(entries: list[KpiEntry], step: str = "first_value") -> float | None:
    """When KPIs say that the step was reached first."""
    moments = view(entries).first_moments(f"{REACHED_OF}{step}")
    return moments[0] if len(moments) and moments[0] != float("inf") else None


def test_a_step_that_is_posted_every_night_has_two_entries() -> None:
    nights = [(reached(at := START + night * DAY, f"e-{night}"), at) for night in range(30)]
    found = entries_of(*nights)
    assert [one.at for one in found] == [START, START + DAY]
    assert first(found) == START
    # The same moment each time, as a CRM says it.
    found = entries_of(*[(reached(START, f"e-{night}"), START + night * DAY) for night in range(30)])
    assert [(one.at, one.known_at) for one in found] == [(START, START), (START, START + DAY)]


def test_if_the_first_is_retracted_the_step_was_reached_by_the_second_and_the_next_is_kept_again() -> None:
    nights = [(reached(at := START + night * DAY, f"e-{night}"), at) for night in range(9)]
    at = START + 8 * DAY
    found = entries_of(*nights[:8], (retracted(at, "e-0"), at), *nights[8:])
    assert [one.at for one in found if "step" in one.said] == [START, START + DAY, START + 8 * DAY]
    assert first(found) == START + DAY


def test_an_earlier_time_that_arrives_later_is_the_first() -> None:
    late = (reached(START - DAY, "late"), START + 9 * DAY)
    found = entries_of(*[(reached(at := START + night * DAY, f"e-{night}"), at) for night in range(9)], late)
    assert len(found) == 3
    assert first(found) == START - DAY


def test_each_event_of_a_step_that_no_metric_takes_makes_an_entry() -> None:
    """Nothing of it is in the state. This metric takes only steps that the card names, or that were planned."""
    card = CARD.replace("planned: true, ", "", 1)
    scorer = Scorer(load(card, "card"), "card", strict=True)
    account, found = scorer.create("acme"), 0
    for night in range(3):
        one = reached(START + night * DAY, f"e-{night}", "unheard of")
        found += entry_of(one, account, recorded=START + night * DAY) is not None
        scorer.apply(account, one, START + night * DAY)
    assert found == 3


@settings(max_examples=examples(200), deadline=None)
@given(
    posts=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5)), max_size=25),
    taken_back=st.tuples(st.integers(0, 25), st.integers(0, 25)) | st.none(),
)
def test_with_one_retraction_kpis_are_those_of_all_events(
    posts: list[tuple[int, int]], taken_back: tuple[int, int] | None
) -> None:
    """Posts are (hours late, hours since the one before); a retraction is (which one, after how many)."""
    now, logged, standing = START, list[tuple[Event, float]](), dict[str, float]()
    for number, (late, hours) in enumerate(posts):
        now += hours * 3600
        if taken_back is not None and number == taken_back[1]:
            logged.append((retracted(now, f"e-{taken_back[0]}"), now))
            standing.pop(f"e-{taken_back[0]}", None)
        at = now - late * 3600
        logged.append((reached(at, f"e-{number}"), now))
        standing[f"e-{number}"] = at
    found = entries_of(*logged)
    assert first(found) == min(standing.values(), default=None)


def planned(at: float, event_id: str, due: str) -> Event:
    properties = {"step": "first_value", "due": due}
    return event("acme", "milestone.planned", at, event_id=event_id, properties=properties)


def plan(entries: list[KpiEntry]) -> float | None:
    """The day that KPIs take for the plan in the end, in days since the epoch."""
    days = view(entries).values(f"{PLAN_OF}first_value", LAST_DAY)
    return days[0] if len(days) and days[0] == days[0] else None


def test_a_plan_that_is_posted_every_night_has_two_entries() -> None:
    nights = [(planned(at := START + night * DAY, f"e-{night}", "2026-05-01"), at) for night in range(30)]
    found = entries_of(*nights)
    assert [one.at for one in found] == [START, START + DAY]
    # A moment is of another day elsewhere, so the state has no day to compare it with.
    moments = [(planned(at := START + night * DAY, f"e-{night}", "2026-05-01T12:00:00Z"), at) for night in range(3)]
    assert len(entries_of(*moments)) == 3


def test_another_plan_counts_and_gives_way_to_the_nights_after_it() -> None:
    nights = [(planned(at := START + night * DAY, f"e-{night}", "2026-05-01"), at) for night in range(30)]
    moved = (planned(START + 30 * DAY, "moved", "2026-06-01"), START + 30 * DAY)
    assert plan(entries_of(*nights, moved)) == 20_605
    late = (planned(START + 10.5 * DAY, "late", "2026-06-01"), START + 30 * DAY)
    assert plan(entries_of(*nights, late)) == 20_574


def test_if_a_plan_is_retracted_the_night_before_it_counts() -> None:
    nights = [(planned(at := START + night * DAY, f"e-{night}", "2026-05-01"), at) for night in range(9)]
    at = START + 9 * DAY
    assert plan(entries_of(*nights, (retracted(at, "e-0"), at))) == 20_574
    moved = (planned(at, "moved", "2026-06-01"), at)
    assert plan(entries_of(*nights, moved, (retracted(at + 1, "moved"), at + 1))) == 20_574


@settings(max_examples=examples(200), deadline=None)
@given(posts=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5), st.sampled_from([1, 2])), max_size=25))
def test_the_plan_of_kpis_is_the_newest_of_all_events(posts: list[tuple[int, int, int]]) -> None:
    """Posts are (hours late, hours since the one before, day of May)."""
    now, logged, newest = START, list[tuple[Event, float]](), (0.0, 0)
    for number, (late, hours, day) in enumerate(posts):
        now += hours * 3600
        at = now - late * 3600
        logged.append((planned(at, f"e-{number}", f"2026-05-0{day}"), now))
        newest = max(newest, (at, day), key=lambda one: one[0]) if at != newest[0] else (at, day)
    assert plan(entries_of(*logged)) == (20_573 + newest[1] if posts else None)
