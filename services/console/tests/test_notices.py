"""What a page says first: that its figures are not of now, and why."""

from datetime import UTC, datetime

import pytest

from console.clients.delay import ScoresDelay, ScoresDelayReason
from console.clients.scoring import ScoresFreshness
from console.errors import ServiceName
from console.languages.formats import Formats
from console.languages.locale import Locale
from console.web.notices import away_notices, delay_notices

AS_OF = datetime(2026, 3, 2, 12, tzinfo=UTC)
ENGLISH, JAPANESE = Formats(Locale.ENGLISH, UTC), Formats(Locale.JAPANESE, UTC)


def answer(reason: str | None) -> ScoresFreshness:
    return ScoresFreshness(total=1, as_of=AS_OF, held=None if reason is None else ScoresDelay(reason))


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (ScoresDelayReason.CATCHING_UP, "Scoring is behind: the figures are of Mar 2, 2026"),
        (ScoresDelayReason.NO_WORKER, "No scoring worker reports: the figures are of Mar 2, 2026"),
        ("a reason of a newer scoring", "As of Mar 2, 2026"),
    ],
)
def test_a_page_says_why_its_figures_are_not_of_now(reason: str, expected: str) -> None:
    (english,) = delay_notices(answer(reason), ENGLISH)
    (japanese,) = delay_notices(answer(reason), JAPANESE)
    assert english.startswith(expected)
    assert "2026/03/02" in japanese


@pytest.mark.parametrize("reason", [None, ScoresDelayReason.STREAM])
def test_what_is_of_now_or_of_a_stream_needs_no_notice(reason: str | None) -> None:
    assert delay_notices(answer(reason), ENGLISH) == []


def test_each_service_that_is_away_is_named() -> None:
    first, second = away_notices([ServiceName.SCORING, ServiceName.ALERTS], ENGLISH)
    assert "scoring" in first
    assert "alerts" in second
