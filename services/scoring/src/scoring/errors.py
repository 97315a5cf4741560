"""Named by what the worker does about them.

ScoringError
├── Doubt            drop the partition's memory and open it again: nobody knows whether the commit was written
│   ├── Fenced       the same at once: another writer was first
│   └── Unreachable  the same after a pause: the database does not answer
└── StopWorker       end the process: only a person can decide
"""


class ScoringError(Exception):
    pass


class Doubt(ScoringError):
    pass


class Fenced(Doubt):
    pass


class Unreachable(Doubt):
    pass


class StopWorker(ScoringError):
    pass
