import gzip
import random
import zlib

import pytest

from ingest.errors import BodyErrorReason, BodyRefused
from ingest.receiving.content_encoding import body_decoder

# Without the time of day, which would be in the names of tests: workers have to agree on those.
HELLO = gzip.compress(b"hello", mtime=0)


def inflated(body: bytes, *, limit: int = 1000, step: int = 7) -> bytes:
    unpacking = body_decoder("gzip", limit=limit)
    out = b"".join(unpacking.feed(body[at : at + step]) for at in range(0, len(body), step))
    unpacking.finish()
    return out


@pytest.mark.parametrize("step", [1, 2, 7, 1000])
def test_a_body_is_decoded_alike_in_chunks_of_any_size(step: int) -> None:
    text = random.Random(1).randbytes(500)
    assert inflated(gzip.compress(text), step=step) == text


def test_a_gzip_body_may_have_several_members() -> None:
    assert inflated(gzip.compress(b"one,") + gzip.compress(b"") + gzip.compress(b"two")) == b"one,two"


def test_exactly_the_limit_is_taken_and_one_byte_more_is_not() -> None:
    assert len(inflated(gzip.compress(b"x" * 1000))) == 1000
    with pytest.raises(BodyRefused, match="over 1000 bytes") as refused:
        inflated(gzip.compress(b"x" * 1001))
    assert refused.value.reason is BodyErrorReason.INFLATED_TOO_LARGE


def test_the_limit_holds_for_all_members_together() -> None:
    with pytest.raises(BodyRefused) as refused:
        inflated(gzip.compress(b"x" * 600) * 2)
    assert refused.value.reason is BodyErrorReason.INFLATED_TOO_LARGE


def test_a_decompression_bomb_is_refused_at_the_limit() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    unpacking = body_decoder("gzip", limit=1000)
    with pytest.raises(BodyRefused):
        unpacking.feed(bomb)


@pytest.mark.parametrize(
    "body",
    [
        b'{"account_id":"a"}',  # not compressed at all
        HELLO[:-1],  # cut short
        HELLO + b"x",  # something behind it
        HELLO[:-8] + b"\0" * 8,  # another checksum
        zlib.compress(b"hello"),  # zlib, not gzip
        gzip.compress(b"", mtime=0) * 101,  # nobody needs so many members
    ],
)
def test_what_is_not_gzip_is_refused(body: bytes) -> None:
    with pytest.raises(BodyRefused) as refused:
        inflated(body)
    assert refused.value.reason is BodyErrorReason.BAD_COMPRESSION


@pytest.mark.parametrize("name", [None, "", "identity", "Identity"])
def test_a_body_without_an_encoding_is_unchanged(name: str | None) -> None:
    unpacking = body_decoder(name, limit=1)
    assert unpacking.feed(b"hello") == b"hello"
    unpacking.finish()


@pytest.mark.parametrize("name", ["br", "deflate", "zstd", "gzip, gzip"])
def test_other_encodings_are_named_in_the_refusal(name: str) -> None:
    with pytest.raises(BodyRefused, match=name) as refused:
        body_decoder(name, limit=1)
    assert refused.value.reason is BodyErrorReason.UNKNOWN_ENCODING
