"""As much of Kafka's produce protocol as a broker needs to say no: versions 3 to 8, on frames without their length."""

import struct
from collections.abc import Callable

OLDEST, NEWEST = 3, 8
_REQUEST_ID = struct.Struct(">hhi")  # api, version, correlation
_NOTHING = -1


class _Reader:
    """Walks over a frame; `at` is where it stands."""

    def __init__(self, frame: bytes, at: int) -> None:
        self.frame = frame
        self.at = at

    def take(self, form: str) -> int:
        (value,) = struct.unpack_from(form, self.frame, self.at)
        self.at += struct.calcsize(form)
        number: int = value
        return number

    def text(self) -> bytes:
        length = max(0, self.take(">h"))
        self.at += length
        return self.frame[self.at - length : self.at]

    def skip_bytes(self) -> None:
        length = self.take(">i")
        self.at += max(0, length)


def refusal(request: bytes, code: int) -> bytes:
    """The answer of a broker that wrote nothing of what this request holds."""
    _, version, correlation = _REQUEST_ID.unpack_from(request)
    _check(version)
    reader = _Reader(request, _REQUEST_ID.size)
    reader.text()  # the client's name
    reader.text()  # the transaction
    reader.take(">h")  # acks
    reader.take(">i")  # its patience
    topics = _each(reader, lambda: _refused_topic(reader, version, code))
    return struct.pack(">i", correlation) + topics + struct.pack(">i", 0)


def denial(answer: bytes, version: int, code: int, *, partition: int | None = None) -> bytes:
    """This answer, but every partition, or this one, has failed, whatever was written."""
    _check(version)
    changed = bytearray(answer)
    reader = _Reader(answer, struct.calcsize(">i"))
    for _ in range(reader.take(">i")):
        reader.text()
        for _ in range(reader.take(">i")):
            if reader.take(">i") == partition or partition is None:
                struct.pack_into(">h", changed, reader.at, code)
            _skip_partition(reader, version)
    return bytes(changed)


def _refused_topic(reader: _Reader, version: int, code: int) -> bytes:
    name = reader.text()
    partitions = _each(reader, lambda: _refused_partition(reader, version, code))
    return struct.pack(">h", len(name)) + name + partitions


def _refused_partition(reader: _Reader, version: int, code: int) -> bytes:
    number = reader.take(">i")
    reader.skip_bytes()
    said = struct.pack(">ihqq", number, code, _NOTHING, _NOTHING)
    said += struct.pack(">q", _NOTHING) if version >= 5 else b""
    return said + (struct.pack(">ih", 0, _NOTHING) if version >= 8 else b"")


def _skip_partition(reader: _Reader, version: int) -> None:
    """From the error code on."""
    reader.at += struct.calcsize(">hqq") + (struct.calcsize(">q") if version >= 5 else 0)
    if version >= 8:
        for _ in range(reader.take(">i")):
            reader.take(">i")
            reader.text()
        reader.text()


def _each(reader: _Reader, one: Callable[[], bytes]) -> bytes:
    count = reader.take(">i")
    return struct.pack(">i", count) + b"".join(one() for _ in range(count))


def _check(version: int) -> None:
    if not OLDEST <= version <= NEWEST:
        raise ValueError(f"produce version {version} is not known here")
