"""Errors of a worker, named by what it does about them.

WorkerError
├── Doubt            drop what is in memory of the partition and open it again: nobody knows what was written
│   ├── Fenced       the same: another worker wrote first, and nothing of ours was written
│   └── Unreachable  the same after a pause: PostgreSQL or Kafka did not do what it was asked
└── StopWorker       end the process and say why: only a person can decide
"""


class WorkerError(Exception):
    pass


class Doubt(WorkerError):
    pass


class Fenced(Doubt):
    pass


class Unreachable(Doubt):
    pass


class StopWorker(WorkerError):
    pass
