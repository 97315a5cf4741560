import pytest

# Not test modules by name, but full of assertions: this comes before they are imported.
pytest.register_assert_rewrite(
    "bus_contract", "bus_harness", "bus_reading", "bus_writing", "kafka_bus", "partition_store"
)

from partition_log import Log  # noqa: E402
from partition_store import StoringService  # noqa: E402


@pytest.fixture
async def log() -> Log:
    built = Log(partitions=2)
    await built.create()
    return built


@pytest.fixture
async def service() -> StoringService:
    return StoringService()
