import pytest
from hypothesis import Phase, settings

pytest_plugins = ["local.testing"]

# For the mutants: one counterexample is enough, and a shorter one is not looked for.
settings.register_profile("found", phases=[Phase.explicit, Phase.generate], derandomize=True)

# Whoever asks for one of these waits for PostgreSQL or for a broker.
SERVERS = {"postgres", "embedded_broker", "apache_broker", "kafka_jars"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what `make check` leaves out, and keeps together on one worker what shares a costly fixture."""
    for item in items:
        if SERVERS & set(getattr(item, "fixturenames", ())):
            item.add_marker("servers")
        # A system that all tests of a module ask is started once.
        if "tests/system" in item.path.as_posix():
            item.add_marker(pytest.mark.xdist_group(item.path.name))
