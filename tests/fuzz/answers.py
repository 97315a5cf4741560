"""What may be answered to anything at all."""

from collections import Counter
from dataclasses import dataclass, field

import msgspec
from msgspec import Struct

from fuzz.shots import Shot

PROBLEM = "application/problem+json"
DOCUMENTED = frozenset({202, 400, 401, 403, 408, 413, 415, 422, 431})
_SHOWN = 300


class Fault(Struct):
    """What, where and why of one item."""

    field: str
    reason: str
    detail: str


class Item(Struct):
    index: int
    status: str
    errors: list[Fault] = []


class Said(Struct):
    """Of an answer: either how many were taken, or the problem."""

    accepted: int = 0
    rejected: int = 0
    items: list[Item] = []
    type: str = ""
    title: str = ""
    status: int = 0
    code: str = ""
    detail: str = ""


_decoder = msgspec.json.Decoder(Said)


class Answer(Struct, frozen=True):
    """`body` is whole. Status 0: the connection ended without one."""

    status: int
    content_type: str = ""
    body: bytes = b""


@dataclass
class Score:
    """What came of all shots. `violations` are the first few, with what was sent."""

    by_kind: Counter[str] = field(default_factory=Counter)
    by_status: Counter[int] = field(default_factory=Counter)
    by_code: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    rejected: int = 0
    unanswered: int = 0
    violations: list[str] = field(default_factory=list)

    def take(self, shot: Shot, answer: Answer) -> None:
        self.by_kind[shot.kind] += 1
        self.by_status[answer.status] += 1
        if answer.status == 0 and shot.may_be_cut:
            self.unanswered += 1
            return
        if wrong := self._wrong(shot, answer):
            self.violate(f"{shot.kind}: {wrong}: {shot.request[:_SHOWN]!r} -> {answer.status} {answer.body[:_SHOWN]!r}")

    def violate(self, text: str) -> None:
        self.violations.append(text)

    def _wrong(self, shot: Shot, answer: Answer) -> str | None:
        if answer.status not in DOCUMENTED:
            return f"status {answer.status}"
        try:
            said = _decoder.decode(answer.body)
        except msgspec.DecodeError as error:
            return f"not as the document says: {error}"
        self.accepted += said.accepted
        self.rejected += said.rejected
        self.by_code[said.code] += 1
        if shot.good is not None and said.accepted != shot.good:
            return f"{said.accepted} of {shot.good} good events were taken"
        return _success(said, answer) if answer.status == 202 else _problem(said, answer)


def _success(said: Said, answer: Answer) -> str | None:
    if answer.content_type != "application/json":
        return f"content type {answer.content_type}"
    if said.accepted == 0 or said.accepted + said.rejected != len(said.items):
        return "the counts do not fit"
    return _items(said)


def _problem(said: Said, answer: Answer) -> str | None:
    if answer.content_type != PROBLEM:
        return f"content type {answer.content_type}"
    if said.status != answer.status or not (said.type and said.title and said.code and said.detail):
        return "not a whole problem"
    if answer.status == 422 and (said.accepted or len(said.items) != said.rejected or not said.items):
        return "the counts do not fit"
    return _items(said)


def _items(said: Said) -> str | None:
    for item in said.items:
        if (item.status == "rejected") != bool(item.errors):
            return f"item {item.index} is {item.status} with {len(item.errors)} errors"
        if not all(fault.reason and fault.detail for fault in item.errors):
            return f"item {item.index} is not told why"
    return None
