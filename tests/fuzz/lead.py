"""`python -m fuzz.lead TARGET CORPUS -runs=N -seed=S`: atheris at work on one decoder, until it finds something."""

import sys
from importlib import import_module

import atheris

# The code whose lines lead the way; what is written in C reaches no line of ours.
WATCHED = ["ingest", "common.contracts", "common.documents", "alerts.routing", "scoring.cards", "scoring.health"]

if __name__ == "__main__":
    _, name, *options = sys.argv
    with atheris.instrument_imports(include=WATCHED):
        guided = import_module("fuzz.guided")
    atheris.Setup([sys.argv[0], *options], guided.TARGETS[name])
    atheris.Fuzz()
