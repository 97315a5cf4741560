"""Which partition a key belongs in. Apart from the ports, for it imports aiokafka."""

from aiokafka.partitioner import murmur2


def partition_of(key: bytes, partitions: int) -> int:
    """The partition that Kafka's default partitioner chooses, so that all clients agree on it."""
    # Kafka makes the hash positive by clearing its sign bit.
    return int(murmur2(key) & 0x7FFFFFFF) % partitions
