"""Values, texts and bytes that have broken parsers before."""

import gzip
import struct
import zlib
from collections.abc import Callable, Mapping
from copy import deepcopy
from random import Random
from typing import Any

from fuzz import events
from fuzz.events import text

Make = Callable[[Random], bytes]

VALUES: tuple[Any, ...] = (
    *(None, True, False, [], {}, "", " ", 0, -0.0, -1, 1e308, -1e308, 5e-324, 1e15, 1e15 + 1, 2**53 + 1, 2**63, 2**64),
    *(float("nan"), float("inf"), float("-inf"), 10**400, "\x00", "a\x00b", "\ud800", "\udfff\ud800", "\ufeff"),
    *("\u202e", "\U0001d4b3" * 100, "\uff19\uff19\uff19\uff19-01-01T00:00:00Z", "{{7*7}}", "%s%n", "${x}"),
    *("é" * 128, "é" * 129, "x" * 8192, "x" * 8193, "a/../b", "'; DROP TABLE x; --"),
    *("1e999", "NaN", "null", "true", "2026-02-30T00:00:00Z", "2026-01-31T09:00:00", "9999-12-31T23:59:59Z"),
    *("0001-01-01T00:00:00Z", "2026-01-31T24:00:00Z", "2016-12-31T23:59:60Z", "1969-12-31T23:59:59Z", "2026-01-31"),
    *("2026-01-31T09:00:00+23:59", "2026-01-31T09:00:00.123456789123Z"),
    *([[]], [[[[[[[[[]]]]]]]]], {"": ""}, {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": 1}}}}}}}}, ["x"] * 300),
)  # fmt: skip
FIELDS = ("event_id", "account_id", "user_id", "name", "time", "properties", "source", "received_at", "type", "history")
PROPERTIES = ("score", "step", "due", "arr", "tier", "owner", "seats", "contract_end", "contract_start", "time_zone")
# As JSON text that no encoder would write.
LITERALS = (
    b"NaN", b"-Infinity", b"1e999", b"-1e999", b"1E400", b"-0", b"-0.0", b"00", b"1.", b".5", b"+1", b"0x10",
    b"1" * 400, b"0." + b"1" * 5000, b"1e-999", b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\u0000"', b'"\\x41"',
    b'"\xc0\x80"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"', b'"\t"', b"'a'", b"tru", b"nul", b"[1,]", b"{,}",
    b'"\xff\xfe"', b"/**/1", b"18446744073709551616", b'{"a":1,"a":2}', b'{"a" 1}', b'"a', b"\xef\xbb\xbf1",
)  # fmt: skip


def deep(draw: Random) -> bytes:
    """JSON nested 5 to 200,000 deep, whole or cut off."""
    depth = draw.choice((5, 8, 9, 100, 900, 1_100, 5_000, 200_000 if draw.random() < 0.02 else 20_000))
    opened, closed = draw.choice(((b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")))
    inside = opened * depth + (b"1" + closed * depth if draw.random() < 0.7 else b"")
    if draw.random() < 0.5:
        return b'{"account_id":"a","name":"a.b","properties":{"p":' + inside + b"}}"
    return inside


def literal(draw: Random) -> bytes:
    """A good event but for one value, spelled badly."""
    event = events.event(draw)
    where = draw.choice((*FIELDS, *PROPERTIES))
    (event if where in FIELDS else event["properties"])[where] = "@here@"
    return text(event).replace(b'"@here@"', draw.choice(LITERALS))


def tree(draw: Random) -> bytes:
    """A good post but for some values, of any kind."""
    posted = events.post(draw)
    for event in posted if isinstance(posted, list) else [posted]:
        for _ in range(draw.randint(0, 3)):
            if draw.random() < 0.5:
                event[draw.choice(FIELDS)] = deepcopy(draw.choice(VALUES))
            elif isinstance(event.get("properties"), dict):
                event["properties"][draw.choice(PROPERTIES)] = deepcopy(draw.choice(VALUES))
    return text(posted)


def flipped(draw: Random) -> bytes:
    """A good post with some of its bytes changed, lost, doubled or moved."""
    body = bytearray(text(events.post(draw)))
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(body) + 1)
        match draw.randrange(5):
            case 0:
                body[at : at + 1] = bytes([draw.randrange(256)])
            case 1:
                del body[at : at + draw.randint(1, 20)]
            case 2:
                body[at:at] = draw.randbytes(draw.randint(1, 8))
            case 3:
                body[at:at] = body[at : at + 30]
            case _:
                body = body[:at] if draw.random() < 0.3 else body[at:] + body[:at]
    return bytes(body)


def random(draw: Random) -> bytes:
    return draw.randbytes(draw.choice((0, 1, 2, 7, 40, 400)))


def doubled_keys(draw: Random) -> bytes:
    event = text(events.event(draw))
    return event[:-1] + b"," + text({draw.choice(FIELDS): draw.choice(("again", 1, None))})[1:]


def long_ids(draw: Random) -> bytes:
    long = draw.choice("xé\U0001d4b3") * draw.choice((127, 128, 129, 1_000, 30_000, 40_000))
    return text({**events.event(draw), draw.choice(FIELDS[:4]): long})


def lines(draw: Random) -> bytes:
    """NDJSON with good and bad lines, blank ones and all ends of line."""
    made = [draw.choice((tree, literal, flipped, random))(draw) for _ in range(draw.randint(1, 5))]
    made.append(text(events.event(draw)))
    return draw.choice((b"\n", b"\r\n", b"\n\n", b"\r", b"\x0b", "\u2028".encode())).join(made)


def bomb(draw: Random) -> bytes:
    """Kilobytes that inflate to 1 to 60 MB."""
    inside = draw.choice((b"\0", b"[", b'{"a":1},', b"[1,", b" ", b"\n"))
    return gzip.compress(inside * (draw.choice((1, 19, 21, 60)) * 1_000_000 // len(inside)), 9, mtime=0)


def bad_gzip(draw: Random) -> bytes:
    """Cut short, changed, within itself, in too many members, or with a wrong sum."""
    packed = bytearray(gzip.compress(text(events.post(draw)), 1, mtime=0))
    match draw.randrange(6):
        case 0:
            return bytes(packed[: draw.randrange(len(packed))])
        case 1:
            packed[draw.randrange(len(packed))] = draw.randrange(256)
        case 2:
            return gzip.compress(packed, mtime=0)
        case 3:
            return (
                b"".join(gzip.compress(b"", 1, mtime=0) for _ in range(draw.choice((2, 99, 100, 101, 3_000)))) + packed
            )
        case 4:
            packed[-8:-4] = struct.pack("<I", 1)
        case _:
            return bytes(packed) + draw.choice((b"\0" * 100, b"more", b"\x1f\x8b", zlib.compress(b"x")))
    return bytes(packed)


def large(draw: Random) -> bytes:
    """Around every bound of a whole body: bytes, items, lines, values."""
    match draw.randrange(6):
        case 0:
            return b"[" + b",".join([b"{}"] * draw.choice((9_999, 10_000, 10_001, 200_000))) + b"]"
        case 1:
            return b"[" + b"1," * draw.choice((100_000, 1_000_000)) + b"1]"
        case 2:
            return text([{**events.event(draw), "properties": {"p": "x" * 4_000}} for _ in range(1_000)])
        case 3:
            return b"x" * draw.choice((4_999_999, 5_000_001, 6_000_000))
        case 4:
            return b'{"account_id":"a","name":"a.b","properties":{"p":"' + b"x" * draw.choice((30_000, 40_000)) + b'"}}'
        case _:
            return b"\n" * draw.choice((10_000, 30_000))


MADE: Mapping[str, Make] = {
    "values": tree,
    "literals": literal,
    "bytes changed": flipped,
    "random bytes": random,
    "deep": deep,
    "keys twice": doubled_keys,
    "long ids": long_ids,
    "lines": lines,
    "bad gzip": bad_gzip,
    "gzip bombs": bomb,
    "large": large,
}
