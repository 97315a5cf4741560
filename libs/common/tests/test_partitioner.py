import pytest

from common.bus.partitioner import partition_of


# From Kafka's own UtilsTest.testMurmur2, there as signed numbers.
@pytest.mark.parametrize(
    ("key", "signed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_a_key_belongs_where_kafka_puts_it(key: bytes, signed: int) -> None:
    assert partition_of(key, 12) == (signed & 0x7FFFFFFF) % 12
