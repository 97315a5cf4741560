"""The two years of which the page about an account is measured."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from bench.account_page import ACCOUNT, ALL_DAYS, two_years
from common.catalogue.events import STANDARD_EVENTS

END = datetime(2026, 3, 31, tzinfo=UTC)


def test_events_come_in_the_order_of_time_within_two_years() -> None:
    events = list(two_years(END))
    moments = [one.time for one in events]
    assert moments == sorted(moments)
    assert moments[0] == END - timedelta(days=ALL_DAYS)
    assert moments[-1] < END
    assert len({one.event_id for one in events}) == len(events) > 3_000
    assert {one.account_id for one in events} == {ACCOUNT}
    assert list(two_years(END)) == events


def test_most_tickets_are_resolved_and_some_are_open() -> None:
    names = Counter(one.name for one in two_years(END))
    assert names["ticket.opened"] >= names["ticket.answered"] > names["ticket.resolved"] > 150
    assert names["nps.answered"] > 100
    assert names.keys() <= STANDARD_EVENTS.keys()
