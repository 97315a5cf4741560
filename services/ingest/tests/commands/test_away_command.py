"""`python -m ingest away`: every account of the country is told once, whatever the services answer meanwhile."""

import argparse
from datetime import UTC, date, datetime

import httpx
import msgspec
import pytest

from ingest.commands.away import AwayFailed, AwayPlan, add_arguments, post, run
from ingest.events.answers import answer_for
from ingest.events.batch import RequestContext, parse_items
from ingest.events.body_items import BodyFormat, split_body
from ingest.receiving.bounds import BOUNDS

PLAN = AwayPlan("DE", date(2026, 8, 3), date(2026, 8, 14), "summer")
NOON = datetime(2026, 7, 30, 12, tzinfo=UTC)


class Services:
    """Scoring with accounts in pages, and ingest with its own check; `failing` are answers before the good ones."""

    def __init__(self, *pages: list[str], failing: tuple[int, ...] = ()) -> None:
        self.pages = pages
        self.failing = list(failing)
        self.asked: list[dict[str, str]] = []
        self.taken: list[tuple[str, str, dict[str, str]]] = []
        self.dry = 0

    def scoring(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(dict(request.url.params))
        index = int(request.url.params.get("cursor", "0"))
        following = str(index + 1) if index + 1 < len(self.pages) else None
        accounts = [{"account_id": each, "name": each} for each in self.pages[index]]
        return httpx.Response(200, json={"accounts": accounts, "next_cursor": following, "total": 3})

    def ingest(self, request: httpx.Request) -> httpx.Response:
        if self.failing:
            return httpx.Response(self.failing.pop(0), text="not now")
        context = RequestContext(source="web", received_at=NOON, history=False)
        items = split_body(request.content, BodyFormat.JSON, BOUNDS)
        batch = parse_items(items, context, bounds=BOUNDS, new_id=lambda: "never")
        if request.url.params.get("dry_run") == "true":
            self.dry += len(batch.accepted)
        else:
            self.taken += [
                (each.event.account_id, each.event.event_id, each.event.properties) for each in batch.accepted
            ]
        return httpx.Response(202, content=msgspec.json.encode(answer_for(batch)))

    def post(self, *, dry_run: bool = False) -> int:
        scoring, ingest = (
            httpx.Client(transport=httpx.MockTransport(handler), base_url="http://test")
            for handler in (self.scoring, self.ingest)
        )
        return post(PLAN, scoring, ingest, dry_run=dry_run, sleep=lambda seconds: None)


def test_each_account_of_the_country_is_told_with_an_id_that_stays() -> None:
    services = Services(["acme", "bolt"], ["core"])

    assert (services.post(), services.post()) == (3, 3)

    assert services.asked[0] == {"country": "DE", "sort": "name", "limit": "500"}
    days = {"from": "2026-08-03", "until": "2026-08-14", "reason": "summer"}
    first, second = services.taken[:3], services.taken[3:]
    assert first == second
    assert first == [(each, "away-DE-2026-08-03-2026-08-14", days) for each in ("acme", "bolt", "core")]


def test_a_dry_run_has_the_events_checked_and_tells_nobody() -> None:
    services = Services(["acme"])

    assert services.post(dry_run=True) == 1
    assert (services.dry, services.taken) == (1, [])


def test_no_account_of_the_country_is_no_error() -> None:
    assert Services([]).post() == 0


def test_a_service_that_is_busy_is_asked_again() -> None:
    services = Services(["acme"], failing=(503, 429))

    assert services.post() == 1
    assert [each[0] for each in services.taken] == ["acme"]


@pytest.mark.parametrize("status", [401, 403, 422])
def test_what_will_not_be_taken_is_told_with_how_many_were(status: int) -> None:
    services = Services(["acme"], ["bolt"], failing=(status,))

    with pytest.raises(AwayFailed, match=rf"ingest answered {status}: not now \(0 accounts were told before"):
        services.post()


def test_a_service_that_stays_busy_is_given_up() -> None:
    with pytest.raises(AwayFailed, match="ingest answered 503"):
        Services(["acme"], failing=(503,) * 100).post()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--country", "DE", "--from", "2026-08-14", "--until", "2026-08-03"], "--until 2026-08-03 is before --from"),
        (["--country", "de", "--from", "2026-08-03", "--until", "2026-08-14"], "READ_KEY is not set"),
    ],
)
def test_what_is_missing_is_said(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(_arguments(words), {}) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--country", "Germany"], ["--country", "DE", "--from", "August"]])
def test_words_that_are_no_country_or_day_are_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit):
        _arguments(words)


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(words)
