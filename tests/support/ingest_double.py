"""Ingest as the console's data page sees it, without a database: the answers are those of ingest's own types."""

from datetime import UTC, datetime, timedelta

import httpx
import msgspec

from ingest.errors import FieldError, FieldErrorReason
from ingest.rejects.answers import RejectAnswer, RejectsAnswer
from ingest.sources.judgement import SourceStatus
from ingest.sources.report import SourceAnswer, SourceHour, SourcesAnswer, SourceSummary, SourceVolume
from ingest.sources.store import AnnouncementStatus
from support.portfolio_double import LONG, SCRIPT

NOW = datetime(2026, 3, 31, 12, 30, tzinfo=UTC)


def summary(source: str, status: SourceStatus) -> SourceSummary:
    return SourceSummary(
        source=source,
        status=status,
        has_key=True,
        last_received_at=NOW - timedelta(hours=5),
        last_event_at=None,
        this_hour=3,
        last_hour=SourceVolume(0, 80.0),
        last_day=SourceVolume(1_500, 1_900.0),
        history=0,
        refused={"bad_time": 40},
        not_standard=12,
        unknown_names=(),
        lag_seconds=10,
        silent_since=NOW - timedelta(hours=5) if status is SourceStatus.SILENT else None,
        announcement=AnnouncementStatus.NONE,
    )


SOURCES = (summary("app", SourceStatus.SILENT), summary("web", SourceStatus.USUAL))


def rejected(number: int) -> RejectAnswer:
    return RejectAnswer(
        received_at=NOW - timedelta(minutes=number),
        source="web",
        key_id="k1",
        format="segment",
        label=LONG if number % 2 else SCRIPT,
        message_id=f"m-{number}",
        reason="no_account",
        errors=(FieldError("account_id", FieldErrorReason.NO_ACCOUNT, SCRIPT),),
        dead_letter=f"0:{number}",
    )


def _answer(request: httpx.Request) -> httpx.Response:
    path, query = request.url.path, request.url.params
    answer: msgspec.Struct
    if path == "/v1/sources":
        answer = SourcesAnswer(NOW, True, SOURCES)
    elif path == "/v1/sources/app":
        whole = NOW.replace(minute=0)
        hours = [SourceHour(whole - timedelta(hours=back), back % 90, 80.0, 0, 0) for back in range(336)]
        answer = SourceAnswer(NOW, True, SOURCES[0], None, hours)
    elif path == "/v1/rejects":
        first = int(query.get("before", "0"))
        following = first + int(query["limit"])
        answer = RejectsAnswer([rejected(number) for number in range(first, following)], following)
    else:
        return httpx.Response(404, json={"code": "not_found", "detail": "no such path"})
    return httpx.Response(200, content=msgspec.json.encode(answer))


INGEST = httpx.MockTransport(_answer)
