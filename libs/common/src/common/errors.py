"""Errors of a worker, named by what it does about them.

WorkerError
├── Doubt             drop what is in memory of the partition and open it again: nobody knows what was written
│   ├── Fenced        the same: another worker wrote first, and nothing of ours was written
│   └── Unreachable   the same after a pause: PostgreSQL or Kafka did not do what it was asked
├── PartitionStopped  handle no more of this partition and say why; the others go on
└── StopWorker        end the process and say why: only a person can decide
"""


class WorkerError(Exception):
    pass


class Doubt(WorkerError):
    pass


class Fenced(Doubt):
    pass


class Unreachable(Doubt):
    pass


class PartitionStopped(WorkerError):
    """`details` go into the log beside the reason."""

    def __init__(self, reason: str, **details: object) -> None:
        super().__init__(reason)
        self.details = details


class StopWorker(WorkerError):
    pass
