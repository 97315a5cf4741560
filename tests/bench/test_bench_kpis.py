"""The customers of the bench say what their KPIs need, in the order of the log, and no two in the same words."""

from collections import Counter
from datetime import UTC, datetime

from bench.kpis import ALL_DAYS, history, questions
from scoring.api.kpi_parameters import KpiParameters
from scoring.health.moments import day_number
from scoring.kpis.entry_log import EntryLog, StoredEntry
from scoring.kpis.entry_view import EntryView
from scoring.kpis.kpi_list import KPIS
from scoring.kpis.kpi_report import report
from scoring.kpis.kpi_rules import KpiRules
from scoring.kpis.span_figures import SpanFigures
from scoring.postgres.kpi_entries import parameters

TODAY = datetime(2026, 3, 31, tzinfo=UTC)
MANY = frozenset({"kpi", "tier", "cohort"})


def test_entries_come_in_the_order_of_the_log_and_within_two_years() -> None:
    for seed in range(50):
        entries = history("acme", seed, today=TODAY)
        moments = [entry.at for entry in entries]
        assert moments == sorted(moments)
        assert moments[0] >= TODAY.timestamp() - ALL_DAYS * 86_400
        assert moments[-1] < TODAY.timestamp()
        keys = Counter(entry.key for entry in entries if entry.key is not None)
        assert set(keys.values()) == {1}


def test_every_kpi_has_a_value() -> None:
    log = EntryLog()
    for seed in range(400):
        columns = parameters(history(f"account {seed}", seed, today=TODAY))
        log.extend(StoredEntry(*row) for row in zip(*list(columns.values())[:7], strict=True))
    rules = KpiRules({"kickoff": 7.0, "sso_live": 21.0, "first_value": 30.0}, "first_value")
    last = day_number(TODAY.date()) - 1
    span = SpanFigures(EntryView(log.table()), rules, last - 364, last)
    ((whole,), _) = report(span, KPIS, filters={}, by=None, most_groups=1)
    unknown = {name for name, figure in whole.figures.items() if figure.value is None}
    # Nobody answers CSAT here.
    assert unknown == {"csat"}
    assert 0.8 < (whole.figures["retention_rate"].value or 0) < 1.0


def test_the_api_takes_every_question() -> None:
    for query in questions(TODAY).values():
        asked = KpiParameters.model_validate(
            {name: value for name, value in query.items() if name not in MANY}
            | {name: [value] if isinstance(value := query[name], str) else list(value) for name in MANY & set(query)}
        )
        assert asked.spans(today=TODAY.date())
