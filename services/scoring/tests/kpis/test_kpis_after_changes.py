"""By hand: customers that were merged or erased, and what was learned late, in spans before and after."""

from typing import Any

import msgspec
import pytest

from scoring.health.moments import DAY
from scoring.kpis.entry_log import EntryLog, StoredEntry
from scoring.kpis.entry_view import EntryView
from scoring.kpis.kpi_list import KPIS
from scoring.kpis.kpi_report import Grouping, report
from scoring.kpis.kpi_rules import KpiRules
from scoring.kpis.span_figures import SpanFigures

JANUARY = 20_454  # the first of 2026
Q1 = (JANUARY, JANUARY + 89)
Q2 = (JANUARY + 90, JANUARY + 180)
# The tenth day of the second quarter, in days from the beginning of the year.
LATER = 99
OLD = {"contract_start": "2025-03-01"}
Said = tuple[int, str, str, dict[str, Any]]


def span(said: list[Said], days: tuple[int, int], *, rules: KpiRules | None = None) -> SpanFigures:
    log = EntryLog()
    for key, (day, account, name, body) in enumerate(said):
        at = (JANUARY + day) * DAY
        log.extend([StoredEntry(account, name, at, at, key, None, msgspec.json.encode(body).decode())])
    return SpanFigures(EntryView(log.table()), rules or KpiRules({}, None, ()), *days)


def figures(said: list[Said], days: tuple[int, int], *names: str, rules: KpiRules | None = None) -> list[float | None]:
    kpis = {kpi.name: kpi for kpi in KPIS}
    (group,), _ = report(
        span(said, days, rules=rules), [kpis[name] for name in names], filters={}, by=None, most_groups=1
    )
    return [group.figures[name].value for name in names]


def customer(account: str, arr: float | None, **more: Any) -> Said:
    return (0, account, "account.updated", {"arr": arr, **OLD, **more})


def merged(account: str, into: str, *, day: int = LATER) -> Said:
    return (day, account, "account.merged", {"merged_into": into, "status": "merged"})


RATES = ("gross_revenue_retention", "net_revenue_retention", "logo_churn_rate")


def test_a_merge_changes_nothing_of_the_spans_before_it() -> None:
    said = [customer("a", 100), customer("b", 50), merged("a", "b"), (LATER, "b", "account.updated", {"arr": 150})]
    assert figures(said, Q1, *RATES, "customers", "arr") == [1.0, 1.0, 0.0, 2, 150.0]
    assert figures(said, Q2, *RATES, "customers", "arr") == [1.0, 1.0, 0.0, 1, 150.0]


def test_who_left_before_a_merge_has_left() -> None:
    said = [customer("a", 100), customer("b", 50), (40, "a", "contract.ended", {"status": "churned"}), merged("a", "b")]
    assert figures(said, Q1, *RATES) == [50 / 150, 50 / 150, 0.5]


@pytest.mark.parametrize("start", ["2025-03-01", "2026-04-10"], ids=["its true start", "the day of the merge"])
@pytest.mark.parametrize("arr", [100, 130, 70])
def test_a_customer_under_a_new_id_begins_nothing(start: str, arr: float) -> None:
    said = [
        customer("a", 100),
        merged("a", "c"),
        (LATER + 2, "c", "account.updated", {"arr": arr, "contract_start": start}),
    ]
    assert figures(said, Q1, *RATES, "customers", "arr") == [1.0, 1.0, 0.0, 1, 100.0]
    names = ("customers", "net_new_bookings", "expansion_bookings", "net_revenue_retention")
    assert figures(said, Q2, *names) == [1, arr - 100, max(arr - 100, 0), arr / 100]
    # One lifetime: 306 days until the beginning of the year, 99 until the merge, and 82 under the new id.
    assert figures(said, Q2, "lifetime_value") == [pytest.approx((405 * 100 + 82 * arr) / 365.25)]


def test_an_account_that_was_known_before_the_merge_keeps_its_own_past() -> None:
    said = [customer("a", 100), (30, "b", "account.updated", {"arr": 50, **OLD}), merged("a", "b")]
    assert figures(said, Q1, "customers", "arr", "net_new_bookings") == [2, 150.0, 0.0]


