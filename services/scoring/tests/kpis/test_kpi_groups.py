"""Groups of accounts and filters of them, by what they are at the end of the span."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from scoring.kpis.entry_log import EntryLog, StoredEntry
from scoring.kpis.entry_view import EntryView
from scoring.kpis.kpi_report import NO_VALUE, Grouping, report
from scoring.kpis.kpi_rules import KpiRules
from scoring.kpis.span_figures import SpanFigures

DAY = 86_400.0
FIRST = 20_454  # 2026-01-01
FACTS = {
    "acme": {"contract_start": "2026-01-05", "tier": "high", "owner": "Eva@us.test", "arr": 100},
    "bolt": {"contract_start": "2026-01-20", "tier": "low", "owner": " eva@US.test "},
    "core": {"contract_start": "2026-02-01", "tier": "low"},
    "dusk": {"contract_start": "2026-02-02", "owner": "tom@us.test"},
    "nobody's": {"tier": "high"},  # never had a contract
}


def span(tiers: Sequence[tuple[float, str]] = (), **more: Mapping[str, Any]) -> SpanFigures:
    log = EntryLog()
    for account_id, facts in {**FACTS, **more}.items():
        body = msgspec.json.encode(facts).decode()
        log.extend([StoredEntry(account_id, "account.updated", (FIRST + 3) * DAY, FIRST * DAY, 1, None, body)])
    return SpanFigures(EntryView(log.table()), KpiRules({}, None, tiers), FIRST, FIRST + 59)


def groups(by: Grouping | None, *, most: int = 10, **filters: Sequence[str]) -> list[tuple[str | None, int]]:
    asked: Mapping[Grouping, Sequence[str]] = {Grouping(name): values for name, values in filters.items()}
    found, more = report(span(), [], filters=asked, by=by, most_groups=most)
    assert more == (most < 10)
    return [(one.group, one.accounts) for one in found]


def test_groups_are_the_largest_first_then_by_name() -> None:
    assert groups(Grouping.TIER) == [("low", 2), (NO_VALUE, 1), ("high", 1)]
    assert groups(Grouping.COHORT) == [("2026-01", 2), ("2026-02", 2)]
    assert groups(Grouping.SEGMENT) == [(NO_VALUE, 4)]
    assert groups(Grouping.TIER, most=1) == [("low", 2)]


def test_spellings_of_an_owner_are_one_group() -> None:
    assert groups(Grouping.OWNER) == [("eva@us.test", 2), (NO_VALUE, 1), ("tom@us.test", 1)]


def test_filters_hold_together_and_may_ask_for_those_without_a_value() -> None:
    assert groups(None, tier=["low", "high"]) == [(None, 3)]
    assert groups(None, tier=[NO_VALUE]) == [(None, 1)]
    assert groups(None, tier=["low"], cohort=["2026-02"]) == [(None, 1)]
    assert groups(Grouping.TIER, owner=["eva@us.test"]) == [("high", 1), ("low", 1)]


def test_a_value_that_no_account_has_selects_nobody() -> None:
    assert groups(None, segment=["enterprise"]) == [(None, 0)]
    assert groups(Grouping.TIER, segment=["enterprise"]) == []
    assert groups(None, segment=[NO_VALUE]) == [(None, 4)]


def test_a_tier_that_nobody_posted_is_that_of_the_revenue() -> None:
    """As the card says it, with the lowest tier below all its amounts; a tier that was posted stays."""
    found, _ = report(
        span(((50_000.0, "high"), (5_000.0, "mid")), east={"arr": 50_000}, firm={"arr": 6_000}, gone={"arr": 4_999}),
        [],
        filters={},
        by=Grouping.TIER,
        most_groups=10,
    )
    assert {one.group: one.accounts for one in found} == {"high": 2, "low": 2, "mid": 1, "tech": 1, NO_VALUE: 1}
