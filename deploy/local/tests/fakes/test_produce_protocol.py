"""A broker's no, as aiokafka's own classes read it."""

import struct
from io import BytesIO

import pytest
from aiokafka.protocol.produce import (
    ProduceRequest_v3,
    ProduceRequest_v5,
    ProduceRequest_v7,
    ProduceResponse_v3,
    ProduceResponse_v5,
    ProduceResponse_v7,
    ProduceResponse_v8,
)

from local.fakes import produce_protocol

DISK_FULL = 56
VERSIONS = [
    (ProduceRequest_v3, ProduceResponse_v3),
    (ProduceRequest_v5, ProduceResponse_v5),
    (ProduceRequest_v7, ProduceResponse_v7),
]
TOPICS = [("events", [(2, b"some records"), (0, b"more")]), ("signals", [(1, b"")])]


def _codes(answer: ProduceResponse_v3) -> dict[tuple[str, int], int]:
    return {(topic, each[0]): each[1] for topic, partitions in answer.topics for each in partitions}


@pytest.mark.parametrize(("request_class", "answer_class"), VERSIONS)
def test_a_refusal_names_every_partition_of_the_request(
    request_class: type[ProduceRequest_v3], answer_class: type[ProduceResponse_v3]
) -> None:
    head = struct.pack(">hhih", 0, request_class.API_VERSION, 77, 3) + b"web"
    request = head + request_class(None, -1, 1000, TOPICS).encode()
    answer = produce_protocol.refusal(request, DISK_FULL)
    assert struct.unpack_from(">i", answer) == (77,)
    read = answer_class.decode(BytesIO(answer[4:]))
    assert _codes(read) == dict.fromkeys([("events", 2), ("events", 0), ("signals", 1)], DISK_FULL)


@pytest.mark.parametrize("answer_class", [*(answer for _, answer in VERSIONS), ProduceResponse_v8])
def test_a_denial_changes_the_codes_and_nothing_else(answer_class: type[ProduceResponse_v3]) -> None:
    more = {3: (), 5: (4,), 7: (4,), 8: (4, [(1, "why")], "because")}[answer_class.API_VERSION]
    partitions = [(n, 0, 10 + n, -1, *more) for n in range(2)]
    taken = answer_class([("events", partitions), ("signals", partitions[:1])], 0)
    denied = produce_protocol.denial(struct.pack(">i", 5) + taken.encode(), answer_class.API_VERSION, 7)
    changed = [(n, 7, *rest) for n, _, *rest in partitions]
    assert denied == struct.pack(">i", 5) + answer_class([("events", changed), ("signals", changed[:1])], 0).encode()


def test_a_version_of_another_shape_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="version 9"):
        produce_protocol.refusal(struct.pack(">hhih", 0, 9, 1, -1), DISK_FULL)
