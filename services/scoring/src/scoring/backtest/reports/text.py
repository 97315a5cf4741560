"""The whole report, as it is printed."""

from collections.abc import Iterator

from scoring.backtest.back_test import BackTest
from scoring.backtest.reports import comparison, figures, people
from scoring.core_form import core_form
from scoring.health.moments import DAY, to_date, to_datetime


def describe(back_test: BackTest, *, seconds: float) -> Iterator[str]:
    yield from _describe_recording(back_test, seconds)
    yield ""
    yield from people.describe(back_test.runs[0], back_test)
    changes = comparison.compare(back_test)
    if changes is not None:
        yield ""
        yield from comparison.describe(changes)
    yield ""
    yield from figures.describe(back_test)


def _describe_recording(back_test: BackTest, seconds: float) -> Iterator[str]:
    recording, population = back_test.recording, back_test.population
    last = to_datetime(recording.end - 1)
    yield (
        f"Card {back_test.runs[0].card_id} over {recording.events:,} events of {len(recording.accounts):,} accounts, "
        f"{to_date(recording.first_day)} to {last:%Y-%m-%d} ({recording.end / DAY - recording.first_day:.0f} days)."
    )
    if back_test.half is not None:
        yield f"Judged: the {population.size:,} accounts of half {back_test.half}."
    yield f"Done by people, and so counted as activity: {', '.join(back_test.activity) or 'nothing'}."
    if recording.duplicates:
        yield f"{recording.duplicates:,} duplicates were left out."
    if recording.imported:
        yield f"{recording.imported:,} events of imports were taken as if they had come live."
    if recording.unreadable:
        yield f"{recording.unreadable:,} records could not be read by this release, and were left out."
    mismatches = sum(trace.mismatches for run in back_test.runs for trace in run.traces)
    if mismatches:
        yield f"{mismatches:,} receipts did not add up: that is a bug of the core."
    yield f"{seconds:.0f} s with the {core_form()} core."
