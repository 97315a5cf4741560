import gc
import os
from typing import Any

import pytest
import structlog
from hypothesis import Phase, settings
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

pytest_plugins = ["local.testing", "support.loop", "support.starts", "support.watchdog"]

# What is collected stays: to look through it for garbage again and again takes two of six seconds.
gc.disable()

# How long an example takes says nothing on a machine that does other things too.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
# For the mutants: one counterexample is enough, and a shorter one is not looked for.
settings.register_profile("found", deadline=None, phases=[Phase.explicit, Phase.generate], derandomize=True)

# By its own form structlog takes a quarter of a second for each exception that a test has logged.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)

# Whoever asks for one of these waits for PostgreSQL or for a broker.
SERVERS = {"postgres", "embedded_broker", "apache_broker", "kafka_jars"}
# These need Chromium.
BROWSER_FILES = "services/console/tests/browser/"
# The tests of such a file run on one worker: they share what is costly to make (a browser), or the ports of `make up`.
WHOLE_FILES = (
    "tests/system/",
    BROWSER_FILES,
    "tests/bench/test_bench_silent.py",
    "deploy/local/tests/stack/test_stack.py",
    "deploy/local/tests/demo/test_dataset.py",
)
# Without these files too `make check` is quick; each computes for seconds.
SLOW_FILES = (
    "services/scoring/tests/backtest/",
    "services/scoring/tests/health/test_next_crossing.py",
    "services/scoring/tests/health/test_function_of_records.py",
    "services/scoring/tests/health/test_first_look_function.py",
    "services/scoring/tests/health/test_journey_function.py",
    "services/ingest/tests/mapping/test_any_message.py",
    "services/ingest/tests/sources/test_judgement.py",
    "services/ingest/tests/webhooks/test_any_message.py",
    "deploy/local/tests/demo/test_dataset.py",
    "tests/bench/test_bench_workload.py",
)
# Every third worker begins with the tests that start no process: they compute while the others wait for theirs.
EVERY = 3


def computes(worker: str) -> bool:
    """Whether this worker (gw0, gw1, ...) begins with the tests that start no process."""
    return int(worker.removeprefix("gw")) % EVERY == EVERY - 1


def pytest_configure(config: pytest.Config) -> None:
    worker = getattr(config, "workerinput", {}).get("workerid")
    if worker is not None and computes(worker):
        # Whoever waits for a process goes first, at a ratio of two to one.
        os.nice(3)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks what `make check` leaves out; workers begin with that."""
    for item in items:
        if SERVERS & set(getattr(item, "fixturenames", ())):
            item.add_marker("servers")
        if item.nodeid.startswith(SLOW_FILES):
            item.add_marker("slow")
        if item.nodeid.startswith(BROWSER_FILES):
            item.add_marker("tools")
    # Tests with processes take up to half a minute. At the end of the run one worker would do them while others idle.
    if hasattr(config, "workerinput"):
        items.sort(key=_order)


def _order(item: pytest.Item) -> tuple[bool, bool]:
    """The longest first: whole files, then other tests with processes."""
    return not item.nodeid.startswith(WHOLE_FILES), item.get_closest_marker("servers") is None


def pytest_collection_finish() -> None:
    gc.freeze()
    # Python skips a full collection while few objects are new beside the old ones. Of frozen ones it counts none, so it
    # would collect fully for each 70,000 new objects: a tenth of all time.
    gc.set_threshold(100_000, 50, 100)
    gc.enable()


class FileScheduling(LoadScopeScheduling):
    """Gives workers tests one by one, but `WHOLE_FILES` as they are.

    xdist's own `loadgroup` does nothing with pytest 9.2, which made the ids of tests read-only.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return path if path.startswith(WHOLE_FILES) else nodeid

    def _assign_work_unit(self, node: WorkerController) -> None:
        if computes(node.gateway.id):
            self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
        super()._assign_work_unit(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FileScheduling:
    return FileScheduling(config, log)
