"""What the supervisor does with parts that die, by a clock of the test's own."""

from itertools import pairwise
from pathlib import Path

import pytest

from local.stack.local_stack import ManagedProcess
from local.stack.processes import ServerError
from local.stack.restart_policy import RestartPolicy
from local.stack.supervisor import Restarts, Supervisor


class Patient:
    """A part that runs until it is killed; `cured` is whether it runs on once it is started again."""

    def __init__(self, log: Path, *, name: str = "alerts", cured: bool = True) -> None:
        self.name = name
        self.cured = cured
        self.error: str | None = None
        self.starts = 0
        self._log = log
        self._pid: int | None = 100

    def kill(self) -> None:
        self._pid = None

    def part(self) -> ManagedProcess:
        return ManagedProcess(
            name=self.name,
            log=self._log,
            address="",
            pid=lambda: self._pid,
            start=self._start,
            why_not=lambda: None,
        )

    def _start(self) -> None:
        if self.error is not None:
            raise ServerError(self.error)
        self.starts += 1
        self._pid = 100 + self.starts if self.cured else None


class Watch:
    """A supervisor of some parts that looks every tenth of a second."""

    def __init__(self, *patients: Patient) -> None:
        self.now = 0.0
        self.said: list[str] = []
        self.reported: dict[str, Restarts] = {}
        self._supervisor = Supervisor(
            [patient.part() for patient in patients],
            now=lambda: self.now,
            say=self.said.append,
            report=self._report,
            policy=lambda: RestartPolicy(pauses=(1.0, 2.0, 4.0), steady_seconds=60.0),
        )

    def go_on(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self._supervisor.look()
            self.now += 0.1

    def _report(self, restarts: dict[str, Restarts]) -> None:
        self.reported = restarts


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "alerts.log"
    path.write_text("all was well\nno memory left\n")
    return path


def test_what_dies_is_told_with_its_last_words_and_started_after_a_pause(log: Path) -> None:
    patient = Patient(log)
    watch = Watch(patient)
    watch.go_on(1)
    patient.kill()

    watch.go_on(0.9)
    assert patient.starts == 0
    watch.go_on(0.3)

    assert patient.starts == 1
    assert watch.said[0].startswith(f"alerts (pid 100) has died; the last lines of {log}:")
    assert "    no memory left" in watch.said[0]
    assert watch.said[-1] == "alerts runs again (pid 101)"
    assert watch.reported == {"alerts": Restarts(1)}


def test_pauses_grow_and_in_the_end_it_is_given_up_while_the_others_are_watched_on(log: Path) -> None:
    lost, other = Patient(log, cured=False), Patient(log, name="ingest")
    watch = Watch(lost, other)
    watch.go_on(0.1)
    lost.kill()

    moments = []
    for _ in range(120):
        before = lost.starts
        watch.go_on(0.1)
        moments += [watch.now] if lost.starts > before else []

    assert [round(after - before) for before, after in pairwise(moments)] == [2, 4]
    assert lost.starts == 3
    assert [text for text in watch.said if text.startswith("GIVING UP on alerts: it has died 4 times in a row")]
    assert watch.reported["alerts"] == Restarts(3, gave_up=True)

    other.kill()
    watch.go_on(2)
    assert other.starts == 1


def test_what_has_lived_for_long_has_all_its_starts_again(log: Path) -> None:
    patient = Patient(log)
    watch = Watch(patient)
    for _ in range(5):
        watch.go_on(61)
        patient.kill()
        watch.go_on(1.3)

    assert patient.starts == 5
    assert not watch.reported["alerts"].gave_up


def test_a_start_that_fails_counts_as_a_death(log: Path) -> None:
    patient = Patient(log)
    patient.error = "no room for its data"
    watch = Watch(patient)
    watch.go_on(0.1)
    patient.kill()

    watch.go_on(10)

    assert watch.said.count("alerts cannot be started: no room for its data") == 3
    assert watch.reported["alerts"].gave_up


def test_what_somebody_else_has_started_meanwhile_is_not_started_twice(log: Path) -> None:
    patient = Patient(log)
    watch = Watch(patient)
    watch.go_on(0.1)
    patient.kill()
    watch.go_on(0.5)
    patient.part().start()

    watch.go_on(3)

    assert patient.starts == 1
