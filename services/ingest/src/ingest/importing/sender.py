"""Posts events to ingest in batches, and says which of them it refused."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

import msgspec
from msgspec import Struct

from ingest.events.answers import ItemStatus, PostEventsAnswer
from ingest.importing.errors import ImportFailed, RowError
from ingest.importing.rows import EventToPost, RefusedRow

# Below the bounds of one request to ingest: 10,000 events, 5 MB.
BATCH_EVENTS: Final = 5000
BATCH_BYTES: Final = 3_000_000
_answer: msgspec.json.Decoder[PostEventsAnswer] = msgspec.json.Decoder(PostEventsAnswer)


class PostedAnswer(Protocol):
    @property
    def status_code(self) -> int: ...
    @property
    def content(self) -> bytes: ...


Post = Callable[[bytes, dict[str, str]], PostedAnswer]
"""Posts a body with these parameters until ingest has answered 2xx or 422."""


class BatchAnswer(Struct, frozen=True):
    """`repeated` counts events with account and id of an earlier one in the batch: only the first counts."""

    accepted: int = 0
    repeated: int = 0
    refused: Sequence[RefusedRow] = ()


class EventSender:
    """Posts events. `history` as in POST /v1/events."""

    def __init__(self, post: Post, *, history: bool) -> None:
        self._post = post
        self._parameters = {"history": "true"} if history else {}

    def send(self, events: Sequence[EventToPost], *, dry_run: bool = False) -> BatchAnswer:
        """Returns when ingest has taken or refused each event. Raises `ImportFailed`."""
        if not events:
            return BatchAnswer()
        parameters = {**self._parameters, "dry_run": "true"} if dry_run else self._parameters
        posted = self._post(b"\n".join(event.body for event in events), parameters)
        try:
            answer = _answer.decode(posted.content)
        except msgspec.DecodeError as error:
            raise ImportFailed(
                f"this is no answer of ingest ({posted.status_code}): {posted.content[:200]!r}"
            ) from error
        if answer.accepted + answer.rejected != len(events):
            raise ImportFailed(f"ingest answered about {len(answer.items)} of {len(events)} events")
        repeated = sum(1 for item in answer.items if item.duplicate)
        return BatchAnswer(answer.accepted, repeated, [*_refused(events, answer)])


def _refused(events: Sequence[EventToPost], answer: PostEventsAnswer) -> Iterator[RefusedRow]:
    for item in answer.items:
        if item.status is ItemStatus.REJECTED:
            errors = tuple(RowError(error.field, error.reason, error.detail) for error in item.errors)
            yield RefusedRow(events[item.index].row, errors)
