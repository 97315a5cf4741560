"""Named by what the worker does about them.

ScoringError
├── Doubt            drop all memory of the partition and read it again: whether it was written is unknown
│   ├── Fenced       another writer was first: the same, and counted apart
│   └── Unreachable  the same, after a pause: the database does not answer
└── Stop             end the process: only a person can decide
"""


class ScoringError(Exception):
    pass


class Doubt(ScoringError):
    pass


class Fenced(Doubt):
    pass


class Unreachable(Doubt):
    pass


class Stop(ScoringError):
    pass
