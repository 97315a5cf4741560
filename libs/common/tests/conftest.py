import pytest

# Not test modules by name, but full of assertions.
pytest.register_assert_rewrite(
    "bus_contract", "bus_harness", "bus_reading", "bus_writing", "kafka_bus", "partition_store"
)
