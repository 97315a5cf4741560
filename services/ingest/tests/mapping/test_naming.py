"""Names in anybody's style become `object.verbed`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.catalogue.names import is_event_name
from ingest.mapping.naming import to_event_name

STYLES = [
    # One name in all the styles that products use.
    ("Report Exported", "report.exported"),
    ("report exported", "report.exported"),
    ("reportExported", "report.exported"),
    ("ReportExported", "report.exported"),
    ("report_exported", "report.exported"),
    ("report-exported", "report.exported"),
    ("REPORT_EXPORTED", "report.exported"),
    ("report.exported", "report.exported"),
    ("Report: Exported!", "report.exported"),
    ("  report  exported ", "report.exported"),
    ("Exported Report", "report.exported"),
    # The object has several words, or the verb has.
    ("User Logged In", "user.logged_in"),
    ("Monthly Usage Report Exported", "monthly_usage_report.exported"),
    ("Signed Up", "user.signed_up"),
    # A past tense that does not end in "ed".
    ("Invoice Sent", "invoice.sent"),
    ("Seat Bought Today", "seat.bought_today"),
    # What ends in "ed" and is none.
    ("News Feed Opened", "news_feed.opened"),
    # Without a past tense the last word is what happened.
    ("Checkout Start", "checkout.start"),
    ("Login", "user.login"),
    # Abbreviations and numbers.
    ("APIKey Created", "api_key.created"),
    ("PDFExported", "pdf.exported"),
    ("S3 Sync Failed", "s3_sync.failed"),
    ("Step 2 Completed", "step_2.completed"),
]


@pytest.mark.parametrize(("text", "name"), STYLES)
def test_a_name_in_any_style_becomes_ours(text: str, name: str) -> None:
    assert to_event_name(text) == name


@pytest.mark.parametrize(
    "text",
    [
        # Letters beyond a-z would have to be guessed.
        "Größe geändert",
        "ありがとう",
        "Отчёт выгружен",
        # Nothing to make a name of.
        "",
        "  ",
        "42",
        "!!!",
        "x" * 500,
    ],
)
def test_a_name_that_cannot_become_ours_is_none(text: str) -> None:
    assert to_event_name(text) is None


@given(st.text(max_size=200))
def test_whatever_comes_is_one_of_our_names_or_none(text: str) -> None:
    name = to_event_name(text)
    assert name is None or is_event_name(name)


@given(st.text("abcXYZ _-.0123456789", max_size=60))
def test_a_name_of_ours_stays_as_it_is(text: str) -> None:
    """What is sent again in our spelling is the same event."""
    name = to_event_name(text)
    assert name is None or to_event_name(name) == name