def test_onboarding_goes_on_under_the_new_id() -> None:
    rules = KpiRules({"kickoff": 5, "first_value": 30}, "first_value", ())
    said: list[Said] = [
        (0, "a", "account.updated", {"arr": 100, "contract_start": "2026-01-01"}),
        (3, "a", "milestone.reached", {"step": "kickoff"}),
        merged("a", "c", day=10),
        (10, "c", "account.updated", {"arr": 100, "contract_start": "2026-01-11"}),
        (20, "c", "milestone.reached", {"step": "first_value"}),
    ]
    names = ("time_to_value", "activation_rate", "on_time_onboarding_rate")
    assert figures(said, Q1, *names, rules=rules) == [20.0, 1.0, 1.0]
    assert span(said, Q1, rules=rules).is_new.tolist() == [False, True]


def test_a_contract_that_was_cancelled_before_its_start_began_nothing() -> None:
    rules = KpiRules({}, "first_value", ())
    said: list[Said] = [
        (0, "a", "contract.started", {"arr": 100, "status": "active", "contract_start": "2026-02-01"}),
        (10, "a", "contract.ended", {"status": "churned"}),
    ]
    assert figures(said, Q1, "activation_rate", "customers", rules=rules) == [None, 0]


@pytest.mark.parametrize(("day", "lost"), [(31, 0.5), (59, 0.5), (20, 0.0)], ids=["on that day", "later", "before"])
def test_who_left_and_is_erased_has_left(day: int, lost: float) -> None:
    said: list[Said] = [
        customer("a", 100),
        customer("b", 100),
        (31, "a", "contract.ended", {"status": "churned"}),
        (day, "a", "account.erased", {}),
    ]
    if day < 31:  # nothing is kept of an account after its erasure
        del said[2]
    assert figures(said, Q1, *RATES) == [1 - lost, 1 - lost, lost]
    assert figures(said, Q1, "customer_churn_rate") == [lost]


@pytest.mark.parametrize("gone", [merged("a", "b"), (LATER, "a", "account.erased", {})], ids=["merged", "erased"])
def test_of_a_term_that_nobody_will_decide_nobody_is_asked(gone: Said) -> None:
    ends = {"contract_end": "2026-03-31"}
    renewed: Said = (80, "b", "contract.renewed", {"contract_end": "2027-03-31", "status": "active"})
    said = [customer("a", 100, **ends), customer("b", 100, **ends), renewed]
    names = ("up_for_decision", "resolution_rate", "final_renewal_rate")
    assert figures(said, Q1, *names) == [2, 0.5, 0.5]
    assert figures([*said, gone], Q1, *names) == [1, 1.0, 1.0]


def test_what_was_learned_first_of_a_contract_holds_whatever_came_before() -> None:
    """The product posts seats, and months later a CRM the contract, one field after the other."""
    said: list[Said] = [
        (10, "a", "account.updated", {"seats": 5}),
        (60, "a", "account.updated", {"contract_start": "2025-03-01"}),
        (LATER, "a", "account.updated", {"arr": 500}),
        customer("b", 100),
    ]
    names = ("customers", "arr", "net_new_bookings", "net_revenue_retention")
    assert figures(said, Q1, *names) == [2, 600.0, 0.0, 1.0]
    assert figures(said, Q2, *names) == [2, 600.0, 0.0, 1.0]
    assert figures(said, (JANUARY - 200, JANUARY - 100), *names) == [2, 600.0, 0.0, 1.0]


def test_a_tier_and_an_owner_hold_before_they_were_learned() -> None:
    said = [(LATER, "a", "account.updated", {"arr": 9_000, "owner": "ann@us.test", "segment": "smb", **OLD})]
    found = span(said, Q1, rules=KpiRules({}, None, ((5_000.0, "high"),)))
    for grouping, name in ((Grouping.OWNER, "ann@us.test"), (Grouping.SEGMENT, "smb"), (Grouping.TIER, "high")):
        ((group,), _) = report(found, [], filters={}, by=grouping, most_groups=5)
        assert group.group == name
