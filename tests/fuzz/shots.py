"""Requests to POST /v1/events, drawn from a seed: what is sent, and what may be said to it."""

import gzip
from dataclasses import dataclass
from random import Random

from fuzz import events, nasty
from fuzz.events import text

GOOD = "good"
HEADERS = "headers"
# How often each is drawn. Bombs and large bodies keep ingest busy for 10,000 times as long as others.
WEIGHTS = {
    GOOD: 200.0,
    HEADERS: 120.0,
    "values": 250.0,
    "literals": 100.0,
    "bytes changed": 150.0,
    "random bytes": 40.0,
    "deep": 20.0,
    "keys twice": 20.0,
    "long ids": 20.0,
    "lines": 60.0,
    "bad gzip": 20.0,
    "gzip bombs": 0.4,
    "large": 0.6,
}
_JSON = "application/json"
_TYPES = (
    *(_JSON, "application/x-ndjson", "text/plain", "", "application/json; charset=utf-16", "\x80\xff", "a" * 3_000),
    *("application/json;charset=UTF-8", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"),
)
_ENCODINGS = ("br", "deflate", "gzip, gzip", "GZIP", "x-gzip", "identity", "zstd", "\xff", "gzip;q=1", "")
_QUERIES = (
    *("?history=true", "?history=2", "?history=%ff", "?" + "a=b&" * 500, "?history=false&history=maybe", "?%00=%00"),
    "#x",
)
_IDEMPOTENCY = ("k", "", "x" * 255, "x" * 256, "\xe9", "a\tb")


@dataclass(frozen=True)
class Shot:
    """`good` is how many events must be accepted, None if that is not known. `may_be_cut`: answered before its end."""

    kind: str
    request: bytes
    good: int | None = None
    may_be_cut: bool = False


class Gun:
    """`keys` open ingest in its different ways: the right one first."""

    def __init__(self, seed: int, *, key: str, others: tuple[str, ...]) -> None:
        self._draw = Random(seed)
        self._key = key
        self._others = others
        self._kinds = list(WEIGHTS)
        self._weights = list(WEIGHTS.values())

    def next(self) -> Shot:
        draw = self._draw
        kind = draw.choices(self._kinds, self._weights)[0]
        if kind == GOOD:
            return self._good()
        if kind == HEADERS:
            return self._headers()
        body = nasty.MADE[kind](draw)
        packed = kind in ("bad gzip", "gzip bombs")
        if not packed and draw.random() < 0.1:
            body, packed = gzip.compress(body, 1, mtime=0), True
        lines = kind == "lines" or draw.random() < 0.15
        headers = {"content-type": "application/x-ndjson" if lines else _JSON}
        if packed:
            headers["content-encoding"] = "gzip"
        sent = request(body, headers, key=self._key, chunked=draw.random() < 0.1)
        return Shot(kind, sent, may_be_cut=kind in ("gzip bombs", "large"))

    def good(self, body: bytes) -> bytes:
        return request(body, {"content-type": _JSON}, key=self._key)

    def _good(self) -> Shot:
        posted = events.post(self._draw)
        count = len(posted) if isinstance(posted, list) else 1
        return Shot(GOOD, self.good(text(posted)), good=count)

    def _headers(self) -> Shot:
        """A good body with a bad head."""
        draw = self._draw
        headers, key, query = {"content-type": _JSON}, self._key, ""
        match draw.randrange(6):
            case 0:
                headers["content-type"] = draw.choice(_TYPES)
            case 1:
                headers["content-encoding"] = draw.choice(_ENCODINGS)
            case 2:
                query = draw.choice(_QUERIES)
            case 3:
                headers["idempotency-key"] = draw.choice(_IDEMPOTENCY)
            case 4:
                key = draw.choice(self._others)
            case _:
                name = draw.choice(("host", "x-forwarded-for", "cookie", "transfer", "te"))
                headers[name] = draw.choice(("[", "\xff", "x" * 9_000))
        return Shot(HEADERS, request(text(events.post(draw)), headers, key=key, query=query))


def request(body: bytes, headers: dict[str, str], *, key: str, query: str = "", chunked: bool = False) -> bytes:
    lines = [f"POST /v1/events{query} HTTP/1.1"]
    if "host" not in headers:
        lines.append("host: ingest")
    lines += [f"{name}: {value}" for name, value in headers.items()]
    length = "transfer-encoding: chunked" if chunked else f"content-length: {len(body)}"
    head = "\r\n".join([*lines, f"authorization: Bearer {key}", length]).encode("latin-1") + b"\r\n\r\n"
    if not chunked:
        return head + body
    return head + (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
