"""`python -m chaos`: faults at random moments, and a count after each round. It ends with 1 if a guarantee broke."""

import argparse
import sys
import time
import traceback
from collections.abc import Sequence
from itertools import groupby
from random import SystemRandom

from chaos.camp import encamp
from chaos.faults import Fault
from chaos.ground import Ground, ground, kept
from chaos.plan import Camp, Round, campaign
from chaos.rounds import Outcome
from chaos.table import Tally
from local.stack.processes import ServerError
from local.stack.termination import exit_on_sigterm
from scoring.core_form import core_form

ROUNDS = 10
LONGEST_DETAIL = 600
_BROKEN = 2


class Campaign:
    """Prints as it goes. After a round that failed its camp is over: the rest of its rounds get a new one."""

    def __init__(self, seed: int, camps: Sequence[Camp]) -> None:
        self._seed = seed
        self._camps = camps
        self._of = sum(len(camp.rounds) for camp in camps)
        self._tally = Tally()
        self._pitched = 0

    def run(self) -> bool:
        """Whether all went well."""
        try:
            for cluster, camps in groupby(self._camps, key=lambda camp: camp.cluster):
                with ground(cluster=cluster) as servers:
                    for camp in camps:
                        self._through(servers, camp)
        finally:
            self._tally.end_camp()
            print(self._tally.table(seed=self._seed))
        return not self._tally.failed

    def _through(self, servers: Ground, camp: Camp) -> None:
        left = camp.rounds
        while left:
            self._pitched += 1
            logs = servers.home / f"camp-{self._pitched}"
            logs.mkdir()
            before, failed = self._tally.rounds, self._tally.failed
            encamp(
                servers,
                Camp(camp.cluster, camp.workers, left),
                name=f"camp_{self._pitched}",
                logs=logs,
                heard=self._heard,
            )
            self._tally.end_camp()
            done = self._tally.rounds - before
            if self._tally.failed > failed:
                print(f"    logs: {kept(logs, name=f'seed-{self._seed}-round-{left[done - 1].number}')}", flush=True)
            left = left[done:]

    def _heard(self, one: Round, outcome: Outcome) -> bool:
        print(self._tally.line(one, outcome, of=self._of), flush=True)
        for violation in outcome.violations:
            print(f"    {violation.kind}: {violation.detail[:LONGEST_DETAIL]}", flush=True)
        self._tally.add(outcome)
        return not outcome.violations


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seed", type=int, default=None, help="draws the same campaign again")
    parser.add_argument("--only", default="", help="names of faults with commas between them, as INGEST_DIES,DISK_FULL")
    arguments = parser.parse_args(argv)
    seed = SystemRandom().randrange(1_000_000) if arguments.seed is None else arguments.seed
    only = [Fault[name.strip()] for name in arguments.only.split(",") if name.strip()]
    # The processes that it starts have the same PYTHONPATH.
    print(f"seed {seed}, {arguments.rounds} rounds, the core {core_form()}", flush=True)
    began = time.monotonic()
    ends_with = _BROKEN
    try:
        with exit_on_sigterm():
            ends_with = 0 if Campaign(seed, campaign(seed, rounds=arguments.rounds, only=only)).run() else 1
    except* ServerError as group:
        # What the harness itself stands on: nothing is said of the system.
        traceback.print_exception(group)
    print(f"{time.monotonic() - began:.0f} s")
    return ends_with


if __name__ == "__main__":
    sys.exit(main())
